"""Whether a question needs an identity of the repository, which part of it goes to whom, and when it is too old. Pure."""

from __future__ import annotations

_SMALL, _FEW, _BROAD_FILES, _BROAD_FACETS = 3_000, 5, 7, 3
#: Commits after which an identity is stale.
STALE = 20
_REST = ("Known Debt", "Conventions", "Trade-offs", "Post-Decision Updates")
#: What each point of view gets beside what all get, where every role has its own slice.
_SLICES = {
    "minimalist": ("Known Debt", "Conventions"),
    "extensibility-first": ("Conventions", "Trade-offs"),
    "migration-conservative": ("Known Debt", "Post-Decision Updates"),
    "contrarian": ("Trade-offs", "Post-Decision Updates"),
}


def tier(stated: int | None, files: int, facets: int, lines: int) -> int:
    """0 no identity, 1 one for all, 2 with slices by role: as stated, else by key files, facets and lines of code."""
    if stated is not None:
        return min(stated, 2)
    if files >= _BROAD_FILES or facets >= _BROAD_FACETS:
        return 2
    return 1 if files >= _FEW or lines > _SMALL else 0


def slice_for(seat: str) -> tuple[str, ...]:
    """Sections for one seat; a seat that is none of the known ones gets all."""
    return _SLICES.get(seat, _REST)
