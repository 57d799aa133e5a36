"""Which parts a program is made of, told from its folder tree: names of files only, nothing is read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from decisions_tool.agents.offline.wording import name_of, word_set
from decisions_tool.text import HIDDEN, bad_character, slugify

_EXTENSIONS = {
    "python": "py",
    "javascript": "js jsx mjs cjs ts tsx mts cts vue svelte",
    "go": "go",
    "rust": "rs",
    "java": "java kt kts scala groovy",
    "c": "c h cc cpp cxx hpp hh hxx ipp m mm cu",
    "ruby": "rb",
    "csharp": "cs",
    "php": "php",
    "swift": "swift",
    "elixir": "ex exs",
    "other": "sh bash lua dart zig hs ml mli clj cljs erl pl pm r jl nim v sql f90 pas ada",
}
LANGUAGES = {extension: name for name, extensions in _EXTENSIONS.items() for extension in extensions.split()}
#: Folders that hold no part of the program, at any depth; and folders of which that is true at the top only.
_NEVER = word_set("""
    _tasks vendor vendored _vendor third_party third-party thirdparty node_modules bower_components site-packages
    __pycache__
""")
_ASIDE = _NEVER | word_set("""
    doc docs docs_src documentation example examples sample samples demo demos benchmark benchmarks bench testdata
    fixtures
""")
_ASIDE_AT_TOP = word_set("build dist out target ci tools scripts script contrib packaging etc extra extras")
_TESTS = word_set("test tests __tests__ e2e cypress")
_TEST_FILE = re.compile(
    r"test_.*\.py|.*_tests?\.(?:py|go|c|cc|cpp|rs|rb|exs)|tests\.py|.*[.-](?:test|spec|cy)\.\w+|.*_spec\.rb|.*Tests?\.\w+"
)
_GENERATED = re.compile(
    r".*(?:\.min\.js|_pb2(?:_grpc)?\.py|\.pb\.(?:go|cc|h)|\.d\.ts|\.generated\.\w+|[.-]config\.\w+|\.gradle\.kts)"
)
_BUILD_AT_TOP = re.compile(r"(?i)(?:setup|noxfile|fabfile|dodo|build|gulpfile|gruntfile|rakefile|mix|package)\.\w+")
#: Folders whose children are the parts, when they stand at the top or in each other.
_CONTAINERS = word_set("src lib libs source sources app internal pkg cmd modules services packages crates apps")
#: Languages in which the files of one folder see each other without an import.
_ONE_PER_FOLDER = frozenset({"go", "java", "csharp", "swift"})
#: Files that speak for their folder, where it has a name of its own.
_FOR_FOLDER = {"python": {"__init__", "__main__"}, "javascript": {"index"}, "rust": {"mod", "lib"}}
_RESERVED = frozenset({"contract", "none", "synthesis", "repository"})
#: Percent of the code that a folder must hold to be opened; fewer or more modules than these make one component.
_MOST, _FEW, _MANY = 80, 4, 80
_UNSHOWABLE = re.compile(r"[`|<>*\\\r\n\t]|^\s|\s$")


def showable(path: str) -> bool:
    """True when a path can stand in a document as it is."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return not (_UNSHOWABLE.search(path) or bad_character(path, HIDDEN) or len(path) > 300)


def language(path: str) -> str:
    """The language of a source file, or an empty text."""
    _, dot, extension = path.rpartition("/")[2].rpartition(".")
    return LANGUAGES.get(extension.lower(), "") if dot else ""


def is_test(path: str) -> bool:
    *folders, name = path.split("/")
    if not language(path):
        return False
    specs = language(path) in {"ruby", "javascript"} and "spec" in folders
    return (
        specs
        or folders[:1] == ["t"]
        or any(folder.lower() in _TESTS for folder in folders)
        or bool(_TEST_FILE.fullmatch(name))
    )


def is_named_test(path: str) -> bool:
    """True for a test that can be aimed at something; in Python a folder of tests holds helpers too."""
    return is_test(path) and (language(path) != "python" or bool(_TEST_FILE.fullmatch(path.rpartition("/")[2])))


def is_part(path: str) -> bool:
    """True when a file belongs to the program itself: no test, example, document, build file or foreign code."""
    *folders, name = path.split("/")
    if not language(path) or is_test(path) or _GENERATED.fullmatch(name) or path.startswith(".") or "/." in path:
        return False
    if not folders:
        return not _BUILD_AT_TOP.fullmatch(name)
    return folders[0].lower() not in _ASIDE_AT_TOP and not any(folder.lower() in _ASIDE for folder in folders)


def is_foreign(path: str) -> bool:
    """True inside folders of tests and of other people's code."""
    folders = {folder.lower() for folder in path.split("/")[:-1]}
    return bool(folders & (_NEVER | _TESTS))


def is_leftover(path: str) -> bool:
    """True for code that counts as the program where there is nothing else, such as a repository of examples."""
    return bool(language(path)) and not is_test(path) and not path.startswith(".") and not is_foreign(path)


def split(sizes: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Component name -> its files, from path -> bytes."""
    groups: dict[str, list[str]] = {}
    _expand("", sorted(sizes), sizes, groups)
    names = _names(list(groups))
    return {names[key]: tuple(groups[key]) for key in sorted(groups, key=lambda key: names[key])}


def _expand(base: str, paths: Sequence[str], sizes: Mapping[str, int], groups: dict[str, list[str]]) -> None:
    folders: dict[str, list[str]] = {}
    loose: list[str] = []
    for path in paths:
        head, slash, _ = path[len(base) :].partition("/")
        if slash:
            folders.setdefault(f"{base}{head}/", []).append(path)
        else:
            loose.append(path)
    total = sum(sizes.values())
    for folder, inside in folders.items():
        if sum(sizes[path] for path in inside) * 100 >= total * _MOST or _contains(folder):
            _expand(folder, inside, sizes, groups)
        else:
            groups.setdefault(folder, []).extend(inside)
    _place_loose(base, loose, groups, alone=not folders)


def _contains(folder: str) -> bool:
    return all(part.lower() in _CONTAINERS for part in folder.split("/")[:-1])


def _place_loose(base: str, loose: Sequence[str], groups: dict[str, list[str]], alone: bool) -> None:
    """Modules become components, unless the language or their number makes the folder the part."""
    stems = {stem_of(path) for path in loose}
    few = alone and len(stems) < _FEW and bool(base) and not _contains(base)
    for path in loose:
        stem = stem_of(path)
        root = speaks_for_folder(path) and bool(base) and (stem.startswith("__") or not _contains(base))
        whole = root or few or language(path) in _ONE_PER_FOLDER or len(stems) > _MANY
        key = base if whole else f"{base}{stem}/"
        groups.setdefault(key, []).append(path)


def speaks_for_folder(path: str) -> bool:
    """True for ``__init__.py``, ``index.ts``, ``mod.rs`` and their like."""
    return stem_of(path) in _FOR_FOLDER.get(language(path), ())


def stem_of(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.partition(".")[0] or name


def _names(keys: Sequence[str]) -> dict[str, str]:
    """The shortest tail of a group's path that no other group has; for words that mean something else, a longer one."""
    names = {key: name_of(key.rstrip("/").rpartition("/")[2]) if key else "root" for key in keys}
    depth = 1
    while depth < 12 and (taken := _ambiguous(names)):
        depth += 1
        for key in taken:
            names[key] = name_of("/".join(key.rstrip("/").split("/")[-depth:]) or "root")
    for number, key in enumerate(sorted(_ambiguous(names)), start=1):
        names[key] = f"{names[key]} {number}" if slugify(names[key]) not in _RESERVED else f"{names[key]} part"
    return names


def _ambiguous(names: Mapping[str, str]) -> list[str]:
    seen = Counter(slugify(name) for name in names.values())
    return [key for key, name in names.items() if seen[slugify(name)] > 1 or slugify(name) in _RESERVED]
