"""The command line's only boundary: errors become one sentence, a hint and an exit code. It decides nothing else."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def main() -> None:
    """Run the command line and end the process."""
    if sys.argv[1:] == ["--version"]:
        from decisions_tool import __version__

        print(f"decisions {__version__}")
        return
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # plugins of other packages have no business here
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(_guarded())


def _nowhere() -> TextIO:
    """What stands in for a stream that the caller has closed."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  # lives as long as the process


def _guarded() -> int:
    import click

    from decisions_tool.cli.root import root
    from decisions_tool.errors import DecisionsError

    try:
        result = root.main(standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except DecisionsError as error:
        return _tell(error.message, error.hint, error.exit_code)
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _tell(error.format_message(), "", 1)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _tell("stopped; what was answered is kept", "decisions run", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  # the boundary: a bug becomes an exit code and a report
        return _our_fault(error)


def _tell(message: str, hint: str, code: int) -> int:
    from decisions_tool.report.terminal import say

    say(f"Error: {message}", "error")
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
