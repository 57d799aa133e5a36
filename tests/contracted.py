"""A record with a contract of every kind, and code that keeps it."""

STORE = '''\
"""The store."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from typing import Iterator, NamedTuple, Optional, Protocol

from pydantic import BaseModel, Field

LIMIT: int = 60
CAP = 60
NAMES = ("a", "b")


class Mode(StrEnum):
    FAST = "fast"
    SLOW = "slow"


class Level(Enum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Entry:
    """One entry."""

    key: str
    value: bytes
    tags: list[str] = field(default_factory=list)
    mode: Mode = Mode.FAST
    note: Optional[str] = None


class Options(BaseModel):
    path: Path
    size: int = Field(default=100, ge=1, description="how many")


class Spot(NamedTuple):
    line: int
    column: int = 1


class Base:
    def close(self) -> None: ...


class Store(Base):
    name: str

    def __init__(self, path: Path, limit: int = CAP) -> None:
        self.path = path
        self.name = path.name

    def get(self, key: str, default: Optional[bytes] = None, *, timeout: float = 1.5) -> bytes | None:
        return default

    async def load(self, *keys: str, **options: t.Any) -> dict[str, Entry]:
        return {}

    @property
    def size(self) -> int:
        return 0

    @staticmethod
    def parse(text: str, /) -> Entry:
        return Entry(text, b"")

    @classmethod
    def open(cls, path: Path) -> Store:
        return cls(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        yield

    def update(self, entries: list[Entry], callback: t.Callable[[str, int], bool]) -> None:
        pass


class Reader(Protocol):
    def read(self, path: str) -> bytes: ...


def merge(
    first: dict[str, int],
    second: dict[str, int],
    mode: Mode = Mode.FAST,
    flags: tuple[str, ...] = ("x", "y"),
) -> dict[str, int]:
    return first | second


def helper(x: int) -> int:
    return x
'''
NET = '''\
"""The net."""

from shop.store import Store


def fetch(url: str, store: Store, retries: int = 3) -> str:
    return url
'''
TABLE = """\
{
  "version": 1,
  "store": {
    "path": "data",
    "limits": [1, 2],
    "strict": true
  }
}
"""
SETTINGS = """\
title = "shop"

[store]
size = 10
ratio = 0.5

[[store.parts]]
name = "a"
"""
SCHEMA = """\
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "required": ["key", "size"],
  "properties": {
    "key": {"type": "string", "description": "a key"},
    "size": {"type": "integer", "minimum": 1}
  }
}
"""
PIPE = """\
name: pipe
steps:
  - run: make
    retries: 2
"""
CODE = {
    "shop/__init__.py": "",
    "shop/store.py": STORE,
    "shop/net.py": NET,
    "core/__init__.py": "",
    "core/rules.py": '"""Rules."""\n\nimport json\n\n\ndef check(x: str) -> bool:\n    return bool(json.loads(x))\n',
    "data/table.json": TABLE,
    "settings.toml": SETTINGS,
    "entry.schema.json": SCHEMA,
    "pipe.yaml": PIPE,
}
RECORD = """\
---
type: record
schema: 1
case: cache
status: accepted
decision-makers: ["Ada Person <ada@example.invalid>"]
date: "2026-01-02"
---
# One store

## Decision: cache — One store

### Status: accepted
### Date: 2026-01-02
### Question: Where are entries kept?

### Decision

In one store.

### Code Contract

#### `shop/store.py`

```python
LIMIT: int = 60
NAMES = ("a", "b")

class Mode(StrEnum):
    FAST = "fast"
    SLOW = "slow"

class Level(Enum):
    LOW = 1
    HIGH = 2

@dataclass(frozen=True)
class Entry:
    key: str
    value: bytes
    tags: list[str] = field(default_factory=list)
    mode: Mode = Mode.FAST
    note: str | None = None

class Options(BaseModel):
    path: Path
    size: int = Field(default=100, ge=1)

class Spot(NamedTuple):
    line: int
    column: int = 1

class Store(Base):
    name: str
    def __init__(self, path: Path, limit: int = 60): ...
    def get(self, key: str, default: bytes | None = None, *, timeout: float = 1.5) -> bytes | None
    async def load(self, *keys: str, **options: Any) -> dict[str, Entry]: ...
    @property
    def size(self) -> int: ...
    @staticmethod
    def parse(text: str, /) -> Entry: ...
    @classmethod
    def open(cls, path: Path) -> "Store": ...
    @contextmanager
    def locked(self) -> Iterator[None]: ...
    def close(self) -> None: ...
    def update(self, entries: list[Entry], callback: Callable[[str, int], bool]) -> None: ...

class Reader(Protocol):
    def read(self, path: str) -> bytes: ...

def merge(
    first: dict[str, int], second: dict[str, int], mode: Mode = Mode.FAST, flags: tuple[str, ...] = ("x", "y")
) -> dict[str, int]: ...
```

```python shop/net.py
def fetch(url: str, store: Store, retries: int = 3) -> str: ...
```

**data/table.json**

```json
{"version": 1, "store": {"path": "data", "limits": [1], "strict": false}}
```

```toml
# settings.toml
title = "shop"
[store]
size = 1
ratio = 0.1
[[store.parts]]
name = "a"
```

```json entry.schema.json
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "required": ["size", "key"],
  "properties": {"key": {"type": "string"}, "size": {"type": "integer", "minimum": 1}}
}
```

```yaml
# pipe.yaml
name: pipe
steps:
  - run: make
    retries: 1
```

### Files Changed

- `shop/store.py` — new, holds the store
- `shop/net.py` — asks the store
- `shop/old.py` — deleted
- `core/rules.py` — remove the second cache

### Ruled-Out Design Space

- `requests` must not be imported in `core/`: rules run without a net.
- `core/` must not import `shop.net`.
- Only `shop/net.py` may import `urllib3`.
- `shop/legacy/` must not come back.
- A store per thread: nobody could say what holds.
"""
RECORD_PATH = "docs/decisions/DR-004-one-store.md"
