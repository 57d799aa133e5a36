"""A2: which files agents never see, whatever the case of their names and however deep they lie."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from decisions_tool.agents.denied import by_name, denying
from decisions_tool.agents.view import PinnedView
from decisions_tool.config import Settings
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.repository import Repository
from tests.conftest import Repo

HIDDEN = [
    ".env",
    ".env.local",
    ".env.production",
    ".envrc",
    "prod.env",
    "config/app.env",
    ".env/token",
    "server.pem",
    "tls/server.key",
    "app.p12",
    "app.pfx",
    "release.keystore",
    "android/debug.jks",
    "vault.kdbx",
    "putty.ppk",
    "AuthKey_1A2B.p8",
    "krb5.keytab",
    "client.ovpn",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ed25519_sk",
    "id_rsa.pub",
    "id_rsa.old",
    "id_rsa_work",
    "id_ed25519-deploy",
    "keys/id_rsa.bak",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".gitcookies",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".dockercfg",
    ".boto",
    ".s3cfg",
    ".vault-token",
    ".vault_pass.txt",
    ".bash_history",
    ".zsh_history",
    ".psql_history",
    ".terraformrc",
    "rclone.conf",
    "wallet.dat",
    ".docker/config.json",
    ".cargo/credentials.toml",
    ".m2/settings.xml",
    ".config/gh/hosts.yml",
    ".config/gcloud/access_tokens.db",
    ".bundle/config",
    ".aws/credentials",
    ".aws/config",
    ".ssh/config",
    ".ssh/known_hosts",
    ".gnupg/trustdb.gpg",
    ".kube/config",
    ".azure/accessTokens.json",
    "kubeconfig",
    "kubeconfig.yaml",
    "prod.kubeconfig",
    "terraform.tfstate",
    "terraform.tfstate.backup",
    "env/prod.tfstate",
    "prod.tfvars",
    "x.auto.tfvars.json",
    "credentials",
    "credentials.json",
    "credentials.yml.enc",
    "credentials.prod.json",
    "aws-credentials.csv",
    "google_credentials.json",
    "credential.ini",
    "secrets/key.txt",
    "secrets/deep/er/key.py",
    ".secrets/x",
    ".secret/x",
    "secrets.yml",
    "secrets.json",
    "secret.yaml",
    "secrets.production.toml",
    ".secrets",
    "passwords.txt",
    "password.csv",
    "client_secret.json",
    "client_secret_123-abc.apps.json",
    "client_secrets.json",
    "service-account.json",
    "serviceAccountKey.json",
    "shop-firebase-adminsdk-x1-0a1b.json",
]
SHOWN = [
    "docs/secrets-design.md",
    "docs/secrets.md",
    "id_rsa_parser.py",
    "src/id_ed25519.rs",
    "tests/id_rsa_test.go",
    "docs/id_rsa.md",
    "identity.py",
    "ids.json",
    "environment.py",
    "src/env.py",
    "env.ts",
    "envoy.yaml",
    "src/environment/prod.ts",
    "keys.py",
    "keyboard.key.ts",
    "monkey",
    "keystore.py",
    "src/keystore/open.go",
    "credentials.py",
    "credentials_test.go",
    "src/credentials/index.ts",
    "credentials.md",
    "CredentialsForm.tsx",
    "docs/credentials-rotation.md",
    "secrets.py",
    "secretsmanager.go",
    "sealed-secrets.md",
    "src/secrets_manager/store.py",
    "secretary.txt",
    "password.py",
    "PasswordField.vue",
    "password_reset.html",
    "passwords_policy.md",
    "service_account.py",
    "service-account-form.ts",
    "Dockerfile",
    "docker/config.json",
    "config.json",
    ".dockerignore",
    ".gitignore",
    ".github/workflows/ci.yml",
    "aws/main.tf",
    "ssh.md",
    "kube/deployment.yaml",
    "main.tf",
    "variables.tf",
    "terraform.tfvars.example",
    "pem.md",
    "certs/server.crt",
    "package.json",
    "npmrc.md",
    "netrc.py",
    "history.md",
    "bash_history.md",
    "settings.xml",
]


@pytest.mark.parametrize("path", HIDDEN)
def test_a_name_that_says_that_it_holds_secrets_is_denied_in_any_case_at_any_depth(path: str) -> None:
    denied = denying(())
    for form in (
        path,
        path.upper(),
        path.title(),
        f"a/{path}",
        f"services/api/v1/{path}",
        f"Über uns/{path.swapcase()}",
    ):
        assert denied(form), form


@pytest.mark.parametrize("path", SHOWN)
def test_code_and_prose_about_secrets_stay_readable(path: str) -> None:
    denied = denying(())
    for form in (path, path.upper(), f"a/b/{path}"):
        assert not denied(form), form


def test_patterns_of_ones_own_fit_at_any_depth_and_in_any_case() -> None:
    denied = denying(["internal/**", "*.Dump", "/top/*", "folder/", "Plan-[12].txt"])
    hidden = ["internal/a", "x/Internal/a/b", "a.dump", "x/A.DUMP", "top/a", "top/x/y", "x/folder/a", "x/y/plan-1.txt"]
    assert all(map(denied, hidden))
    shown = ["internal", "internals/a", "x/top/a", "folder", "xfolder/a", "plan-3.txt", "my-plan-1.txt", "dump"]
    assert not any(map(denied, shown))
    assert denied(".env"), "what one adds takes nothing away"


def test_what_was_denied_by_patterns_of_ones_own_before_still_is() -> None:
    denied = denying(["docs/*.md", "*secret*", "?.txt"])
    assert all(
        map(denied, ["docs/a.md", "docs/a/b.md", "my-secret-file.py", "a/b/secretly/x.py", "a.txt", "deep/a.txt"])
    )


def test_an_exclamation_mark_shows_some_again_and_the_last_pattern_counts() -> None:
    denied = denying(["internal/**", "!internal/api/**", "internal/api/keys/**", "!.env.example", "!src/secrets/**"])
    assert [denied(p) for p in ("internal/a", "internal/api/a", "internal/api/keys/a")] == [True, False, True]
    assert [denied(p) for p in (".env", ".env.example", "secrets/a", "src/secrets/a.py")] == [True, False, True, False]


def test_a_long_hostile_path_costs_no_time() -> None:
    denied = denying(["*a*a*a*b", "internal/**"])
    begun = time.perf_counter()
    for path in (
        "-_." * 1300 + "x",
        "a/" * 2000 + "x",
        "credentials." * 300 + "x",
        "secret-prod" * 300,
        ".env/" * 500 + "\n",
    ):
        denied(path)
        by_name(path)
    for number in range(20_000):
        denied(f"src/component-{number}/sub/module_{number}.py")
    assert time.perf_counter() - begun < 4


def test_the_view_of_agents_is_without_them(repo: Repo) -> None:
    files = {"Config/SECRETS/prod.yml": "x", "app/.AWS/credentials": "x", "deploy/ID_ED25519": "x", "docs/secrets-design.md": "x", "id_rsa_parser.py": "x"}  # fmt: skip
    repo.commit(dict(files))
    with closing(Repository(repo.path)) as repository:
        view = PinnedView(repository, repository.head().oid, Settings().deny)
        seen = {file.path for file in view.files()}
        assert seen & files.keys() == {"docs/secrets-design.md", "id_rsa_parser.py"}
        with pytest.raises(DecisionsError):
            view.read("deploy/ID_ED25519")
