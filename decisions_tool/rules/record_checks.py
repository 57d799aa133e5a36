"""What can be said against decision records side by side: numbers, links, dates, statuses, index pages. Pure.

Only a number that is used twice is an error: what others wrote before they met this program is theirs to mend.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from decisions_tool.documents.record_fields import Page, fields, page, visible
from decisions_tool.documents.record_names import version
from decisions_tool.documents.record_words import bare, status_of
from decisions_tool.documents.records import Record, bare_title
from decisions_tool.errors import Finding
from decisions_tool.rules.records import OTHER_SIDE, Edge, Index, Records

_UNDECIDED = {"proposed", "draft", "pending", "rejected", "deprecated", "escalated"}
_HREF = re.compile(r"(?<!!)\[([^\]]*)\]\(\s*<?([^)>\s]+)")
_OUTSIDE = re.compile(r"[A-Za-z][\w+.-]*:|//|#|/|\{|<")
_CODE = re.compile(r"(`+).*?\1")


def check_records(found: Records, pages: Mapping[str, str]) -> list[Finding]:
    """Findings on a set of records and on the pages that list them."""
    by_path = {record.path: record for record in found.records}
    findings = [*_numbers(found), *_cycles(found)]
    for record in found.records:
        findings += _alone(record)
        findings += _links(record, found, by_path)
    for path, text in pages.items():
        findings += _index(path, text, found, by_path)
    return findings


def _say(severity: str, rule: str, path: str, line: int, message: str, hint: str) -> Finding:
    return Finding(f"records/{rule}", severity, path, max(line, 0), 1 if line > 0 else 0, message, hint)


# ---------------------------------------------------------------------- numbers


def _numbers(found: Records) -> Iterator[Finding]:
    used: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in found.records:
        if record.number is not None:
            used[found.series[record.path], record.number].append(record)
    for (series, number), records in used.items():
        for record in records[1:]:
            if version(record.path) != version(records[0].path):
                continue
            hint = f"give one of them the next number of {series}: {found.next_number[series]}"
            yield _say("error", "number-twice", record.path, 0, f"has the number {number} of {records[0].path}", hint)
    for series, after in found.next_number.items():
        yield from _gaps(series, [number for name, number in used if name == series], after, used)


def _gaps(
    series: str, numbers: list[int], after: int, used: Mapping[tuple[str, int], list[Record]]
) -> Iterator[Finding]:
    missing = sorted(set(range(min(numbers), after)) - set(numbers))
    last = used[series, after - 1][0]
    if missing and last.format != "decisions":
        some = ", ".join(map(str, missing[:10])) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
        yield _say(
            "info",
            "gap",
            last.path,
            0,
            f"the numbers of {series} leave out {some}",
            "nothing is wrong if they were withdrawn",
        )


# ---------------------------------------------------------------------- one record


def _alone(record: Record) -> Iterator[Finding]:
    if record.heading_number is not None and record.number not in {None, record.heading_number}:
        said = f"the heading has the number {record.heading_number}, the file name {record.number}"
        yield _say("warning", "heading-number", record.path, record.title_line, said, "make them one number")
    if record.date_text and record.date is None:
        said = f"{record.date_text!r} is no date" if re.search(r"\d", record.date_text) else "the date is not filled in"
        yield _say("warning", "date", record.path, record.date_line, said, "write it as 2026-01-31")
    if record.status == "other":
        said = f"the status {bare(record.status_text)[:60]!r} is none that is known"
        yield _say(
            "warning",
            "status",
            record.path,
            record.status_line,
            said,
            "proposed, accepted, rejected, deprecated or superseded",
        )
    if record.status == "missing" and record.status_text:
        yield _say(
            "warning",
            "status",
            record.path,
            record.status_line,
            "the status is still a choice of several",
            "leave one of them",
        )


# ---------------------------------------------------------------------- links


def _links(record: Record, found: Records, by_path: Mapping[str, Record]) -> Iterator[Finding]:
    edges = found.edges.get(record.path, [])
    for edge in edges:
        if edge.kind == "relates-to" or edge.kind not in OTHER_SIDE:
            continue
        if edge.target:
            yield from _other_side(edge, record, found, by_path)
        elif not _OUTSIDE.match(edge.ref):
            hint = "name a record that is there"
            yield _say(
                "warning", "link", record.path, edge.line, f"{edge.kind} {edge.ref}: there is no such record", hint
            )
    by = [edge for edge in edges if edge.kind == "superseded-by"]
    if (
        by
        and "partial" not in record.status_text.lower()
        and record.status in {"accepted", "proposed", "draft", "pending", "implemented", "accepted-with-review"}
    ):
        said = f"is {record.status} and superseded by {by[0].target or by[0].ref}"
        hint = "set the status to superseded, or say what of it was superseded"
        yield _say("warning", "contradiction", record.path, record.status_line, said, hint)


def _other_side(edge: Edge, record: Record, found: Records, by_path: Mapping[str, Record]) -> Iterator[Finding]:
    other = by_path[edge.target]
    if edge.target == edge.source:
        yield _say("warning", "contradiction", edge.source, edge.line, f"{edge.kind} itself", "name the other record")
        return
    if edge.source not in found.named(edge.target, OTHER_SIDE[edge.kind]):
        said = f"{edge.kind} {edge.target}, which does not say so"
        old, new = (edge.source, edge.target) if edge.kind.endswith("-by") else (edge.target, edge.source)
        verb = "amends" if edge.kind.startswith("amend") else "supersedes"
        yield _say("warning", "one-way", edge.source, edge.line, said, f"decisions link {new} {verb} {old}")
    if edge.kind == "superseded-by" and other.status in _UNDECIDED:
        said = f"superseded by {edge.target}, which is {other.status}"
        yield _say("warning", "not-accepted", edge.source, edge.line, said, "accept that one first, or keep this one")


def _cycles(found: Records) -> Iterator[Finding]:
    """Records that supersede each other, over however many steps; each circle is told once."""
    newer: dict[str, set[str]] = defaultdict(set)
    for edges in found.edges.values():
        for edge in edges:
            if edge.target and edge.target != edge.source and edge.kind in {"supersedes", "superseded-by"}:
                old, new = (edge.target, edge.source) if edge.kind == "supersedes" else (edge.source, edge.target)
                newer[old].add(new)
    done: set[str] = set()
    for start in sorted(newer):
        circle = _circle(newer, start, done)
        if circle:
            said = "supersede each other in a circle: " + " -> ".join(circle)
            yield _say("warning", "contradiction", circle[0], 0, said, "take one of the links back")


def _circle(newer: Mapping[str, set[str]], start: str, done: set[str]) -> list[str]:
    """A way from ``start`` back to a record on it; what was looked at once is in ``done``."""
    way: list[str] = []
    waiting = [(start, False)]
    while waiting:
        path, leaving = waiting.pop()
        if leaving:
            way.pop()
            done.add(path)
        elif path in way:
            return [*way[way.index(path) :], path]
        elif path not in done:
            way.append(path)
            waiting.append((path, True))
            waiting += [(other, False) for other in sorted(newer.get(path, ()))]
    return []


# ---------------------------------------------------------------------- index pages


def _index(path: str, text: str, found: Records, by_path: Mapping[str, Record]) -> Iterator[Finding]:
    """A page that lists at least two records of its folder, held against them."""
    parts = page(text)
    index = Index(found.records, found.series)
    listed: dict[str, int] = {}
    for at, line in enumerate(parts.lines):
        targets = [(label, index.exact(path, ref)) for label, ref in _HREF.findall(line)] if "](" in line else []
        known = [(label, target) for label, target in targets if target]
        for _, target in known:
            listed.setdefault(target, at + 1)
        if len(known) == 1:
            yield from _entry(path, at, parts, known[0][0], by_path[known[0][1]])
    folder = path.rpartition("/")[0]
    beside = [record.path for record in found.records if record.path.rpartition("/")[0] == folder]
    missing = [name for name in beside if name not in listed]
    if len(set(beside) & set(listed)) >= 2 and missing:
        some = ", ".join(name.rpartition("/")[2] for name in missing[:5]) + (
            f" and {len(missing) - 5} more" if missing[5:] else ""
        )
        yield _say(
            "warning",
            "index",
            path,
            max(listed.values()),
            f"lists {len(listed)} records, but not {some}",
            "add it, or list none",
        )


def _entry(path: str, at: int, parts: Page, label: str, record: Record) -> Iterator[Finding]:
    line = parts.lines[at]
    title = bare_title(label)
    if len(title.split()) > 1 and not _same(title, record.title) and "/" not in label and not label.endswith(".md"):
        said = f"calls {record.path} {title!r}; its title is {record.title!r}"
        yield _say("warning", "index", path, at + 1, said, "write the title of the record")
    if "|" not in line:
        return
    stated = _row_status(parts, at)
    if stated and status_of(stated).status not in {"other", "missing", record.status}:
        said = f"{record.path} is listed as {bare(stated)!r} and is {record.status}"
        yield _say("warning", "index", path, at + 1, said, "write the status of the record")


def _row_status(parts: Page, at: int) -> str:
    """The cell of a row that stands under a heading that says status."""
    top = at
    while top > 0 and "|" in parts.lines[top - 1]:
        top -= 1
    row = [parts.lines[top], "|---|", parts.lines[at]]
    return next((said.value for said in fields(row, 0, 3) if said.name in {"status", "state"}), "")


def _same(one: str, other: str) -> bool:
    """Whether two titles are one, or one of them is short for the other."""
    first, second = (set(re.findall(r"\w+", title.casefold())) for title in (one, other))
    return first <= second or second <= first


def dead_links(path: str, text: str, there: Callable[[str], bool]) -> list[Finding]:
    """Links of a record to files that are not there; ``there`` knows the paths of the repository."""
    found = []
    lines = text.replace("\r\n", "\n").split("\n")
    for at, line in enumerate(visible(lines) if "```" in text or "~~~" in text or "<!--" in text else lines):
        for _, ref in _HREF.findall(_CODE.sub("", line)) if "](" in line else ():
            if not _OUTSIDE.match(ref) and ref.partition("#")[0].endswith((".md", ".markdown")) and not there(ref):
                found.append(
                    _say(
                        "warning",
                        "link",
                        path,
                        at + 1,
                        f"links to {ref}, which is not there",
                        "name a file that is there",
                    )
                )
    return found
