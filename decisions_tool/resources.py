"""Files that come with the package: prompt templates and hooks."""

from __future__ import annotations

from pathlib import Path


def folder(name: str) -> Path:
    """``templates`` or ``hooks``, in an installed package or in a checkout."""
    packed = Path(__file__).parent / f"_{name}"
    return packed if packed.is_dir() else Path(__file__).parent.parent / name
