"""Prompts from templates: what is stable first, the case next, the role last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from decisions_tool.errors import DecisionsError
from decisions_tool.resources import folder
from decisions_tool.text import one_line

if TYPE_CHECKING:
    from jinja2 import Environment

_FENCE = "~~~~~~~~"
_ENDING = ".md.j2"


@lru_cache(maxsize=4)
def _environment(own: Path | None) -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Templates(FileSystemLoader):
        """Gives templates and nothing else: a template of a repository must not bring in a file beside it, or behind a link."""

        def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
            text, path, fresh = super().get_source(environment, template)
            if not Path(path).resolve().name.endswith(_ENDING):
                raise TemplateNotFound(template)
            return text, path, fresh

    folders = [str(path) for path in (own, folder("templates")) if path]
    environment = ImmutableSandboxedEnvironment(
        loader=Templates(folders), undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True,
        autoescape=False,  # Markdown for a model, never a page
    )  # fmt: skip
    environment.filters["fenced"] = _fenced
    return environment


def _fenced(text: str) -> str:
    """Foreign text between fences that it cannot close."""
    fence = _FENCE
    while fence in text:
        fence += "~"
    return f"{fence}\n{text.rstrip()}\n{fence}"


def render(phase: str, values: Mapping[str, object], own: Path | None = None) -> str:
    """The prompt of a phase; DecisionsError names the template that fails."""
    from jinja2 import TemplateError

    try:
        return _environment(own).get_template(f"{phase}{_ENDING}").render(values)
    except TemplateError as error:
        raise DecisionsError(
            f"the prompt template {phase}.md.j2 fails: {one_line(str(error))}", "decisions config templates"
        ) from None
