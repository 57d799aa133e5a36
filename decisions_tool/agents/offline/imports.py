"""Which file imports which: statements as written, and the tracked file that each one means."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from posixpath import dirname, join, normpath
from typing import NamedTuple

from decisions_tool.agents.offline.components import language
from decisions_tool.agents.offline.facts import Facts, RawImport

_MOST = 400
_JS = re.compile(
    r"(?m)^[ \t]*(?:import|export)\s+(?P<types>type\s+)?"
    r"(?P<names>(?:[\w$]+\s*(?:,\s*)?)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^{}]{0,4000}\})?)\s*from\s*"
    r"['\"](?P<from>[^'\"\n]+)['\"]"
    r"|^[ \t]*import\s*['\"](?P<bare>[^'\"\n]+)['\"]"
    r"|^(?:[^\n/'\"*]{0,120}?)(?P<bound>[\w$]+|\{[^{}\n]*\})\s*=\s*(?:await\s+)?"
    r"(?:require|import)\(\s*['\"](?P<require>[^'\"\n]+)['\"]"
    r"|\b(?:require|import)\(\s*['\"](?P<call>[^'\"\n]+)['\"]"
)
_GO_BLOCK = re.compile(r"(?m)^import\s*\(([^()]{0,8000})\)")
_GO_LINE = re.compile(r"(?m)^(?:import)?[ \t]*(?P<alias>[\w.]+[ \t]+)?\"(?P<target>[^\"\n]+)\"")
_RUST = re.compile(r"(?m)^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:use\s+(?P<use>[^;]{1,1000});|mod\s+(?P<mod>\w+)\s*;)")
_JAVA = re.compile(
    r"(?m)^[ \t]*(?:import|using)[ \t]+(?:static[ \t]+)?(?P<target>[\w.]+?)(?:\.\*|\._)?"
    r"[ \t]*;?[ \t]*(?:as[ \t]+\w+)?\r?$"
)
_PHP = re.compile(r"(?m)^use\s+(?:function\s+)?\\?(?P<target>[\w\\]+)(?:\s+as\s+\w+)?;")
_INCLUDE = re.compile(r"(?m)^[ \t]*#[ \t]*(?:include|import)[ \t]*[<\"](?P<target>[^>\"\n]+)[>\"]")
_RUBY = re.compile(r"(?m)^[ \t]*require(?P<relative>_relative)?[ \t(]*['\"](?P<target>[^'\"\n]+)['\"]")
_PYTHON = re.compile(
    r"(?m)^(?P<indent>[ \t]*)(?:from[ \t]+(?P<dots>\.*)(?P<module>[\w.]*)[ \t]+import[ \t]*"
    r"(?P<names>\([^()]{0,4000}\)|[^\n#]+)|import[ \t]+(?P<plain>[\w., \t]+))"
)
_DECLARED = re.compile(r"(?m)^[ \t]*(?:package|namespace)[ \t]+([\w.\\]+)")
_SCRIPTS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte")
_SUFFIXES = ("", *_SCRIPTS, "/index.ts", "/index.tsx", "/index.js", "/index.mjs")

#: The file at or beside a target that defines a name, or an empty text.
Defines = Callable[[str, str], str]


class Import(NamedTuple):
    """One resolved import: ``name`` is the imported name, or empty for the module as a whole."""

    path: str
    line: int
    target: str
    name: str
    how: str


class Index:
    """Finds the tracked file behind an import."""

    def __init__(self, paths: Iterable[str], manifests: Mapping[str, str], declared: Mapping[str, str]) -> None:
        self.paths = dict.fromkeys(paths)
        self.folders: dict[str, list[str]] = {}
        self.below: dict[str, str] = {}
        self.tails: dict[str, str] = {}
        self.modules: dict[str, str] = {}
        for path in self.paths:
            self._add(path)
            if path.endswith(".py"):
                self._module(path)
        self.declared: dict[str, str] = {}
        for path, namespace in declared.items():
            stem = path.rpartition("/")[2].partition(".")[0]
            self.declared.setdefault(f"{namespace}.{stem}", path)
            self.declared.setdefault(namespace, path)
        self.packages = dict(_packages(manifests))

    def _add(self, path: str) -> None:
        self.folders.setdefault(dirname(path), []).append(path)
        parts = path.split("/")
        for at in range(len(parts)):
            self.below.setdefault("/".join(parts[:at]), path)
            if len(parts) - at <= 5:
                self.tails.setdefault("/".join(parts[at:]), path)

    def _module(self, path: str) -> None:
        """A Python file is known by its name from the top, from a source folder, and from its outermost package."""
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        packages = ["/".join([*parts[: at + 1], "__init__.py"]) in self.paths for at in range(len(parts))]
        for at in range(len(parts)):
            begins = packages[at] and not (at and packages[at - 1])
            if at == 0 or begins or parts[at - 1] in {"src", "lib", "python"}:
                self.modules.setdefault(".".join(parts[at:]), path)

    def siblings(self, path: str) -> list[str]:
        return self.folders.get(dirname(path), [])

    def python(self, path: str, raw: RawImport) -> tuple[str, str] | None:
        """(file, name in it) that an import means; the name is empty where a module is imported."""
        if raw.level:
            base = dirname(path)
            for _ in range(raw.level - 1):
                base = dirname(base)
            return self._in_folder(join(base, *raw.target.split(".")) if raw.target else base, raw.name)
        whole = f"{raw.target}.{raw.name}" if raw.name else raw.target
        if whole in self.modules:
            return self.modules[whole], ""
        if raw.target in self.modules:
            return self.modules[raw.target], raw.name
        if raw.target.partition(".")[0] in sys.stdlib_module_names:
            return None
        beside = self._in_folder(join(dirname(path), *raw.target.split(".")), raw.name)
        tail = self.tails.get(raw.target.replace(".", "/") + ".py") if "." in raw.target else None
        return beside or ((tail, raw.name) if tail else None)

    def _in_folder(self, stem: str, name: str) -> tuple[str, str] | None:
        for candidate in (f"{stem}/{name}.py", f"{stem}/{name}/__init__.py"):
            if name and candidate in self.paths:
                return candidate, ""
        for candidate in (f"{stem}.py", f"{stem}/__init__.py"):
            if candidate in self.paths:
                return candidate, name
        return None

    def javascript(self, path: str, raw: RawImport) -> tuple[str, str] | None:
        target = raw.target.partition("?")[0]
        if target.startswith("."):
            return self._script(normpath(join(dirname(path), target)), raw.name)
        for prefix in ("@/", "~/", "#/"):
            if target.startswith(prefix):
                return self._script(f"src/{target[2:]}", raw.name) or self._script(target[2:], raw.name)
        for package, folder in self.packages.items():
            if target == package or target.startswith(f"{package}/"):
                inner = target[len(package) + 1 :]
                tries = (join(folder, inner), join(folder, "src", inner), join(folder, "lib", inner))
                return next(
                    filter(None, (self._script(normpath(item), raw.name) for item in tries)), None
                ) or self._entry(folder, raw.name)
        return self._script(f"src/{target}", raw.name) if "/" in target else None

    def _script(self, stem: str, name: str) -> tuple[str, str] | None:
        bare = re.sub(r"\.[mc]?jsx?$", "", stem)
        for candidate in (stem + suffix for suffix in _SUFFIXES):
            if candidate in self.paths:
                return candidate, name
        return next(((bare + suffix, name) for suffix in _SUFFIXES[1:] if bare + suffix in self.paths), None)

    def _entry(self, folder: str, name: str) -> tuple[str, str] | None:
        tries = (self._script(normpath(join(folder, inner, "index")), name) for inner in ("", "src", "lib"))
        found = self.below.get(folder) if folder else None
        return next(filter(None, tries), None) or ((found, name) if found else None)

    def go(self, path: str, raw: RawImport) -> tuple[str, str] | None:
        for package, folder in self.packages.items():
            if raw.target == package or raw.target.startswith(f"{package}/"):
                beside = self.folders.get(normpath(join(folder, raw.target[len(package) + 1 :])).removeprefix("."))
                return (beside[0], raw.name) if beside else None
        return None

    def rust(self, path: str, raw: RawImport) -> tuple[str, str] | None:
        parts = raw.target.split("::")
        folder = dirname(path)
        here = folder if path.endswith(("/mod.rs", "/lib.rs", "/main.rs")) else path.removesuffix(".rs")
        if parts[0] == "crate":
            base, rest = _crate_root(path), parts[1:]
        elif parts[0] in {"self", "super"}:
            above = parts.count("super")
            base, rest = here, parts[above or 1 :]
            for _ in range(above):
                base = dirname(base)
        elif parts[0] in self.packages:
            base, rest = join(self.packages[parts[0]], "src"), parts[1:]
        else:
            return None
        return self._rust_module(base, [*rest, *([raw.name] if raw.name else [])])

    def _rust_module(self, base: str, parts: list[str]) -> tuple[str, str] | None:
        for size in range(len(parts), 0, -1):
            stem = join(base, *parts[:size])
            for candidate in (f"{stem}.rs", f"{stem}/mod.rs"):
                if candidate in self.paths:
                    return candidate, "::".join(parts[size:])
        tries = (f"{base}/lib.rs", f"{base}/mod.rs", f"{base}.rs", f"{base}/main.rs")
        return next(((path, "::".join(parts)) for path in tries if path in self.paths), None)

    def named(self, path: str, raw: RawImport) -> tuple[str, str] | None:
        """Java, Kotlin, C#, PHP: by the namespace that files declare."""
        target = raw.target.replace("\\", ".")
        while target:
            if target in self.declared:
                return self.declared[target], raw.target.replace("\\", ".")[len(target) + 1 :]
            target = target.rpartition(".")[0] if target.count(".") > 1 else ""
        return None

    def include(self, path: str, raw: RawImport) -> tuple[str, str] | None:
        beside = normpath(join(dirname(path), raw.target))
        found = beside if beside in self.paths else self.tails.get(normpath(raw.target))
        return (found, "") if found else None

    def ruby(self, path: str, raw: RawImport) -> tuple[str, str] | None:
        target = raw.target if raw.target.endswith(".rb") else f"{raw.target}.rb"
        if raw.level:
            target = normpath(join(dirname(path), target))
        found = target if target in self.paths else None if raw.level else self.tails.get(f"lib/{target}")
        return (found, "") if found else None


_RESOLVE = {
    "python": Index.python,
    "javascript": Index.javascript,
    "go": Index.go,
    "rust": Index.rust,
    "java": Index.named,
    "csharp": Index.named,
    "php": Index.named,
    "c": Index.include,
    "ruby": Index.ruby,
}


def resolve(path: str, raws: Iterable[RawImport], text: str, index: Index, defines: Defines) -> Iterator[Import]:
    """The imports of one file that mean another tracked file."""
    find = _RESOLVE.get(language(path))
    for raw in raws if find else ():
        found = find(index, path, raw) if find else None
        if found is None or found[0] == path:
            continue
        target, name = found
        used = [(target, name)] if name else [(at, item) for item in _used(text, raw) if (at := defines(target, item))]
        for at, item in used or [(target, "")]:
            yield Import(path, raw.line, at, item, raw.how)


def _used(text: str, raw: RawImport) -> list[str]:
    """What is taken from a module that was imported as a whole, such as ``Open`` in ``store.Open(...)``."""
    alias = raw.alias.rpartition("/")[2]
    if not re.fullmatch(r"[\w.]+", alias):
        return []
    # A pattern that begins with plain text is searched ten times as fast as one that looks behind itself.
    matches = islice(re.finditer(rf"{re.escape(alias)}\.([A-Za-z_]\w*)", text), 400)
    return sorted({m.group(1) for m in matches if not re.match(r"[\w.]", text[m.start() - 1 : m.start()])})


def raw_imports(path: str, text: str, facts: Facts) -> tuple[RawImport, ...]:
    """The import statements of a file as written."""
    spoken = language(path)
    if spoken == "python" and facts.parsed:
        return facts.imports
    extract = _EXTRACT.get(spoken)
    return tuple(sorted(islice(extract(text), _MOST))) if extract else ()


def declared_namespace(text: str) -> str:
    match = _DECLARED.search(text)
    return match.group(1).replace("\\", ".") if match else ""


def _packages(manifests: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Package name -> folder, from manifests; longest names first, so that the nearest package wins."""
    found: dict[str, str] = {}
    for path, text in manifests.items():
        name = _package_name(path.rpartition("/")[2], text)
        if name:
            found.setdefault(name, dirname(path))
    yield from sorted(found.items(), key=lambda item: (-len(item[0]), item[0]))


def _package_name(manifest: str, text: str) -> str:
    if manifest == "package.json":
        try:
            name = json.loads(text).get("name")
        except (ValueError, AttributeError, RecursionError):
            return ""
        return name if isinstance(name, str) else ""
    pattern = r"(?m)^module\s+(\S+)" if manifest == "go.mod" else r"(?ms)^\[package\].*?^name\s*=\s*\"([\w-]+)\""
    match = re.search(pattern, text)
    name = match.group(1) if match else ""
    return name.replace("-", "_") if manifest == "Cargo.toml" else name


def _crate_root(path: str) -> str:
    head, found, _ = path.rpartition("/src/")
    return f"{head}/src" if found else "src" if path.startswith("src/") else dirname(path)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _python(text: str) -> Iterator[RawImport]:
    for match in _PYTHON.finditer(text):
        line, how = _line(text, match.start()), "a function" if match["indent"] else ""
        if match["plain"]:
            for item in match["plain"].split(","):
                target, _, alias = item.strip().partition(" as ")
                yield RawImport(line, target.strip(), "", (alias or target).strip(), 0, how)
            continue
        for item in match["names"].strip("() \t\r").split(","):
            name, _, alias = re.sub(r"#.*", "", item).strip().partition(" as ")
            if re.fullmatch(r"\w+|\*", name):
                yield RawImport(line, match["module"], name, alias or name, len(match["dots"]), how)


def _javascript(text: str) -> Iterator[RawImport]:
    for match in _JS.finditer(text):
        if _in_comment(text, match.end()):
            continue
        target = match["from"] or match["bare"] or match["require"] or match["call"]
        line, how = _line(text, match.end()), "types" if match["types"] else ""
        bound = match["names"] or match["bound"] or ""
        inside = re.search(r"\{([^{}]*)\}", bound)
        names = (
            [re.split(r"\s+as\s+|\s*:\s*", part.strip())[0] for part in inside.group(1).split(",")] if inside else []
        )
        names = [name.removeprefix("type ").strip() for name in names if name.strip()]
        plain = re.sub(r"\{[^{}]*\}|\*\s*as", "", bound).strip(" ,\n\t")
        if plain or not names:
            yield RawImport(line, target, "", plain, 0, how)
        for name in names:
            yield RawImport(line, target, name, name, 0, how)


def _in_comment(text: str, at: int) -> bool:
    """True on a line that is a comment, such as a type import in a doc comment."""
    return text[text.rfind("\n", 0, at) + 1 : at].lstrip().startswith(("*", "//", "/*"))


def _go(text: str) -> Iterator[RawImport]:
    spans = [(m.start(1), m.group(1)) for m in _GO_BLOCK.finditer(text)]
    spans += [(m.start(), m.group()) for m in re.finditer(r"(?m)^import[ \t]+[^(\n]*$", text)]
    for start, block in spans:
        for match in _GO_LINE.finditer(block):
            target = match["target"]
            alias = (match["alias"] or "").strip() or re.sub(r"/v\d+$", "", target).rpartition("/")[2]
            yield RawImport(_line(text, start + match.start("target")), target, "", alias)


def _rust(text: str) -> Iterator[RawImport]:
    for match in _RUST.finditer(text):
        line = _line(text, match.start("use") if match["use"] else match.start("mod"))
        if match["mod"]:
            yield RawImport(line, "self", match["mod"])
            continue
        for path in _rust_paths(re.sub(r"\s+", " ", match["use"]), 0):
            target, _, name = path.rpartition("::")
            yield RawImport(line, target or name, "" if name in {"self", "*"} or not target else name)


def _rust_paths(tree: str, depth: int) -> Iterator[str]:
    """``a::{b, c::d}`` taken apart into ``a::b`` and ``a::c::d``."""
    head, brace, rest = tree.partition("{")
    if not brace or depth > 8:
        yield head.partition(" as ")[0].strip()
        return
    level, part = 0, ""
    for char in rest:
        level += (char == "{") - (char == "}")
        if level < 0 or (char == "," and level == 0):
            if part.strip():
                for inner in _rust_paths(part.strip(), depth + 1):
                    yield head.strip() + inner
            part = ""
            if level < 0:
                return
        else:
            part += char


def _matching(pattern: re.Pattern[str]) -> Callable[[str], Iterator[RawImport]]:
    def extract(text: str) -> Iterator[RawImport]:
        for match in pattern.finditer(text):
            relative = match.groupdict().get("relative")
            yield RawImport(_line(text, match.start("target")), match["target"], level=1 if relative else 0)

    return extract


_EXTRACT: dict[str, Callable[[str], Iterator[RawImport]]] = {
    "python": _python,
    "javascript": _javascript,
    "go": _go,
    "rust": _rust,
    "java": _matching(_JAVA),
    "csharp": _matching(_JAVA),
    "php": _matching(_PHP),
    "c": _matching(_INCLUDE),
    "ruby": _matching(_RUBY),
}
