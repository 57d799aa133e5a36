"""The reference pages say what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reference_pages_are_what_the_code_generates() -> None:
    for name, text in _generator().pages().items():
        assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == text, f"make docs ({name})"


def test_every_rule_that_the_code_can_report_is_in_the_reference() -> None:
    from decisions_tool.workflows.checks import RULES

    known = {rule.name for rule in RULES}
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "decisions_tool").rglob("*.py") if path.name != "audit.py"
    )
    used = set(re.findall(r'Finding\(\s*"([a-z-]+(?:/[a-z-]+)?)"', source))
    assert used <= known | {"case/order"}, used - known


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), f"{page}: {target}"


def test_commands_in_the_read_me_exist() -> None:
    from decisions_tool.cli.root import GROUPS

    known = {name for _, commands in GROUPS for name in commands}
    for page in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert set(re.findall(r"^decisions ([a-z]+)|`decisions ([a-z]+)", text, re.M)) <= {(n, "") for n in known} | {
            ("", n) for n in known
        }
