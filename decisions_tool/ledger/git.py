"""The one module that starts git: scrubbed environment, forced settings, bytes in and out. It knows no documents."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from shlex import quote
from typing import IO, TYPE_CHECKING, NamedTuple, TypeAlias

from decisions_tool.errors import DecisionsError
from decisions_tool.text import one_line

if TYPE_CHECKING:
    import subprocess

_KEPT = (
    "HOME", "USER", "LOGNAME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "XDG_CONFIG_HOME", "GNUPGHOME", "GPG_TTY",
    "SSH_AUTH_SOCK", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
)  # fmt: skip
_FORCED = {
    "LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull, "GIT_LITERAL_PATHSPECS": "1", "GIT_EDITOR": "false", "GIT_PAGER": "cat",
    "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none",
}  # fmt: skip
_SETTINGS = (
    "core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.fsync=committed", "gc.auto=0", "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8", "user.useConfigOnly=true", "log.showSignature=false", "log.showRoot=true",
    "advice.graftFileDeprecated=false",
)  # fmt: skip
_DEADLINE = 120.0
#: Objects that are asked for together: so many names fit into the smallest pipe, so neither side waits for the other for ever.
_ASKED = 50
#: Type and bytes.
Object: TypeAlias = "tuple[str, bytes]"
#: (key, value) pairs, over what is configured.
Settings: TypeAlias = "Sequence[tuple[str, str]]"


class Place(NamedTuple):
    """Where a repository is: the top of its files, its git directory, and the one shared by its worktrees."""

    root: Path
    git_dir: Path
    common: Path

    @property
    def store(self) -> Path:
        """The folder for spool, prompts, caches and locks; it may be deleted at any moment."""
        return self.common / "decisions"


class GitFailed(DecisionsError):
    """git said no; ``stderr`` is what it said."""

    def __init__(self, args: Sequence[str], code: int, stderr: str) -> None:
        said = one_line(stderr, 400) or f"exit code {code}"
        hint = ""
        if "dubious ownership" in stderr:
            hint = "git config --global --add safe.directory <this folder>, if you trust it"
        super().__init__(f"git {args[0]} failed: {said}", hint)
        self.code = code
        self.stderr = stderr


def find_place(start: Path) -> Place | None:
    """The repository that holds ``start``, found by reading; submodules and linked worktrees are their own."""
    for folder in (start, *start.parents):
        dot = folder / ".git"
        try:
            if dot.is_dir() and _has_head(dot):
                return Place(folder, dot, dot)
            if dot.is_file():
                return _linked(folder, dot)
        except PermissionError:
            raise DecisionsError(f"{dot} cannot be read", "check its owner and permissions") from None
        except ValueError:  # bytes that no path can have
            return None
    return None


def _linked(folder: Path, dot: Path) -> Place | None:
    text = dot.read_text(encoding="utf-8", errors="surrogateescape")
    if not text.startswith("gitdir: "):
        return None
    git_dir = (folder / text[8:].rstrip("\n")).resolve()
    shared = git_dir / "commondir"
    common = (git_dir / shared.read_text(encoding="utf-8").strip()).resolve() if shared.is_file() else git_dir
    return Place(folder, git_dir, common) if _has_head(git_dir) else None


def _has_head(git_dir: Path) -> bool:
    head = git_dir / "HEAD"
    return head.exists() or head.is_symlink()


def read_head(git_dir: Path) -> str:
    """What HEAD says; a symbolic link, as old git wrote it, says where it leads."""
    head = git_dir / "HEAD"
    try:
        if head.is_symlink() and (target := os.fspath(head.readlink())).startswith("refs/"):
            return f"ref: {target}"
        return head.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError as error:
        raise DecisionsError(f"{head} cannot be read: {error.strerror}", "check its owner and permissions") from None


def locate(start: Path, bare: bool = False) -> Place:
    """The repository that holds ``start``, or an error that says how to make one; ``bare`` allows one without working files."""
    found = find_place(start)
    if found is not None:
        return found
    if (start / "HEAD").is_file() and (start / "objects").is_dir():
        if bare:
            return Place(start, start, start)
        raise DecisionsError(f"{start} is a bare repository", "clone it and run decisions in the clone")
    raise DecisionsError(
        f"{start} is not in a git repository", "git init && git commit --allow-empty -m 'first commit'"
    )


def create(folder: Path, name: str, email: str) -> Place:
    """A new repository with an identity of its own and the branch main."""
    folder.mkdir(parents=True)
    made = Place(folder, folder / ".git", folder / ".git")
    git = Git(made)
    git.run("init", "-q", "--template=", "--initial-branch=main")
    for key, value in (("user.name", name), ("user.email", email), ("commit.gpgsign", "false")):
        git.run("config", key, value)
    return made


def _path() -> list[str]:
    """Folders of programs; relative ones do not count."""
    return [entry for entry in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(entry)]  # noqa: PTH117


@cache
def executable() -> str:
    """The absolute path of git; importing what the standard library has for this takes as long as git takes to start."""
    names = [f"{folder}{os.sep}{name}" for folder in _path() for name in ("git", "git.exe")]
    found = next((name for name in names if os.access(name, os.X_OK) and Path(name).is_file()), None)
    if found is None:
        raise DecisionsError("git is not installed", "install git 2.31 or later")
    return found


@cache
def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PATH": os.pathsep.join(_path()), **_FORCED}


class Git:
    """git for one repository. ``run`` starts a process; ``batch`` reads objects through one that stays."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._batch: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._config: list[tuple[str, str, str]] | None = None
        #: Objects that are read as if git had them, by their ids.
        self.made: Mapping[str, Object] = {}

    def run(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        settings: Settings = (),
        ok: Sequence[int] = (0,),
    ) -> bytes:
        """Standard output of one git command; GitFailed unless it ends with one of ``ok``."""
        import subprocess  # a look at files alone starts nothing

        command = [executable(), *self._where(), *_flags(_SETTINGS), *args]
        try:
            done = subprocess.run(
                command, input=stdin, capture_output=True, env={**_environment(), **_more(settings), **(env or {})}, cwd=self.place.root,
                timeout=_DEADLINE, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise DecisionsError(f"git {args[0]} did not end within {_DEADLINE:.0f} s", "try it by hand") from None
        if done.returncode not in ok:
            raise GitFailed(args, done.returncode, done.stderr.decode("utf-8", "replace"))
        return done.stdout

    def line(self, *args: str) -> str:
        return self.run(*args).decode("utf-8", "surrogateescape").rstrip("\n")

    def _where(self) -> list[str]:
        return [f"--git-dir={self.place.git_dir}", f"--work-tree={self.place.root}"]

    def read(self, oid: str, limit: int | None = None) -> Object | None:
        """(type, bytes) of an object, or None when it is not there; bytes past ``limit`` are dropped."""
        return self.read_all((oid,), limit)[0]

    def read_all(self, oids: Sequence[str], limit: int | None = None) -> list[Object | None]:
        """The same of several objects: git looks for the next ones while the first are taken."""
        wanted = [oid for oid in oids if oid not in self.made and oid.isalnum()]
        parts = [wanted[at : at + _ASKED] for at in range(0, len(wanted), _ASKED)]
        found = dict(zip(wanted, (one for part in parts for one in self._found(part, limit)), strict=True))
        return [(self.made[oid][0], self.made[oid][1][:limit]) if oid in self.made else found.get(oid) for oid in oids]

    def _found(self, oids: Sequence[str], limit: int | None) -> list[Object | None]:
        with self._guard:
            for _ in range(2):
                try:
                    return self._asked(oids, limit)
                except (BrokenPipeError, EOFError):
                    self._end_batch()  # somebody ended it; a fresh one has not seen these questions
                except BaseException:
                    self._end_batch()  # its other answers belong to nobody
                    raise
        self.run("rev-parse", "--git-dir")  # says why, where the whole repository cannot be read
        raise DecisionsError("git ends while it reads objects", "git fsck")

    def _asked(self, oids: Sequence[str], limit: int | None) -> list[Object | None]:
        process = self._reader()
        assert process.stdin and process.stdout
        process.stdin.write("".join(f"{oid}\n" for oid in oids).encode())
        process.stdin.flush()
        return [_answer(process.stdout, oid, limit) for oid in oids]

    def _reader(self) -> subprocess.Popen[bytes]:
        import subprocess

        if self._batch is not None and self._batch.poll() is not None:
            self._end_batch()
        if self._batch is None:
            self._batch = subprocess.Popen(
                [executable(), *self._where(), *_flags(_SETTINGS), "cat-file", "--batch"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(), cwd=self.place.root,
            )  # fmt: skip
        return self._batch

    def close(self) -> None:
        """End the process that reads objects."""
        with self._guard:
            self._end_batch()

    def _end_batch(self) -> None:
        if self._batch is not None:
            assert self._batch.stdin and self._batch.stdout
            with suppress(BrokenPipeError):
                self._batch.stdin.close()
            self._batch.stdout.close()
            self._batch.wait()
            self._batch = None

    def config(self) -> list[tuple[str, str, str]]:
        """Every setting as (scope, key, value), read once."""
        if self._config is None:
            parts = self.run("config", "--list", "-z", "--show-scope").decode("utf-8", "surrogateescape").split("\0")
            pairs = [(scope, *entry.partition("\n")) for scope, entry in zip(parts[::2], parts[1::2], strict=False)]
            self._config = [(scope, key, value if equals else "true") for scope, key, equals, value in pairs]
        return self._config

    def forget(self) -> None:
        """Read the settings again when somebody asks for one."""
        self._config = None

    def setting(self, name: str) -> str | None:
        """The value in force, or None."""
        found = [value for _, key, value in self.config() if key == name.lower()]
        return found[-1] if found else None

    def switched_on(self, name: str) -> bool:
        value = (self.setting(name) or "").lower()
        return value in {"true", "yes", "on"} or (value.isdigit() and int(value) != 0)

    def own_programs(self) -> list[str]:
        """Settings inside the repository that would start a program."""
        inside = {"local", "worktree"}
        return sorted({key for scope, key, _ in self.config() if scope in inside and _starts_program(key)})

    def without_filters(self) -> Settings:
        """Settings that keep filters configured inside the repository from running."""
        names = {key.split(".", 1)[1].rpartition(".")[0] for key in self.own_programs() if key.startswith("filter.")}
        return [(f"filter.{name}.{part}", value) for name in sorted(names) for part, value in _NO_FILTER]

    def without_drivers(self) -> Settings:
        """Settings by which a merge uses git's own three-way merge, whatever driver is configured."""
        names = {key[6:-7] for _, key, _ in self.config() if key.startswith("merge.") and key.endswith(".driver")}
        own = f"{quote(executable())} merge-file --marker-size=%L %A %O %B"
        drivers = [(f"merge.{name}.driver", own) for name in sorted(names) if name]
        return [("merge.default", "text"), ("merge.renormalize", "false"), *drivers]


def changed_files(git: Git, paths: Sequence[str]) -> list[str]:
    """Files at or below the paths that differ from HEAD in the index or the working tree, untracked ones included."""
    args = (
        "status",
        "--porcelain",
        "-z",
        "--untracked-files=all",
        "--ignore-submodules=all",
        "--no-renames",
        "--",
        *paths,
    )
    parts = git.run(*args, settings=git.without_filters()).decode("utf-8", "surrogateescape").split("\0")
    return [part[3:] for part in parts if part]


_NO_FILTER = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))


def _starts_program(key: str) -> bool:
    if key.startswith("filter."):
        return key.endswith((".clean", ".smudge", ".process"))
    return key in {
        "gpg.program",
        "gpg.ssh.program",
        "gpg.x509.program",
        "gpg.openpgp.program",
        "gpg.ssh.defaultkeycommand",
    }


def _flags(settings: Sequence[str]) -> list[str]:
    return [part for setting in settings for part in ("-c", setting)]


def _more(settings: Settings) -> dict[str, str]:
    """Settings as environment: ``-c`` would misread a name with an equals sign in it."""
    pairs = {
        f"GIT_CONFIG_{part}_{n}": text
        for n, pair in enumerate(settings)
        for part, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    return {"GIT_CONFIG_COUNT": str(len(settings)), **pairs} if settings else {}


def _answer(stream: IO[bytes], oid: str, limit: int | None) -> Object | None:
    """What git says of one object."""
    header = stream.readline().split()
    if len(header) == 3:
        return header[1].decode(), _body(stream, int(header[2]), limit)
    if header[1:] == [b"missing"]:
        return None
    if not header:
        raise EOFError
    raise DecisionsError(f"git cannot read the object {one_line(oid)}", "git fsck")


def _body(stream: IO[bytes], size: int, limit: int | None) -> bytes:
    data = stream.read(size if limit is None else min(size, limit))
    left = size - len(data)
    while left > 0:
        dropped = len(stream.read(min(left, 1 << 20)))
        if not dropped:
            raise EOFError  # git was ended: what came is not the object
        left -= dropped
    stream.read(1)
    return data
