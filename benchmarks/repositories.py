"""Make repositories of any size in seconds, through `git fast-import`. It measures nothing."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.clock import ROOT, decisions, run

SMALL = """\
# Commit batches instead of single records

Taking in a large delivery is slow: the storage engine commits every record on its own, and after every batch the
guarantees read everything again. Storage should commit a batch at once and say what the batch changed.
"""
DOCUMENTS = 10


def make(folder: Path, files: Iterable[tuple[str, str]], checkout: bool = True) -> Path:
    """A repository with one commit of these files on its branch ``main``."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--template=", "--initial-branch=main", ".")
    for name, value in (("user.name", "Ada Bench"), ("user.email", "ada@bench.invalid"), ("gc.auto", "0")):
        git(folder, "config", name, value)
    git(folder, "fast-import", "--quiet", stdin=_stream(files))
    if checkout:
        git(folder, "reset", "--quiet", "--hard")
        git(folder, "status", "--short")
    return folder


def git(folder: Path, *args: str, stdin: bytes = b"") -> str:
    return run(["git", *args], folder, stdin)


def _stream(files: Iterable[tuple[str, str]]) -> bytes:
    person = b"Ada Bench <ada@bench.invalid> 1750000000 +0000"
    parts = [b"commit refs/heads/main\ncommitter %s\ndata 5\nfirst\n" % person]
    for path, text in files:
        data = text.encode()
        parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data))
    return b"".join(parts)


def sources(count: int) -> Iterable[tuple[str, str]]:
    """Files beside everything that the program looks after, a hundred in a folder."""
    for number in range(count):
        high, low = divmod(number, 100)
        yield f"data/{high // 32:02d}/{high:04d}/{low:02d}.txt", f"{number}\n"


def code() -> list[tuple[str, str]]:
    """The code base that `decisions demo` shows."""
    top = ROOT / "templates" / "demo"
    files = [path for path in sorted(top.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return [(path.relative_to(top).as_posix(), path.read_text("utf-8")) for path in files]


def library(count: int) -> Iterable[tuple[str, str]]:
    """Files of the standard library that this interpreter came with, in their folders; tests left out."""
    top = Path(sysconfig.get_path("stdlib"))
    found = [
        p for p in sorted(top.rglob("*.py")) if not {"site-packages", "test", "tests"} & set(p.relative_to(top).parts)
    ]
    for path in found[:count]:
        yield f"lib/{path.relative_to(top).as_posix()}", path.read_text("utf-8", "replace")


def framing(slug: str) -> tuple[str, str]:
    """A question of high impact about that library."""
    text = """\
QUESTION: How should decoders report the place of an error?

SCOPE:
  In scope:
    - errors of the JSON decoder
    - errors of the mail parser
  Out of scope:
    - speed

SUCCESS CRITERIA:
  1. Every error names line and column
  2. No caller has to change

KEY FILES (3-7):
  - lib/json/decoder.py — raises the error
  - lib/json/scanner.py — finds the place
  - lib/email/parser.py — has the same need

IMPACT: high
"""
    return f"docs/decisions/working/{slug}/framing.md", text


def request(slug: str, panel: str) -> tuple[str, str]:
    front = f"---\ntype: request\nschema: 1\ncase: {slug}\nstatus: open\npanel: {panel}\n---\n"
    return f"_tasks/{slug}/001-user-request.md", front + SMALL


def one_case(folder: Path) -> dict[str, str]:
    """The first documents of a case that the program has carried out: name -> text with the slug ``model-case``."""
    make(folder, [*code(), ("decisions.toml", "baseline = []\n"), request("model-case", "full")])
    run(decisions("run"), folder)
    case = folder / "_tasks" / "model-case"
    found = {path.relative_to(case).as_posix(): path.read_text("utf-8") for path in sorted(case.rglob("*.md"))}
    early = {name: text for name, text in found.items() if name < "005" or name.startswith("research/")}
    early.pop("research/synthesis.md", None)
    notes = {f"notes-{number}.md": f"Note {number} on model-case.\n" for number in range(DOCUMENTS)}
    return dict(list((early | notes).items())[:DOCUMENTS])


def cases(model: Mapping[str, str], count: int, by_hand: bool) -> Iterable[tuple[str, str]]:
    """Copies of a case under other names; ``by_hand`` leaves the front matter out, as before the program."""
    for number in range(count):
        slug = f"case-{number:05d}"
        for name, text in model.items():
            own = text.replace("model-case", slug)
            yield f"_tasks/{slug}/{name}", own.split("\n---\n", 1)[-1].lstrip("\n") if by_hand else own
