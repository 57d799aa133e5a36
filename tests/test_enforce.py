"""D26: decisions held against code. Every planted deviation is found on its line, no harmless change is."""

from __future__ import annotations

import ast

import pytest

from decisions_tool.enforce.tree import Tree
from decisions_tool.enforce.verify import Verdict, verify
from decisions_tool.errors import Finding
from tests.contracted import CODE, RECORD, RECORD_PATH

STORE, NET, RULES = "shop/store.py", "shop/net.py", "core/rules.py"
CONSTRAINTS = "docs/decisions/constraints.md"


def tree(files: dict[str, str | bytes]) -> Tree:
    held = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    return Tree(held.get, lambda: held.keys())


def judged(changes: dict[str, str | None], record: str = RECORD) -> Verdict:
    """The verdict on the code with some files replaced; None takes one away."""
    files = {**CODE, RECORD_PATH: record, **changes}
    return verify(tree({path: text for path, text in files.items() if text is not None}))


def edited(path: str, old: str, new: str) -> dict[str, str | None]:
    assert CODE[path].count(old) == 1, f"{old!r} stands {CODE[path].count(old)} times in {path}"
    text = CODE[path].replace(old, new)
    if path.endswith(".py"):
        ast.parse(text)
    return {path: text}


def line_of(text: str, part: str) -> int:
    (found,) = (at for at, line in enumerate(text.split("\n"), start=1) if part in line)
    return found


def said(found: list[Finding] | tuple[Finding, ...]) -> list[str]:
    return [f"{one.path}:{one.line}: {one.message} [{one.rule}]" for one in found]


#: (file, old text, new text, a part of the line that is named, a part of the message)
PLANTED = [
    # parameters
    (STORE, "def get(self, key: str,", "def get(self, name: str,", "def get", "`key`"),
    (STORE, "*, timeout: float = 1.5", "*, patience: float = 1.5", "def get", "`timeout`"),
    (STORE, "timeout: float = 1.5", "timeout: float = 2.5", "def get", "default `1.5`"),
    (STORE, "timeout: float = 1.5", "timeout: float", "def get", "default `1.5`"),
    (STORE, "*, timeout: float = 1.5", "timeout: float = 1.5", "def get", "keyword-only"),
    (STORE, "key: str, default: Optional[bytes] = None", "key: str, default: Optional[str] = None", "def get", "type `bytes | None`"),
    (STORE, "key: str, default: Optional[bytes] = None", "default: Optional[bytes] = None, key: str = ''", "def get", "order"),
    (STORE, "timeout: float = 1.5) -> bytes | None", "timeout: float = 1.5, retry: bool = False) -> bytes | None", "def get", "`retry`"),
    (STORE, "    second: dict[str, int],", "    other: dict[str, int],", "other: dict", "`second`"),
    (STORE, "    second: dict[str, int],", "    second: dict[str, float],", "second: dict", "type"),
    (STORE, '    flags: tuple[str, ...] = ("x", "y"),', '    flags: tuple[str, ...] = ("x", "z"),', '"z"', "default"),
    (STORE, "    mode: Mode = Mode.FAST,\n", "    mode: Mode = Mode.SLOW,\n", "Mode.SLOW", "default"),
    (STORE, "    mode: Mode = Mode.FAST,\n", "", "def merge", "`mode`"),
    (STORE, "text: str, /)", "text: str)", "def parse", "positional-only"),
    (STORE, "*keys: str, **options: t.Any", "*keys: str", "def load", "`**options`"),
    (STORE, "*keys: str, **options", "keys: list[str], **options", "def load", "*keys"),
    (STORE, "limit: int = CAP", "limit: int = 61", "__init__", "default"),
    (NET, "url: str, store: Store", "url, store: Store", "def fetch", "type `str`"),
    (NET, "retries: int = 3", "retries: int | None = 3", "def fetch", "type `int`"),
    (STORE, "t.Callable[[str, int], bool]", "t.Callable[[str], bool]", "def update", "type"),
    # what comes back, what wraps
    (STORE, "timeout: float = 1.5) -> bytes | None", "timeout: float = 1.5) -> bytes", "def get", "to return"),
    (NET, ") -> str:", "):", "def fetch", "to return"),
    (STORE, ") -> dict[str, int]:", ") -> t.Mapping[str, int]:", ") -> t.Mapping", "to return"),
    (STORE, "    async def load(", "    def load(", "def load", "async def"),
    (NET, "def fetch(", "async def fetch(", "def fetch", "`def`"),
    (STORE, "    @property\n", "", "def size", "@property"),
    (STORE, "    @staticmethod\n    def parse(text", "    def parse(self, text", "def parse", "@staticmethod"),
    (STORE, "    @classmethod\n    def open(cls", "    def open(self", "def open", "@classmethod"),
    (STORE, "    @contextmanager\n", "", "def locked", "@contextmanager"),
    # classes
    (STORE, "@dataclass(frozen=True)\n", "@dataclass\n", "@dataclass", "frozen"),
    (STORE, "@dataclass(frozen=True)\n", "", "class Entry", "decorator"),
    (STORE, "@dataclass(frozen=True)\n", "@dataclass(frozen=True, kw_only=True)\n", "@dataclass", "kw_only"),
    (STORE, "class Store(Base):", "class Store:", "class Store", "base `Base`"),
    (STORE, "class Store(Base):", "class Store(Exception):", "class Store", "base `Base`"),
    (STORE, "class Store(Base):", "class Store(Base, Exception):", "class Store", "no such base"),
    (STORE, "class Mode(StrEnum):", "class Mode(Enum):", "class Mode", "base `StrEnum`"),
    (STORE, "    value: bytes\n", "", "class Entry", "Entry.value"),
    (STORE, "    value: bytes\n", "    value: str\n", "value: str", "type `bytes`"),
    (STORE, "    key: str\n    value: bytes\n", "    value: bytes\n    key: str\n", "value: bytes", "order"),
    (STORE, "    value: bytes\n", "    value: bytes\n    owner: str\n", "owner", "no such field"),
    (STORE, "    tags: list[str] = field(default_factory=list)", "    tags: list[str] = field(default_factory=dict)", "tags:", "value"),
    (STORE, "    note: Optional[str] = None", "    note: Optional[str] = ''", "note:", "value"),
    (STORE, "    note: Optional[str] = None", "    note: str = None", "note:", "type"),
    (STORE, "Field(default=100, ge=1", "Field(default=200, ge=1", "size: int = Field", "value"),
    (STORE, "Field(default=100, ge=1", "Field(default=100, ge=0", "size: int = Field", "ge=1"),
    (STORE, "    column: int = 1", "    column: int", "column: int", "value"),
    (STORE, "    name: str\n\n    def __init__", "    name: int\n\n    def __init__", "name: int", "type"),
    (STORE, "    def close(self) -> None: ...\n", "    pass\n", "class Store", "Store.close"),
    (STORE, "    @property\n    def size(self) -> int:\n        return 0\n\n", "", "class Store", "Store.size"),
    (STORE, "class Reader(Protocol):", "class Reader:", "class Reader", "Protocol"),
    # values
    (STORE, 'SLOW = "slow"', 'SLOW = "Slow"', 'SLOW = "Slow"', "`'slow'`"),
    (STORE, "    LOW = 1\n", "", "class Level", "`LOW`"),
    (STORE, "    HIGH = 2\n", "    HIGH = 2\n    TOP = 3\n", "TOP = 3", "no such member"),
    (STORE, "LIMIT: int = 60", "LIMIT: int = 61", "LIMIT: int", "`60`"),
    (STORE, 'NAMES = ("a", "b")', 'NAMES = ("b", "a")', "NAMES =", "value"),
    (STORE, "def merge(", "def join(", '"""The store."""', "merge"),
    # data
    ("data/table.json", '"version": 1,', '"version": "1",', '"version"', "integer"),
    ("data/table.json", '    "path": "data",\n', "", '"store"', "store.path"),
    ("data/table.json", "[1, 2]", '[1, "2"]', '"limits"', "integer"),
    ("data/table.json", '"strict": true', '"strict": null', '"strict"', "boolean"),
    ("settings.toml", "size = 10", 'size = "10"', "size =", "integer"),
    ("settings.toml", "ratio = 0.5\n", "", "[store]", "store.ratio"),
    ("settings.toml", '[[store.parts]]\nname = "a"', '[[store.parts]]\ntitle = "a"', "[[store.parts]]", "name"),
    ("entry.schema.json", '["key", "size"]', '["key"]', '"required"', "size"),
    ("entry.schema.json", '"minimum": 1', '"minimum": 0', '"size": {', "1"),
    ("entry.schema.json", '{"type": "string", "desc', '{"type": "integer", "desc', '"key": {', "string"),
    ("pipe.yaml", "retries: 2", "retries: many", "retries", "integer"),
    # imports
    (RULES, "import json\n", "import json\nimport requests\n", "import requests", "ruled out"),
    (RULES, "import json\n", "import json\nimport requests.sessions as s\n", "import requests", "ruled out"),
    (RULES, "import json\n", "import json\nfrom requests import get as fetch\n", "from requests", "ruled out"),
    (RULES, "    return", "    import requests\n\n    return", "import requests", "ruled out"),
    (RULES, "import json\n", "import json\nfrom importlib import import_module as load\nload('requests')\n", "load('requests')", "ruled out"),
    (RULES, "import json\n", "import json\nr = __import__('req' + 'uests')\n", "__import__", "ruled out"),
    (RULES, "import json\n", "import json\nimport typing\nif typing.TYPE_CHECKING:\n    import requests\n", "    import requests", "ruled out"),
    (RULES, "import json\n", "import json\ntry:\n    from requests.adapters import A\nexcept ImportError:\n    pass\n", "from requests", "ruled out"),
    (RULES, "import json\n", "import json\nfrom shop import net\n", "from shop import net", "ruled out"),
    (RULES, "import json\n", "import json\nimport shop\nN = shop.net.fetch\n", "shop.net.fetch", "ruled out"),
    (STORE, "import typing as t\n", "import typing as t\nimport urllib3\n", "import urllib3", "ruled out"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "old", "new", "at", "words"), PLANTED, ids=[f"{n}:{row[2].strip()[:40]}" for n, row in enumerate(PLANTED)]
)
def test_d26_a_planted_deviation_is_found_on_its_line(path: str, old: str, new: str, at: str, words: str) -> None:
    changes = edited(path, old, new)
    found = judged(changes).findings
    text = changes[path]
    assert text is not None
    assert found, "nothing was found"
    assert {(one.path, one.line) for one in found} == {(path, line_of(text, at))}, said(found)
    assert any(words in one.message for one in found), said(found)
    assert all("DR-004" in one.hint and "addendum" in one.hint for one in found)


HARMLESS = [
    (STORE, "        return default\n", '        """Get it."""\n        if default is None:\n            return b""\n        return default\n'),
    (STORE, '"""The store."""', '"""Everything about the store.\n\nIn more words.\n"""'),
    (STORE, "LIMIT: int = 60", "LIMIT: int = 30 * 2  # an hour"),
    (STORE, "LIMIT: int = 60", "LIMIT = 60"),
    (STORE, 'FAST = "fast"', "FAST = 'fa' 'st'"),
    (STORE, 'SLOW = "slow"', "SLOW = auto()"),
    (STORE, "    LOW = 1\n    HIGH = 2\n", "    HIGH = 2\n    LOW = 1\n"),
    (STORE, "default: Optional[bytes] = None", "default: t.Union[bytes, None] = None"),
    (STORE, "default: Optional[bytes] = None", "default: 'bytes | None' = None"),
    (STORE, "default: Optional[bytes] = None", "default: None | bytes = None"),
    (STORE, "-> dict[str, Entry]", "-> t.Dict[str, 'Entry']"),
    (STORE, "entries: list[Entry]", "entries: t.List[Entry]"),
    (STORE, "timeout: float = 1.5", "timeout: float=1.50"),
    (STORE, "    def update(self, entries", "    def update(\n        self,\n        entries"),
    (STORE, "    @property\n", "    def added(self, x: int) -> int:\n        return x\n\n    @property\n"),
    (STORE, "def helper(x: int)", "def another() -> None: ...\n\n\ndef helper(x: int)"),
    (STORE, "def helper(x: int) -> int:", "def helper(x: str, y: int = 0) -> str:"),
    (STORE, "    value: bytes\n", "    value: bytes  # raw\n    _cache: dict[str, int] = field(default_factory=dict)\n"),
    (STORE, "    note: Optional[str] = None\n", "    note: Optional[str] = None\n    kinds: t.ClassVar[int] = 3\n"),
    (STORE, "field(default_factory=list)", "field(default_factory=lambda: [])"),
    (STORE, "@dataclass(frozen=True)", "@dataclass(frozen=True, slots=True)"),
    (STORE, "from dataclasses import dataclass, field\n", "import dataclasses\nfrom dataclasses import dataclass, field\n"),
    (STORE, "Field(default=100, ge=1, description=\"how many\")", "Field(100, ge=1)"),
    (STORE, "    path: Path\n    size: int = Field", "    model_config = {'frozen': True}\n    path: Path\n    size: int = Field"),
    (STORE, "class Store(Base):", "class _Mixin: ...\n\n\nclass Store(_Mixin, Base):"),
    (STORE, "class Store(Base):", "class Middle(Base): ...\n\n\nclass Store(Middle):"),
    (STORE, "    name: str\n\n", ""),
    (STORE, "    @property\n    def size", "    @functools.cached_property\n    def size"),
    (STORE, "    def get(self, key", "    @functools.lru_cache\n    def get(self, key"),
    (STORE, "    @staticmethod\n    def parse(text:", "    @staticmethod\n    def parse(raw:"),
    (STORE, "*keys: str, **options", "*names: str, **words"),
    (STORE, "    def get(self, key", "    @t.overload\n    def get(self, key: str) -> bytes: ...\n    def get(self, key"),
    (STORE, "def helper(x: int)", "if t.TYPE_CHECKING:\n    from x import y\n\n\ndef helper(x: int)"),
    (STORE, "def merge(\n", "@functools.wraps(len)\ndef merge(\n"),
    (STORE, "    mode: Mode = Mode.FAST,\n    flags", "    mode: Mode = DEFAULT,\n    flags"),
    (STORE, "def merge(\n    first: dict[str, int],", "Counts = dict[str, int]\n\n\ndef merge(\n    first: Counts,"),
    (STORE, "class Reader(Protocol):", "@t.runtime_checkable\nclass Reader(Protocol):"),
    (NET, "def fetch(", "try:\n    import fast\nexcept ImportError:\n    fast = None\n\n\ndef fetch("),
    (NET, "def fetch(url", "if True:\n    pass\n\n\ndef fetch(url"),
    (NET, "from shop.store import Store\n\n\ndef fetch(url: str, store: Store", "from shop import store as s\n\n\ndef fetch(url: str, store: s.Store"),
    (NET, "from shop.store import Store\n", "import urllib3\n\nfrom .store import Store\n"),
    (RULES, "import json\n", "import json\nimport requests_cache  # unlike requests\n"),
    (RULES, "import json\n", "import json\nfrom shop import network, store\n"),
    (RULES, "import json\n", "import json\nNAME = 'import requests'\n"),
    (STORE, "import typing as t\n", "import typing as t\nimport requests\n"),
    ("data/table.json", '"version": 1,', '"version": 2,\n  "more": {},'),
    ("data/table.json", '{\n  "version": 1,\n  "store"', '{"store"'.replace('{"store"', '{ "version" :1, "store"')),
    ("settings.toml", 'title = "shop"\n', "title = 'another' # words\nmore = 1\n"),
    ("settings.toml", "ratio = 0.5", "ratio = 1"),
    ("entry.schema.json", '"description": "a key"', '"description": "another key"'),
    ("entry.schema.json", '["key", "size"]', '["size", "key"]'),
    ("pipe.yaml", "  - run: make\n    retries: 2\n", "- {retries: 7, run: build, also: 1}\n"),
]  # fmt: skip
PRELUDE = "import functools\nfrom enum import auto\nDEFAULT = 'Mode.FAST'\n"


@pytest.mark.parametrize(
    ("path", "old", "new"), HARMLESS, ids=[f"{n}:{row[2].strip()[:40]}" for n, row in enumerate(HARMLESS)]
)
def test_d26_a_harmless_change_is_not(path: str, old: str, new: str) -> None:
    changes = edited(path, old, new)
    text = changes[path]
    assert text is not None
    if path == STORE:
        changes[path] = text.replace(
            "import typing as t\n", "import functools\nimport typing as t\nfrom enum import auto\n"
        ).replace("class Spot(", "DEFAULT = Mode.FAST\n\n\nclass Spot(")
    assert said(judged(changes).findings) == []


def compared(contract: str, files: dict[str, str]) -> list[str]:
    record = f"---\nstatus: accepted\n---\n# T\n\n## Code Contract\n\n```python\n# a/m.py\n{contract}\n```\n"
    return said(verify(tree({RECORD_PATH: record, **files}), ["DR-004"]).findings)


ALIKE = [
    ("class A:\n    def make(self, o: 'A') -> 'A': ...", "from typing import Self\nclass A:\n    def make(self, o: Self) -> Self: ..."),
    ("class A(BaseModel):\n    x: int = Field(default=1, ge=0)", "class A(BaseModel):\n    x: t.Annotated[int, Field(ge=0)] = 1"),
    ("def f(a: int) -> int\nclass A:\n    def g(self) -> str", "def f(a: int) -> int: ...\nclass A:\n    def g(self) -> str: ..."),
    ("REG: dict[str, int] = {}", "REG = {'a': 1}"),
    ("def f(x: np.ndarray) -> pd.DataFrame: ...", "import numpy\nfrom pandas import DataFrame\ndef f(x: numpy.ndarray) -> DataFrame: ..."),
    ("def f(x: int) -> int: ...", "import sys\nif sys.version_info > (3,):\n    def f(x: int) -> int: ...\nelse:\n    def f(x): ..."),
    ("def f(x: int) -> int: ...", "from .inner import g as f"),
    ("class K:\n    def k(self) -> int: ...", "from a import inner as i\nK = i.K"),
    ("class K:\n    def k(self) -> int: ...", "from a import inner\nclass K(inner.K): ..."),
    ("def f(x: datetime) -> date: ...", "import datetime as dt\ndef f(x: dt.datetime) -> dt.date: ..."),
    ("class A:\n    x: int = 1\n    ...", "@dataclass\nclass A:\n    x: int = 1\n    y: int = 2"),
    ("class M(ABC): ...", "import abc\nclass M(metaclass=abc.ABCMeta): ..."),
    ("def f(x: int = ...) -> int: ...", "def f(x: int = 7) -> int: ..."),
]  # fmt: skip
UNLIKE = [
    ("def f(a: int, b: str) -> int: ...", "def f(*args, **kwargs) -> int: ...", 4),
    ("class A(TypedDict, total=False):\n    y: NotRequired[str]", "class A(TypedDict):\n    y: str", 2),
    ("class C:\n    TIMEOUT = 30\n    RETRY: int = 2", "class C:\n    TIMEOUT = 31\n    RETRY: int = 3", 2),
    ("class C(ABC):\n    @abstractmethod\n    def f(self): ...", "class C(ABC):\n    def f(self): ...", 1),
    ("class C:\n    @property\n    def x(self): ...\n    @x.setter\n    def x(self, v): ...", "class C:\n    @property\n    def x(self): ...", 1),
    ("def f(m: Literal['a', 'b']): ...", "def f(m: Literal['a', 'c']): ...", 1),
    ("Row = dict[str, int]", "Row = dict[str, str]", 1),
    ("X = True\ndef f(a=1): ...", "X = 1\ndef f(a=True): ...", 2),
    ("class A:\n    def f(self): ...\nclass B: ...", "class A: ...\nclass B:\n    def f(self): ...", 1),
    ("class A:\n    class B:\n        x: int = 1", "class A:\n    class B:\n        x: int = 2", 1),
    ("class A(IntEnum):\n    X = auto()\n    Y = auto()", "class A(IntEnum):\n    Y = auto()\n    X = auto()", 2),
    ("class A:\n    def f(self): ...", "A = 3", 1),
]  # fmt: skip


@pytest.mark.parametrize(("contract", "code"), ALIKE)
def test_d26_what_means_the_same_is_the_same(contract: str, code: str) -> None:
    inner = "def g(x: int) -> int: ...\nclass K:\n    def k(self) -> int: ...\n"
    assert compared(contract, {"a/__init__.py": "", "a/m.py": code, "a/inner.py": inner}) == []


@pytest.mark.parametrize(("contract", "code", "count"), UNLIKE)
def test_d26_what_means_something_else_is_not(contract: str, code: str, count: int) -> None:
    found = compared(contract, {"a/m.py": code})
    assert len(found) == count, found
