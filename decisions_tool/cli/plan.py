"""Commands on the concerns, tracks and phases of a task; they read hand-made folders too."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from decisions_tool.cli.common import any_case, as_json, put_finding, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.terminal import put, say, table

if TYPE_CHECKING:
    from decisions_tool.documents.register import Register
    from decisions_tool.rules.schedule import Schedule
    from decisions_tool.workflows.case import Case

_task = click.argument("task")
_PRIMARY = re.compile(r"(?im)^[ \t>*_-]*primary component[*_]*[ \t]*:[*_]*[ \t]*(.+?)[ \t]*$")


def _register(case: Case) -> tuple[str, Register]:
    """(path, register) of a case, whoever wrote it."""
    from decisions_tool.documents import frontmatter
    from decisions_tool.documents.register import registered

    names = [path for path in sorted(case.files) if path.endswith("concerns.md")]
    path = case.path("concerns")
    if path not in case.files:
        if not names:
            raise DecisionsError(
                f"{case.folder} has no 004-expert-concerns.md yet", f"decisions why {quote(case.slug)}"
            )
        path = names[0]
    text = _whole(case, path)
    return path, registered(frontmatter.read(text, path))


def _whole(case: Case, path: str) -> str:
    from decisions_tool.documents import frontmatter

    return frontmatter.decode(case.files[path].data, path)


@click.command()
@_task
@as_json
@click.pass_obj
def concerns(folder: Path, task: str, as_json: bool) -> int:
    """The concerns of a task, from entries and addressing log, and where the two disagree."""
    from decisions_tool.rules.concerns import contradictions, joined, problems

    with any_case(folder, task) as (case, _):
        path, register = _register(case)
    found = joined(register)
    against = contradictions(register)
    if as_json:
        rows = [
            {
                "id": c.entry.id, "severity": c.entry.severity, "title": c.entry.title, "sources": list(c.entry.sources),
                "field": c.entry.field, "logged": c.logged, "tracks": list(c.tracks), "owner": c.entry.owner, "phase_only": c.phase_only,
            }
            for c in found
        ]  # fmt: skip
        put_json({"concerns": rows, "contradictions": list(against)})
        return 0
    cells = [
        [
            c.entry.id,
            c.entry.severity,
            c.entry.title,
            ", ".join(c.entry.sources),
            c.entry.owner or "",
            c.entry.field,
            _logged(c),
        ]
        for c in found
    ]
    meanings = ["error" if c.entry.id in against else "done" if c.entry.field == "done" else "" for c in found]
    table(("#", "severity", "concern", "raised by", "owner", "field", "log"), cells, meanings, path)
    for finding in problems(register, path):
        put_finding(finding)
    return 1 if against else 0


def _logged(concern: object) -> str:
    from decisions_tool.rules.concerns import Concern

    assert isinstance(concern, Concern)
    where = ", ".join(concern.tracks) if concern.tracks else "a phase" if concern.phase_only else ""
    return (f"track {where}" if concern.tracks else where or "yes") if concern.logged else ""


@click.command()
@_task
@click.option("--primary", help="The roadmap's component, where the roadmap does not state it.")
@as_json
@click.pass_obj
def tracks(folder: Path, task: str, primary: str | None, as_json: bool) -> None:
    """Does the task need parallel tracks? The 25 % rule, with numerator, denominator and every reading."""
    from decisions_tool.rules.tracks import Owned, plan_tracks

    with any_case(folder, task) as (case, _):
        _, register = _register(case)
        main = primary or _primary(case)
        owned = [Owned(entry.id, entry.severity, entry.owner) for entry in register.entries]
        plan = plan_tracks(main, owned, case.settings.tracks.counted, case.settings.tracks.share)
    if as_json:
        first = plan.decisive
        readings = [
            {"rule": r.rule, "elsewhere": r.elsewhere, "counted": r.counted, "needed": r.needed} for r in plan.readings
        ]
        put_json({"primary": plan.primary, "needed": first.needed, "counted": first.counted, "elsewhere": first.elsewhere,
                  "rule": first.rule, "unassigned": list(plan.unassigned), "readings": readings, "tracks": list(plan.tracks)})  # fmt: skip
        return
    share = case.settings.tracks.share
    put(f"primary component: {plan.primary or 'not stated (use --primary)'}")
    cells = [
        [r.rule, f"{r.elsewhere} of {r.counted}", _percent(r.elsewhere, r.counted), "yes" if r.needed else "no"]
        for r in plan.readings
    ]
    table(("counted", "elsewhere", "share", f"over {share} %"), cells, ["strong"])
    put(
        f"parallel tracks needed: {'yes' if plan.decisive.needed else 'no'}",
        "waiting" if plan.decisive.needed else "done",
    )
    for number, name in enumerate(plan.tracks, start=2):
        put(f"  track {number}: {name}")
    if plan.decisive.needed and not plan.tracks:
        put("  no component has two counted concerns or a critical one, so none becomes a track")
    if plan.unassigned:
        say(f"without an owner: {', '.join(plan.unassigned)}", "warning")


def _percent(part: int, whole: int) -> str:
    return f"{1000 * part // whole / 10:.1f} %" if whole else "–"


def _primary(case: Case) -> str | None:
    for kind in ("roadmap", "request", "concerns"):
        path = case.path(kind)
        found = _PRIMARY.search(_whole(case, path)) if path in case.files else None
        if found:
            return found.group(1).strip("*_` ")
    return None


@click.command()
@_task
@as_json
@click.pass_obj
def schedule(folder: Path, task: str, as_json: bool) -> int:
    """Phases of all tracks: what can start now, what waits for what, the critical path."""
    from decisions_tool.workflows.case_checks import schedule_of

    with any_case(folder, task) as (case, _):
        made = schedule_of(case)
    if not made.tracks:
        raise DecisionsError(f"{task} has no planned roadmap yet", f"decisions why {quote(task)}")
    errors = any(finding.severity == "error" for finding in made.findings)
    rows = _phase_rows(made)
    if as_json:
        put_json(
            {
                "phases": rows,
                "finish": made.finish,
                "critical_path": [list(node) for node in made.path],
                "ready": [list(node) for node in made.ready],
                "findings": [finding._asdict() for finding in made.findings],
            }
        )
        return int(errors)
    cells = [
        [
            f"{row['track']} {row['component']}",
            f"{row['phase']}. {row['title']}",
            _bar(row["start"], row["effort"], made.finish),
            "now" if row["ready"] else _needs(row["needs"]),
        ]
        for row in rows
    ]
    table(
        ("track", "phase", "when", "waits for"), cells, ["strong" if row["critical"] else "" for row in rows], case.slug
    )
    put("critical path: " + " → ".join(f"{t}.{p}" for t, p in made.path) + f"  ({made.finish} units of effort)")
    for finding in made.findings:
        put_finding(finding)
    return int(errors)


def _phase_rows(made: Schedule) -> list[dict[str, object]]:
    name = {track.number: track.name for track in made.tracks}
    return [
        {
            "track": node[0],
            "component": name[node[0]],
            "phase": node[1],
            "title": made.phase(node).title,
            "effort": made.phase(node).effort,
            "start": made.start.get(node),
            "needs": [list(need) for need in made.needs[node]],
            "ready": node in made.ready,
            "critical": node in made.path,
        }
        for node in sorted(made.needs)
    ]


def _bar(start: object, effort: object, finish: int) -> str:
    if not isinstance(start, int) or not isinstance(effort, int):
        return "?"
    scale = max(1, -(-finish // 40))
    return " " * (start // scale) + "█" * max(1, effort // scale)


def _needs(needs: object) -> str:
    assert isinstance(needs, list)
    return ", ".join(f"{track}.{phase}" for track, phase in needs)
