"""The command that shows configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from decisions_tool.cli.common import as_json, put_json
from decisions_tool.errors import DecisionsError
from decisions_tool.report.terminal import table


@click.command()
@click.argument("key", required=False, default="")
@as_json
@click.pass_obj
def config(folder: Path, key: str, as_json: bool) -> None:
    """Every setting and where its value comes from; with KEY only those that begin with it."""
    from decisions_tool.config import FILE
    from decisions_tool.ledger.disk import settings_on_disk
    from decisions_tool.ledger.git import find_place
    from decisions_tool.roster import EXPERTS, ROLES

    place = find_place(folder)
    settings = settings_on_disk(place.root if place else folder)
    values = settings.model_dump()
    values["experts"] = {name: e.model_dump() for name, e in {**EXPERTS, **settings.experts}.items()}
    values["roles"] = {name: r.model_dump() for name, r in {**ROLES, **settings.roles}.items()}
    stated = set(_flat(settings.model_dump(exclude_unset=True)))
    rows = [
        (name, value, FILE if name in stated else "default")
        for name, value in _flat(values).items()
        if name.startswith(key)
    ]
    if not rows:
        raise DecisionsError(f"there is no setting {key!r}", "decisions config")
    if as_json:
        put_json({"settings": [{"key": name, "value": value, "from": origin} for name, value, origin in rows]})
        return
    cells = [[name, _shown(value), origin] for name, value, origin in rows]
    table(("setting", "value", "from"), cells, ["active" if origin == FILE else "" for _, _, origin in rows])


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _shown(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
