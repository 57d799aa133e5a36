"""People's verb for what was there before the tool: adopt documents without front matter, and take that back."""

from __future__ import annotations

from collections.abc import Sequence

from decisions_tool.documents import frontmatter
from decisions_tool.engine.events import Listener
from decisions_tool.engine.verbs import writing
from decisions_tool.errors import DecisionsError
from decisions_tool.ledger.adopting import NOBODY, PHASE, Survey, last_adoption, survey
from decisions_tool.ledger.record import Turn
from decisions_tool.ledger.repository import Repository
from decisions_tool.ledger.trailers import Transition
from decisions_tool.text import plural
from decisions_tool.workflows.phases import Changes


def adopt(repository: Repository, below: Sequence[str], listen: Listener | None = None) -> Survey:
    """Commit front matter for every document below some paths that has none and can be read; what was done, and what not."""
    done = Survey((), ())

    def build(turn: Turn) -> tuple[Changes, Transition] | None:
        nonlocal done
        done = survey(repository, turn.tip, below)
        if not done.adopted:
            return None
        what = f"adopted {plural(len(done.adopted), 'document')}"
        return {found.path: found.text for found in done.adopted}, Transition(NOBODY, PHASE, "front-matter", what)

    with writing(repository, listen) as engine:
        engine.commit(build)
    return done


def unadopt(repository: Repository, reason: str, listen: Listener | None = None) -> int:
    """Take the last adoption back by a new commit; how many documents have the bytes again that they had before it."""
    count = 0

    def build(turn: Turn) -> tuple[Changes, Transition]:
        nonlocal count
        last = last_adoption(repository, turn.tip)
        if last is None:
            raise DecisionsError("there is no adoption to undo", "decisions adopt")
        root = repository.tree_of(turn.tip)
        changes: Changes = {}
        for change in last.changes:
            held = repository.lookup(root, change.path)
            if held is None or held.oid != change.after:
                said = f"{change.path} changed after it was adopted in {last.commit[:10]}"
                raise DecisionsError(said, "take that back first: decisions log, git revert")
            changes[change.path] = frontmatter.decode(repository.held(change.before, change.path), change.path)
        count = len(changes)
        what = f"undone: adopted {plural(count, 'document')}"
        return changes, Transition(NOBODY, "undo", last.commit, what, reason=reason)

    with writing(repository, listen) as engine:
        engine.commit(build)
    return count
