"""The command line's only boundary: errors become one sentence, a hint and an exit code. It decides nothing else."""

from __future__ import annotations

import errno
import gc
import os
import sys
from types import ModuleType
from typing import NoReturn, TextIO

#: Failures that are the disk's, the permissions' or the machine's.
_FOREIGN = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
}  # fmt: skip


def program() -> NoReturn:
    """The installed command. It ends at once: taking thousands of classes apart one by one helps nobody."""
    code = 0
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # what it held cannot be written, and nobody is left to be told
            code = code or 1
    os._exit(code)


def main() -> None:
    """Run the command line; SystemExit where it fails."""
    _without_plugins()
    gc.set_threshold(100_000, 20, 20)  # most commands end before there is anything worth collecting
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = _version() if sys.argv[1:] == ["--version"] else _guarded()
    except KeyboardInterrupt:  # while modules are imported
        code = 130
    gc.freeze()  # the interpreter would look through every class once more before it ends: half a second with the SDK
    if code:
        sys.exit(code)


def _without_plugins() -> None:
    """Keep plugins of other packages from seeing documents; only importing what looks for them takes as long as click."""
    loader = ModuleType("pydantic.plugin._loader")
    vars(loader)["get_plugins"] = tuple
    sys.modules.setdefault(loader.__name__, loader)


def _version() -> int:
    """The answer that costs no import."""
    from decisions_tool import __version__

    try:
        print(f"decisions {__version__}", flush=True)
    except OSError as error:
        return _surroundings(error)
    return 0


def _nowhere() -> TextIO:
    """What stands in for a stream that the caller has closed."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  # lives as long as the process


def _guarded() -> int:
    import click

    from decisions_tool.cli.root import root
    from decisions_tool.errors import DecisionsError

    listener = sys.stdout  # click puts another in its place when nobody reads
    try:
        result = root.main(standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except DecisionsError as error:
        return _tell(error.message, error.hint, error.exit_code, error.heading, error.meaning)
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _tell(error.format_message(), "", 1)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _stopped()
    except SystemExit as error:  # click's own answer to a reader that has gone, or to a shell that completes
        return _surroundings(BrokenPipeError()) if sys.stdout is not listener else int(error.code or 0)
    except OSError as error:
        return _surroundings(error)
    except Exception as error:  # noqa: BLE001  # the boundary: a bug becomes an exit code and a report
        return _stopped() if _interrupted(error) else _our_fault(error)


def _interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C is at the root of an error: a model that is being built wraps it, or only quotes it."""
    roots = filter(None, (error.__cause__, error.__context__))
    quoted = type(error).__name__ == "SchemaError" and "KeyboardInterrupt" in str(error)
    return isinstance(error, KeyboardInterrupt) or quoted or any(map(_interrupted, roots))


def _stopped() -> int:
    if "decisions_tool.engine.asking" in sys.modules:
        return _tell("stopped; what was answered is kept", "decisions run", 130)
    return _tell("stopped", "", 130)


def _surroundings(error: OSError) -> int:
    """What neither we nor the documents can help: a reader that has gone is no error, a full disk is."""
    if not error.filename:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still to be written goes nowhere
    if isinstance(error, BrokenPipeError):
        return 0
    if error.errno not in _FOREIGN:
        return _our_fault(error)
    what = f"{error.filename} cannot be used" if error.filename else "the output cannot be written"
    return _tell(f"{what}: {error.strerror}", "look at its owner, its permissions and the free space", 1)


def _tell(message: str, hint: str, code: int, heading: str = "Error", meaning: str = "error") -> int:
    from decisions_tool.report.terminal import say

    say(f"{heading}: {message}", meaning)
    if hint:
        say(f"Hint: {hint}")
    return code


def _our_fault(error: Exception) -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="decisions-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
    ) as report:
        traceback.print_exc(file=report)
    kind = type(error).__name__
    return _tell(
        f"this is a bug in decisions: {kind}: {error}", f"nothing more was written; the details are in {report.name}", 3
    )
