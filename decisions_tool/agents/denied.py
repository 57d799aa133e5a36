"""Files that agents never see, because of what their names say; whatever the case, and however deep they lie. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from itertools import groupby

#: Folders that hold what opens doors, with all that is in them.
_FOLDERS = (
    "secrets", r"\.secrets?", r"\.aws", r"\.azure", r"\.gcloud", r"\.config/gcloud", r"\.ssh", r"\.gnupg", r"\.kube", r"\.password-store",
    r"\.subversion/auth", r"\.oci", r"\.env[^/]*",
)  # fmt: skip
#: Whole names.
_NAMES = (
    r"\.env.*", r".+\.env", r"[._]netrc", r"\.npmrc", r"\.pypirc", r"\.git-credentials", r"\.gitcookies", r"\.pgpass", r"pgpass\.conf",
    r"\.my\.cnf", r"\.mylogin\.cnf", r"\.htpasswd", r"\.dockercfg", r"\.boto", r"\.s3cfg", r"\.authinfo(?:\.gpg)?", r"\.vault-token",
    r"\.vault[-_]pass(?:word)?(?:\.txt)?", r"\.msmtprc", r"\.fetchmailrc", r"\.terraformrc", r"terraform\.rc", r"\.?rclone\.conf",
    r"\.(?:bash|zsh|sh|psql|mysql|python|node_repl|rediscli)_?history", r"(?:.+\.)?kubeconfig(?:\..+)?", "wallet.dat",
    r".+\.tfstate(?:\..+)?", r".+\.tfvars(?:\.json)?",
    r".+\.(?:pem|key|p12|pfx|pkcs12|pk8|p8|jks|jceks|keystore|bks|kdbx?|ppk|keytab|agekey|ovpn)",
)  # fmt: skip
#: Names below a folder of their own.
_PLACED = (
    r"\.docker/config\.json", r"\.cargo/credentials(?:\.toml)?", r"\.gem/credentials", r"\.m2/settings(?:-security)?\.xml",
    r"\.config/(?:gh/hosts\.yml|hub)", r"\.bundle/config",
)  # fmt: skip
#: Words that stand for data or for code, depending on how the name ends: ``credentials.json`` is denied, ``credentials.py`` is not.
_STAGE = (
    r"(?:[-_.](?:prod(?:uction)?|stag(?:e|ing)|dev(?:elopment)?|local|test|qa|live|default|backup|bak|old|key|\d+))*"
)
_DATA = r"(?:\.(?:json|ya?ml|toml|ini|cfg|conf|config|properties|xml|csv|tsv|txt|enc|db|sqlite3?|plist|bak|old|orig|zip|gpg))*"
_WORDS = (
    rf"(?:.*[-_.])?credentials?{_STAGE}{_DATA}", rf"\.?secrets?{_STAGE}{_DATA}", rf"\.?passwords?{_STAGE}{_DATA}",
    r"client[-_]secrets?(?:[-_.].*)?\.json", rf"service[-_]?account(?:s|[-_]?keys?)?{_STAGE}\.json", r".*firebase-adminsdk.*\.json",
)  # fmt: skip
#: A private key in the name that ssh gives it, or in one that begins with that; not the code that deals with such.
_CODE = (
    r"(?:pyi?|ipynb|rs|go|[ch]|cc|cpp|hpp|cs|java|kts?|scala|rb|php|swift|[cm]?[jt]sx?|vue|svelte|exs?|erl|hs|ml|clj|lua|pl|sh|ps1|sql"
    r"|mdx?|rst|adoc|html?|css)"
)
_KEYS = rf"(?!.*\.{_CODE}\Z)id_(?:rsa|dsa|ecdsa|ed25519|xmss)(?:[-_.].*)?"

_PATH = re.compile(rf"(?:.*/)?(?:(?:{'|'.join(_FOLDERS)})/.+|{'|'.join(_PLACED)})", re.I | re.S)
_NAME = re.compile("|".join((*_NAMES, *_WORDS, _KEYS)), re.I | re.S)


def by_name(path: str) -> bool:
    """Whether the name of a file, or of a folder that it is in, says that it holds secrets."""
    return bool(_NAME.fullmatch(path.rpartition("/")[2]) or _PATH.fullmatch(path))


def denying(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Say of a path whether it is denied: by its own name, or by the last of the patterns that fits.

    A pattern fits at any depth, with a leading slash at the root only; one that begins with ``!`` shows what it fits again.
    """
    rules = [
        (re.compile("|".join(map(_expression, group)), re.I), shows)
        for shows, group in groupby(filter(None, patterns), key=lambda pattern: pattern.startswith("!"))
    ]

    def denied(path: str) -> bool:
        return next((not shows for rule, shows in reversed(rules) if rule.match(path)), by_name(path))

    return denied


def _expression(pattern: str) -> str:
    bare = pattern.removeprefix("!")
    anywhere = "" if bare.startswith("/") else "(?:[^/]*/)*?"
    bare = bare.lstrip("/")
    return anywhere + translate(f"{bare}*" if bare.endswith("/") else bare)
