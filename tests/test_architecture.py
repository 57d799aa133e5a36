"""The rules of ARCHITECTURE.md that the floors in pyproject.toml cannot express, read from source text."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "decisions_tool"
MODULES = {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}

HOMES = {
    "click": ("cli/",),
    "frontmatter": ("documents/yaml_events.py",),
    "importlib.import_module": ("cli/", "documents/kinds.py"),
    "jinja2": ("agents/prompts.py",),
    "rich": ("report/",),
    "subprocess": ("ledger/git.py", "agents/process.py"),
    "watchfiles": ("engine/hearing.py",),
}
PURE_ROOMS = ("documents/", "enforce/", "rules/", "workflows/")
OUTSIDE = {
    "disk": {"builtins.open", "glob", "io.open", "os", "pathlib", "shutil", "sqlite3", "tempfile"},
    "network": {"http", "socket", "ssl", "urllib.request"},
    "clock": {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "time",
    },
    "chance": {"random", "secrets", "uuid.uuid1", "uuid.uuid4"},
    "people": {"builtins.input", "builtins.print", "sys.argv", "sys.stderr", "sys.stdin", "sys.stdout"},
    "programs": {"asyncio", "ctypes", "multiprocessing", "subprocess", "threading"},
}
NEVER = {
    "text run as code": {"builtins.eval", "builtins.exec"},
    "data that runs code": {"dill", "marshal", "pickle", "shelve"},
    "yaml without limits": {
        "yaml.full_load",
        "yaml.full_load_all",
        "yaml.load",
        "yaml.load_all",
        "yaml.unsafe_load",
        "yaml.unsafe_load_all",
    },
    "a program behind git.py's back": {
        "asyncio.create_subprocess_exec",
        "asyncio.create_subprocess_shell",
        "os.popen",
        "os.posix_spawn",
        "os.posix_spawnp",
        "os.system",
        "pty",
    },
    "an import that hides": {"builtins.__import__"},
}


@lru_cache(maxsize=1024)
def names_used(source: str) -> set[str]:
    """Return the dotted names of all that a module takes from outside itself, aliases resolved, builtins included."""
    nodes = list(ast.walk(ast.parse(source)))
    aliases = {alias: name for node in nodes for alias, name in imported(node)}
    return set(aliases.values()) | {name for node in nodes if (name := dotted(node, aliases))}


def imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield what an absolute import binds: (name in this module, dotted name outside)."""
    if isinstance(node, ast.Import):
        for item in node.names:
            yield item.asname or item.name, item.name
            if not item.asname:
                yield item.name.split(".")[0], item.name.split(".")[0]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for item in node.names:
            yield item.asname or item.name, f"{node.module}.{item.name}"


def dotted(node: ast.AST, aliases: dict[str, str]) -> str | None:
    """Return `time.time` for `t.time` after `import time as t`, a builtin for any other name, None for the rest."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, f"builtins.{node.id}")
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value, aliases)):
        return f"{owner}.{node.attr}"
    return None


def uses(source: str, names: set[str]) -> list[str]:
    """Return what a module uses of `names`, or of something inside them."""
    return sorted(used for used in names_used(source) if any(f"{used}.".startswith(f"{name}.") for name in names))


def shell_calls(source: str) -> list[int]:
    """Return the lines that pass `shell=` as anything but a plain False."""
    return [
        word.value.lineno
        for word in ast.walk(ast.parse(source))
        if isinstance(word, ast.keyword) and word.arg == "shell"
        if not (isinstance(word.value, ast.Constant) and word.value.value is False)
    ]


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_used_at_home_and_nowhere_else(library: str) -> None:
    users = [name for name, source in MODULES.items() if uses(source, {library})]
    assert users, f"nothing uses {library}: drop the rule or the dependency"
    assert [name for name in users if not name.startswith(HOMES[library])] == []


@pytest.mark.parametrize("sense", OUTSIDE)
def test_pure_rooms_see_nothing_outside(sense: str) -> None:
    pure = {name: source for name, source in MODULES.items() if name.startswith(PURE_ROOMS)}
    assert {name: found for name, source in pure.items() if (found := uses(source, OUTSIDE[sense]))} == {}


@pytest.mark.parametrize("danger", NEVER)
def test_nothing_uses(danger: str) -> None:
    assert {name: found for name, source in MODULES.items() if (found := uses(source, NEVER[danger]))} == {}


def test_no_program_is_started_through_a_shell() -> None:
    assert {name: lines for name, source in MODULES.items() if (lines := shell_calls(source))} == {}


def test_the_pure_rooms_are_where_the_rules_look() -> None:
    assert [room for room in PURE_ROOMS if f"{room}__init__.py" not in MODULES] == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import click", {"click"}),
        ("import rich.table as t", {"rich"}),
        ("from rich.table import Table", {"rich"}),
        ("def f():\n    from subprocess import run", {"subprocess"}),
        ("import os.path", {"os"}),
        ("import os\nos.system('ls')", {"os.system"}),
        ("import os.path\nos.system('ls')", {"os.system"}),
        ("import os.path as p\np.exists('x')", {"os"}),
        ("from os import system", {"os.system"}),
        ("from datetime import datetime as dt\ndt.now()", {"datetime.datetime.now"}),
        ("import datetime\ndatetime.date.today()", {"datetime.date.today"}),
        ("open('x')", {"builtins.open"}),
        ("run = eval", {"builtins.eval"}),
        ("import builtins\nbuiltins.exec('')", {"builtins.exec"}),
        ("import yaml as y\ny.load('')", {"yaml.load"}),
        ("from yaml import unsafe_load", {"yaml.unsafe_load"}),
    ],
)
def test_a_forbidden_use_is_found(source: str, names: set[str]) -> None:
    assert uses(source, names)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from . import click", {"click"}),
        ("import clickhouse", {"click"}),
        ("from datetime import datetime\ndatetime(2000, 1, 1)", {"datetime.datetime.now"}),
        ("import re\nre.compile('x')", {"builtins.compile"}),
        ("self.open()", {"builtins.open"}),
        ("def f(time): return time.day", {"time"}),
        ("from decisions_tool.documents import frontmatter", {"frontmatter"}),
        ("import yaml\nyaml.safe_load('')", {"yaml.load"}),
        ("'eval(x)'  # eval", {"builtins.eval"}),
    ],
)
def test_a_harmless_look_alike_is_not(source: str, names: set[str]) -> None:
    assert not uses(source, names)


@pytest.mark.parametrize(
    ("source", "lines"),
    [("run(x, shell=True)", [1]), ("\nrun(x, shell=y)", [2]), ("run(x, shell=False)", [])],
)
def test_a_shell_is_found(source: str, lines: list[int]) -> None:
    assert shell_calls(source) == lines
