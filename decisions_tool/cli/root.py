"""The commands by name; a command's module is imported when somebody types it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from decisions_tool import __version__
from decisions_tool.errors import DecisionsError

#: (group, {command: where}); the order is the order of the help page.
GROUPS: tuple[tuple[str, dict[str, tuple[str, str]]], ...] = (
    ("Begin", {
        "init": ("people:init", "Write down which cases are older than the tool, and commit that."),
        "new": ("people:new", "Write a request or a framing: `decisions new task|question \"<title>\"`."),
        "adopt": ("adopting:adopt", "Give documents that are older than the tool front matter."),
        "demo": ("demo:demo", "Show the whole story in a fresh repository, offline."),
    }),
    ("Carry out", {
        "run": ("work:run", "Carry every case as far as it goes without people."),
        "ci": ("ci:ci", "Plan, answer and collect on any number of machines."),
        "watch": ("watch:watch", "Carry cases on as commits arrive and files are saved."),
        "trust": ("trust:trust", "Let the programs of [command] and [tests] run on this machine."),
        "start": ("people:start", "Start a case that is older than the tool."),
        "pause": ("people:pause", "Leave a case alone until resume."),
        "resume": ("people:resume", "Go on with a paused or closed case."),
        "close": ("people:close", "End a case before its time."),
        "decide": ("questions:decide", "Decide a question in your name."),
        "approve": ("people:approve", "Approve what a phase has brought, in your name."),
        "redo": ("people:redo", "Take answers back, to be asked again."),
        "undo": ("people:undo", "Reverse the last transition by a new commit."),
        "accept": ("branching:accept", "Merge the branch of a case, decisions/<slug>."),
        "renumber": ("branching:renumber", "Give a record another number, everywhere."),
        "prompt": ("work:prompt", "Print the prompt of a slot."),
        "submit": ("work:submit", "Record a file as the answer of a slot."),
    }),
    ("After the vote", {
        "stories": ("following:stories", "The stories of a decision: derive, show, export."),
        "story": ("following:story", "Say what became of a story: done, failed, reopen."),
        "spike": ("trying:spike", "Try the types of a decision on the tests, elsewhere."),
        "review": ("following:review", "Verify a decision in the code: by rule, then by a fresh look."),
        "reverse": ("following:reverse", "Say that a decision does not hold: minor, significant, complete."),
        "diagnose": ("following:diagnose", "Why a decision failed, by five symptoms."),
        "retrospect": ("following:retrospect", "The retrospective of a decision."),
        "complete": ("trying:complete", "What is missing until all is carried out."),
        "archive": ("trying:archive", "Move the working documents of complete questions away."),
    }),
    ("Look", {
        "status": ("look:status", "All cases: where they stand and what they wait for."),
        "next": ("look:next_", "What people can do now, with the commands."),
        "why": ("look:why", "What a case waits for, and the exact command."),
        "show": ("look:show", "The documents of a case, or one of them."),
        "phases": ("look:phases", "The table of phases, or how far a case is in it."),
        "concerns": ("plan:concerns", "The concerns of a task, from entries and addressing log."),
        "tracks": ("plan:tracks", "The 25 % rule on a task, with all readings."),
        "schedule": ("plan:schedule", "Phases of all tracks: what can start, the critical path."),
        "frame": ("questions:frame", "Hold a framing to its rules."),
        "gate": ("questions:gate", "The quality gate on the proposals of a question."),
        "tally": ("questions:tally", "Count the votes of a question, or of a folder of votes."),
        "record": ("questions:record", "The decision record of a question."),
        "rounds": ("questions:rounds", "Which questions go side by side, and which wait."),
        "estimate": ("money:estimate", "Calls, tokens and USD that a case still takes."),
        "cost": ("money:cost", "What has been paid: by phase, role, model, case or day."),
        "recompute": ("adopting:recompute", "Recompute the weighted matrices of any markdown file."),
        "context": ("verifying:context", "Which decisions, constraints and questions bind a file."),
        "log": ("history:log", "The story of a case, from history alone."),
    }),
    ("Records", {
        "list": ("records:list_", "All decision records of a folder, in any format."),
        "search": ("records:search", "The records that have all of some words."),
        "graph": ("records:graph", "Which record supersedes, amends or relates to which."),
        "next-number": ("records:next_number", "The number of the next record, for each series."),
        "link": ("records:link", "Link two records, in both files: supersedes, amends, relates-to."),
        "supersede": ("records:supersede", "Say that one record takes the place of another."),
    }),
    ("Prove", {
        "check": ("checking:check", "Hold files to their rules: disk, staged bytes or a folder."),
        "verify": ("verifying:verify", "Hold code to the decisions that bind it."),
        "fmt": ("checking:fmt", "Render views and normal form of the program's own documents."),
        "audit": ("history:audit", "Prove the history: legal, recomputed, unedited."),
        "hooks": ("hooks:hooks", "Have git call decisions: hooks that check before a commit and a push."),
        "config": ("settings:config", "Every setting, and where its value comes from."),
    }),
)  # fmt: skip
_WHERE = {name: where for _, commands in GROUPS for name, (where, _) in commands.items()}


class Lazy(click.Group):
    """A group that knows its commands by name only."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_WHERE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        where = _WHERE.get(cmd_name)
        if where is None:
            return None
        module, _, name = where.partition(":")
        command: click.Command = getattr(import_module(f"decisions_tool.cli.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _WHERE:
            from difflib import get_close_matches

            near = get_close_matches(args[0], _WHERE, 1)
            ctx.fail(f"there is no command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in GROUPS:
            with formatter.section(title):
                formatter.write_dl([(name, says) for name, (_, says) in commands.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="decisions", message="%(prog)s %(version)s")
@click.option(
    "-C", "folder", type=click.Path(path_type=Path), default=Path(), help="Work in this folder.", metavar="DIR"
)
@click.pass_context
def root(ctx: click.Context, folder: Path) -> None:
    """Decide an architecture in git, and prove it later.

    A committed _tasks/<slug>/001-user-request.md starts a case; `decisions run` carries it on, one commit a step.
    """
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is no folder")
    try:
        ctx.obj = folder.absolute()
    except FileNotFoundError:
        raise DecisionsError("the current folder is not there any more", "cd to a folder that is") from None
