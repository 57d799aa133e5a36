"""What must not leave is found: formats, given values in disguise; what only looks like it stays."""

from __future__ import annotations

import base64
import codecs
import string
import time
from random import Random
from urllib.parse import quote

import pytest

from decisions_tool.agents.secrets import Secret, find, known_values, secrets_in


def chars(count: int, alphabet: str = string.ascii_letters + string.digits, seed: int = 7) -> str:
    return "".join(Random(seed).choices(alphabet, k=count))  # noqa: S311 - the same ones every time


HEX = "0123456789abcdef"
WORD = string.ascii_letters + string.digits + "_-"
UPPER = string.ascii_uppercase + string.digits
#: Put together here, so that no scanner takes this file for a leak.
FORMATS = {
    "anthropic": ("Anthropic key", "sk-" + "ant-api03-" + chars(93, WORD) + "AA"),
    "anthropic, old": ("Anthropic key", "sk-" + "ant-sid01-" + chars(40)),
    "openai": ("OpenAI key", "sk-" + chars(48)),
    "openai, project": ("OpenAI key", "sk-" + "proj-" + chars(80, WORD)),
    "google": ("Google API key", "AI" + "za" + chars(35, WORD)),
    "google oauth": ("Google OAuth secret", "GOC" + "SPX-" + chars(28, WORD)),
    "aws id": ("AWS access key id", "AK" + "IA" + chars(16, UPPER)),
    "aws session id": ("AWS access key id", "AS" + "IA" + chars(16, UPPER)),
    "aws secret": ("secret in an assignment", "aws_secret_" + f"access_key = {chars(18)}/9k{chars(19)}"),
    "aws secret, few digits": ("secret in an assignment", "AWS_SECRET_" + "ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    "github": ("GitHub token", "gh" + "p_" + chars(36)),
    "github app": ("GitHub token", "gh" + "s_" + chars(36)),
    "github fine": ("GitHub fine-grained token", "github" + "_pat_" + chars(22) + "_" + chars(59)),
    "gitlab": ("GitLab token", "gl" + "pat-" + chars(20, WORD)),
    "slack": ("Slack token", "xox" + "b-123456789012-1234567890123-" + chars(24)),
    "slack webhook": ("Slack webhook", "https://hooks.slack" + f".com/services/T{chars(8, UPPER)}/B{chars(8, UPPER)}/{chars(24)}"),
    "stripe": ("Stripe key", "sk" + "_live_" + chars(24)),
    "stripe, restricted": ("Stripe key", "rk" + "_test_" + chars(24)),
    "npm": ("npm token", "np" + "m_" + chars(36)),
    "pypi": ("PyPI token", "py" + "pi-AgEIcHlwaS5vcmc" + chars(60, WORD)),
    "rsa": ("private key", "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE" + chars(60)),
    "pkcs8": ("private key", "-----BEGIN " + "PRIVATE KEY-----\\nMIIE" + chars(60)),
    "openssh": ("private key", "-----BEGIN " + "OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA" + chars(40)),
    "encrypted pem": (
        "private key",
        "-----BEGIN " + f"EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{chars(32, HEX)}\n\n{chars(64)}",
    ),
    "jwt": ("JSON web token", "ey" + f"JhbGciOiJIUzI1NiJ9.eyJ{chars(30)}.{chars(43, WORD)}"),
    "azure storage": (
        "Azure account key",
        "DefaultEndpointsProtocol=https;AccountName=shop;Account" + f"Key={chars(86)}==;EndpointSuffix=core.windows.net",
    ),
    "azure bus": ("Azure access key", "SharedAccessKeyName=all;SharedAccess" + f"Key={chars(43)}="),
    "twilio": ("Twilio key", "S" + "K" + chars(32, HEX)),
    "sendgrid": ("SendGrid key", "S" + f"G.{chars(22)}.{chars(43)}"),
    "hugging face": ("Hugging Face token", "h" + "f_" + chars(34, string.ascii_letters)),
    "url": ("password in a URL", "postgres://shop:" + "tr0ub4dor@db.example.org/shop"),
    "django": ("secret in an assignment", 'SECRET_KEY = "' + "django-insecure-" + chars(50) + '"'),
    "json": ("secret in an assignment", '{"client_' + f'secret": "{chars(32)}"}}'),
    "env": ("secret in an assignment", f"export SHOP_API_TOKEN={chars(32, HEX)}"),
    "typed": ("secret in an assignment", f'password: str = "{chars(24)}"'),
    "bearer": ("bearer token", f"curl -H 'Authorization: Bearer {chars(40)}'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_a_format_is_found_wherever_it_stands(kind: str) -> None:
    name, secret = FORMATS[kind]
    code = "x = 1\n" * 40
    assert find(secret) == Secret(1, name)
    assert find(f"one\n# two\n{secret}\nfour") == Secret(3, name)
    assert find(code + f"{secret}\n") == Secret(41, name)
    assert find(f"Größe\r\n{secret}\r\n") == Secret(2, name)


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind not in {"url"}])
def test_zero_width_characters_hide_no_format(kind: str) -> None:
    name, secret = FORMATS[kind]
    assert find("\u200b".join(secret)) == Secret(1, name)


def test_what_is_told_never_holds_the_secret() -> None:
    for _, secret in FORMATS.values():
        assert all(secret[at : at + 8] not in str(find(secret)) for at in range(12, len(secret) - 8))


def test_all_secrets_come_in_order() -> None:
    text = "\n".join(secret for _, secret in FORMATS.values())
    found = list(secrets_in(text))
    assert {name for name, _ in FORMATS.values()} <= {secret.name for secret in found}
    assert [secret.line for secret in found] == sorted(secret.line for secret in found)


@pytest.mark.parametrize(
    "text",
    [
        "commit " + chars(40, HEX),
        f'"integrity": "sha512-{chars(86)}=="',
        f"    --hash=sha256:{chars(64, HEX)} \\",
        f'checksum = "{chars(64, HEX)}"',
        f'resolved "https://registry.example.org/a/-/a-1.0.0.tgz#{chars(40, HEX)}"',
        "id: 123e4567-e89b-42d3-a456-426614174000",
        'token = "123e4567-e89b-42d3-a456-4266141740ab"',
        "digest: sha256:" + chars(64, HEX),
        "https://example.org/a:b@c",
        "git@github.com:org/repo.git",
        "postgres://user:password@localhost/db",
        "https://user:pass@host.example/",
        "redis://:${REDIS_PASSWORD}@redis:6379/0",
        "amqp://guest:guest@localhost",
        "https://x-access-token:$TOKEN@github.com/",
        'password = os.environ["SHOP_PASSWORD_2024"]',
        'secret_name = "shop-database-credentials-2024"',
        'API_KEY = "your-api-key-goes-here-123"',
        "api_key: <YOUR_API_KEY_0123456789>",
        'token_url = "https://auth.example.org/oauth2/v1/token"',
        "def test_a_password_of_16_characters_is_long_enough(self): pass",
        "sk-" + "ant-api03-" + "x" * 60,
        "gh" + "p_" + "X" * 36,
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIE" + chars(60),
        "if line.startswith('-----BEGIN RSA PRIVATE KEY-----'):\n    return",
        "task-" + "a" * 40,
        "SKIP_THE_TESTS_THAT_NEED_A_NETWORK_0123456789",
        "data:image/png;base64," + chars(400),
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert find(text) is None


# ------------------------------------------------------------------ given values

VALUE = chars(44, seed=11)


def join(text: str, between: str) -> str:
    return between.join(text)


DISGUISES = {
    "plain": VALUE,
    "base64": base64.b64encode(VALUE.encode()).decode(),
    "base64 within more": base64.b64encode(f"x {VALUE} and more".encode()).decode(),
    "urlsafe base64": base64.urlsafe_b64encode(f"ÿ?>{VALUE}".encode()).decode(),
    "wrapped base64": "\n".join(base64.b64encode(VALUE.encode()).decode()[at : at + 10] for at in range(0, 60, 10)),
    "hex": VALUE.encode().hex(),
    "hex with colons": VALUE.encode().hex(":").upper(),
    "escapes": "".join(f"\\x{ord(char):02x}" for char in VALUE),
    "percent": "".join(f"%{ord(char):02X}" for char in VALUE),
    "reversed": VALUE[::-1],
    "spaced": join(VALUE, " "),
    "one a line": join(VALUE, "\n"),
    "zero width": join(VALUE, "\u200b"),
    "joiners": join(VALUE, "\u2060\u200d"),
    "cut at the start": VALUE[7:],
    "cut at the end": VALUE[:-7],
    "cut at both ends": VALUE[7:-7],
    "cut and hex": VALUE[5:-7].encode().hex(),
    "cut and base64": base64.b64encode(VALUE[4:-7].encode()).decode(),
    "quoted pieces": '"' + VALUE[:20] + '" + \n    "' + VALUE[20:] + '"',
    "other capitals": VALUE.swapcase(),
    "rot13": codecs.encode(VALUE, "rot13"),
    "character codes": ", ".join(str(ord(char)) for char in VALUE),
    "base32": base64.b32encode(VALUE.encode()).decode(),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_given_value_is_found_in_disguise(disguise: str) -> None:
    found = find(f"first\nsecond {DISGUISES[disguise]}\nlast", [VALUE])
    assert found == Secret(2, "value of the environment")


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_of_another_value_is_not(disguise: str) -> None:
    assert find(f"first\nsecond {DISGUISES[disguise]}\nlast", [chars(44, seed=12)]) is None


@pytest.mark.parametrize(
    "disguise",
    [
        "".join(chr(ord(char) + 1) for char in VALUE),
        base64.b64encode(base64.b64encode(VALUE.encode())).decode(),
        "x".join(VALUE),
        VALUE[:14],
    ],
)
def test_disguises_that_are_known_to_pass(disguise: str) -> None:
    assert find(disguise, [VALUE]) is None


@pytest.mark.parametrize("count", range(12, 31))
def test_a_value_of_any_length_is_found_plain_hex_and_encoded(count: int) -> None:
    for seed in range(20):
        value = chars(count, WORD + "!/+=", seed)
        for text in (
            value,
            value.encode().hex(),
            base64.b64encode(value.encode()).decode(),
            quote(value, safe=""),
            value[::-1],
        ):
            assert find(f"a = {text};", [value]), (value, text)


@pytest.mark.parametrize("count", range(24, 44))
def test_what_is_left_of_a_cut_value_is_found_from_16_letters_and_digits_on(count: int) -> None:
    for seed in range(20):
        value = chars(count, seed=seed) + "7"
        assert find(f"({value[4:20]})", [value])


def test_values_of_symbols_and_of_other_scripts_are_found_as_they_are() -> None:
    for value in ("!!@@##$$%%^^&&**", "пароль-от-сервера", "correct horse battery staple"):
        assert find(f"one\nis {value}", [value]) == Secret(2, "value of the environment")


def test_a_header_that_a_given_key_shares_with_others_is_no_find() -> None:
    key = "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE" + chars(400)
    assert find("a file with BEGIN RSA PRIVATE KEY in front", [key]) is None


def test_names_of_the_environment_say_what_is_secret() -> None:
    given = {
        "SHOP_API_KEY": "a" * 12,
        "github_token": "b" * 12,
        "DB_PASSWORD": "c" * 12,
        "MYSQL_PASSWD": "d" * 12,
        "CLIENT_SECRET": " " + "e" * 12 + "\n",
        "AWS_CREDENTIALS": "f" * 12,
        "SHORT_KEY": "g" * 11,
        "HOME": "/home/somebody/here",
        "GOOGLE_APPLICATION_CREDENTIALS": "/home/somebody/keys/shop.json",
        "SLASHED_SECRET": "/9aBc4dEf7Gh/iJ2kLm5NoP8qRs/tU3vWx6Yz",
        "EMPTY_TOKEN": "",
    }
    assert known_values(given) == ("/9aBc4dEf7Gh/iJ2kLm5NoP8qRs/tU3vWx6Yz", *(letter * 12 for letter in "abcdef"))


# ------------------------------------------------------------------ cost

HOSTILE = {
    "anchors": "sk-ant-" * 20_000,
    "tokens": "eyJ" * 30_000,
    "dots": "eyJaaaaaaaa." * 20_000,
    "headers": ("-----BEGIN " + "PRIVATE KEY-----" + "\nA: b" * 30) * 1_500,
    "urls": "://" * 40_000,
    "users": "://a:" + "b" * 250_000,
    "names": "token=" * 40_000,
    "quotes": 'password = "' * 20_000,
    "letters": "a" * 250_000,
    "short words": ("a" * 15 + " ") * 15_000,
    "hits": ("gh" + "p_" + chars(36) + "\n") * 6_000,
    "blanks": " " * 250_000,
    "letters that grow": "İ" * 100_000,
    "grams": VALUE[:10] * 12_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_costs_in_proportion_to_its_length(kind: str) -> None:
    def cost(text: str) -> float:
        began = time.process_time()
        find(text, [VALUE, "short-one-123"])
        return time.process_time() - began

    text = HOSTILE[kind]
    whole = min(cost(text) for _ in range(2))
    quarter = min(cost(text[: len(text) // 4]) for _ in range(2))
    assert whole < 2
    assert whole < 10 * quarter + 0.05
