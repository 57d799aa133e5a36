"""Records and their links as text that other programs draw."""

from __future__ import annotations

from collections.abc import Sequence

from decisions_tool.text import one_line

#: Ways to draw a link: (mermaid, dot).
_DRAWN = {"relates-to": ("-.-", "dashed"), "amends": ("-->", "dashed"), "supersedes": ("==>", "solid")}
_GONE = {"superseded", "deprecated", "rejected"}


def mermaid(nodes: Sequence[tuple[str, str, str]], edges: Sequence[tuple[str, str, str]]) -> str:
    """Nodes are (path, words, status), edges (path, kind, path)."""
    names = {path: f"r{at}" for at, (path, _, _) in enumerate(nodes)}
    lines = ["graph TD", *(f'  {names[path]}["{_entities(words)}"]' for path, words, _ in nodes)]
    for source, kind, target in edges:
        lines.append(f"  {names[source]} {_DRAWN.get(kind, ('-->', ''))[0]}|{_entities(kind)}| {names[target]}")
    gone = [names[path] for path, _, status in nodes if status in _GONE]
    return "\n".join(
        lines + ([f"  classDef gone stroke-dasharray:4,color:#888\n  class {','.join(gone)} gone"] if gone else [])
    )


def _entities(words: str) -> str:
    """Words that mermaid takes for nothing else."""
    return "".join(c if c.isalnum() or c in " .,:-_/()" else f"#{ord(c)};" for c in one_line(words, 80))


def dot(nodes: Sequence[tuple[str, str, str]], edges: Sequence[tuple[str, str, str]]) -> str:
    """The same for Graphviz."""
    lines = ["digraph records {", "  node [shape=box];"]
    for path, words, status in nodes:
        lines.append(
            f"  {_quoted(path)} [label={_quoted(one_line(words, 80))}{', color=gray' if status in _GONE else ''}];"
        )
    for source, kind, target in edges:
        style = _DRAWN.get(kind, ("", "solid"))[1]
        lines.append(f"  {_quoted(source)} -> {_quoted(target)} [label={_quoted(kind)}, style={style}];")
    return "\n".join([*lines, "}"])


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
