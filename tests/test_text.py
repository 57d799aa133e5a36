"""Characters that hide or reorder text: found whatever stands around them."""

from __future__ import annotations

import re
import sys

import pytest

from decisions_tool.text import HIDDEN, HOSTILE, bad_character, slugify, visible


@pytest.mark.parametrize("pattern", [HOSTILE, HIDDEN], ids=["hostile", "hidden"])
def test_no_character_escapes_by_the_short_way(pattern: str) -> None:
    bad = re.findall(pattern, "".join(map(chr, range(sys.maxunicode + 1))))
    assert len(bad) > 4000
    assert [hex(ord(char)) for char in bad if bad_character(f"a\n{char}ä", pattern) is None] == []


def test_what_is_shown_holds_nothing_that_a_terminal_acts_on() -> None:
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    acted = [char for char in everything if re.match(HIDDEN, char) and char not in "\u200c\u200d\ufe0e\ufe0f"]
    assert [hex(ord(char)) for char in [*acted, "\r"] if char in visible(f"é{char}")] == []
    assert visible("line\nline") == "line\nline"
    assert visible("bad\udcff").encode() == b"bad\\udcff", "a name that is not UTF-8"


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Cache It!", "cache-it"), ("Über Straße №5", "uber-strae-no5"), ("日本", "task"), ("--A  b--", "a-b")],
)
def test_a_slug_is_ascii(title: str, slug: str) -> None:
    assert slugify(title) == slug
