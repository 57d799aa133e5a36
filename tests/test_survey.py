"""What the survey sees: components, imports in several languages, facts with their lines, and how far it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import dedent

import pytest

from decisions_tool.agents.offline import survey as survey_module
from decisions_tool.agents.offline.facts import Facts
from decisions_tool.agents.offline.survey import Place, Survey, survey
from decisions_tool.agents.protocol import SourceFile


class Memory:
    """A repository that is a dictionary; ``history`` lists the paths of each commit, newest first."""

    commit = "a" * 40
    day = "2026-01-31"

    def __init__(self, files: Mapping[str, str | bytes], history: Sequence[tuple[str, ...]] = ()) -> None:
        self.content = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
        self.history = history
        self.reads: list[str] = []

    def files(self) -> Sequence[SourceFile]:
        return [SourceFile(path, "0" * 40, len(self.content[path])) for path in sorted(self.content)]

    def read(self, path: str) -> bytes:
        self.reads.append(path)
        return self.content[path]

    def changes(self) -> Sequence[tuple[str, ...]]:
        return self.history


def look(*paths: str, history: Sequence[tuple[str, ...]] = (), **texts: str) -> Survey:
    """Survey files with one comment at ``paths``, and files ``a__b_py="text"`` at ``a/b.py``."""
    files = dict.fromkeys(paths, "# x\n") | {document_path(name): dedent(text) for name, text in texts.items()}
    return survey(Memory(files, history))


def document_path(name: str) -> str:
    stem, _, extension = name.replace("__", "/").rpartition("_")
    return f"{stem}.{extension}"


def python(text: str) -> Facts:
    """The facts of one Python file."""
    return survey(Memory({"src/it.py": dedent(text)})).sources["src/it.py"].facts


def taken(found: Survey, source: str, target: str) -> list[str]:
    """What one component imports from another."""
    edge = found.edges.get((source, target))
    return [f"{item.target}:{item.name}" for item in edge.imports] if edge else []


# ------------------------------------------------------------------ components


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ((), []),
        (("README.md", "docs/index.rst"), []),
        (("main.py",), ["main"]),
        (("src/pkg/orders/a.py", "src/pkg/stock/b.py", "src/pkg/cli.py"), ["cli", "orders", "stock"]),
        (("src/pkg/a.py", "src/pkg/b.py", "src/pkg/c.py", "src/pkg/__init__.py"), ["a", "b", "c", "pkg"]),
        (("src/shop/a.py", "src/shop/b.py"), ["shop"]),
        (("packages/web/src/a.ts", "packages/api/src/b.ts"), ["api", "web"]),
        (("cmd/shop/main.go", "internal/store/store.go", "internal/store/rows.go"), ["shop", "store"]),
        (("main.go", "router.go", "render/json.go"), ["render", "root"]),
        (("crates/core/src/lib.rs", "crates/cli/src/main.rs"), ["cli", "core"]),
        (("src/parser.rs", "src/parser/lex.rs", "src/lib.rs"), ["lib", "parser"]),
        (("src/main/java/com/acme/orders/A.java", "src/main/java/com/acme/stock/B.java"), ["orders", "stock"]),
        (("lib/shop.rb", *(f"lib/shop/{part}.rb" for part in ("a", "b", "c", "d"))), ["a", "b", "c", "d", "shop"]),
        (("src/list.c", "src/list.h", "src/hash.c"), ["hash", "list"]),
        (("api/users.py", "worker/users.py", "web/app.js"), ["api", "web", "worker"]),
    ],
)
def test_components_follow_the_folder_tree(paths: tuple[str, ...], names: list[str]) -> None:
    found = survey(Memory(dict.fromkeys(paths, "x = 1\n")))
    assert list(found.components) == names
    code = [path for path in paths if not path.endswith((".md", ".rst"))]
    assert sorted(path for component in found.components.values() for path in component.files) == sorted(code)


def test_tests_documents_examples_and_foreign_code_are_no_components() -> None:
    aside = (
        "tests/test_a.py", "docs/conf.py", "examples/demo.py", "vendor/x/y.go", "node_modules/z/i.js", ".ci/tool.py",
        "setup.py", "src/app/a_test.go", "src/app/b.spec.ts", "web/lib.min.js", "src/app/api_pb2.py", "vite.config.js",
        "_tasks/x/tool.py",
    )  # fmt: skip
    assert list(look(*aside, "src/app/core.py", "src/app/web.py").components) == ["core", "web"]


def test_where_there_is_nothing_else_examples_count() -> None:
    assert list(look("examples/one/a.py", "examples/two/b.py", "tests/test_one.py").components) == ["one", "two"]


def test_two_components_of_one_name_are_told_apart_and_words_of_the_rules_are_avoided() -> None:
    found = look("cmd/api/main.go", "internal/api/api.go", "internal/contract/c.go", "internal/synthesis/s.go")
    assert list(found.components) == ["cmd/api", "internal/api", "internal/contract", "internal/synthesis"]
    assert "contract" not in look("contract/a.py", "orders/b.py").components


def test_a_folder_of_very_many_modules_is_one_component() -> None:
    assert list(survey(Memory({f"lib/m{number}.py": "x = 1" for number in range(200)})).components) == ["lib"]


# ------------------------------------------------------------------ imports


def test_python_imports_are_resolved_with_the_names_they_take() -> None:
    found = look(
        "src/shop/__init__.py",
        "src/shop/orders/__init__.py",
        src__shop__orders__book_py="""
            from ..stock.shelf import Shelf as S, count
            from shop.stock import shelf
            import shop.mail
            import json
            shelf.count()
            shop.mail.send()
            shop.mail.unknown()
        """,
        src__shop__stock__shelf_py="class Shelf: ...\ndef count(): ...\n",
        src__shop__mail_py="def send(): ...\n",
    )
    shelf = "src/shop/stock/shelf.py"
    assert sorted(taken(found, "orders", "stock")) == [f"{shelf}:Shelf", f"{shelf}:count", f"{shelf}:count"]
    assert taken(found, "orders", "mail") == ["src/shop/mail.py:send"]
    assert found.importers("stock") == ["orders"] and found.imported("orders") == ["mail", "stock"]


def test_an_import_says_whether_it_waits_or_is_for_types_only() -> None:
    found = look(
        src__a_py="""
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                from b import B
            def late():
                import c
        """,
        src__b_py="import a\nclass B: ...\n",
        src__c_py="import a\n",
    )
    assert [item.how for item in found.edges["a", "b"].imports] == ["types"]
    assert [item.how for item in found.edges["a", "c"].imports] == ["late"]
    assert found.edges["a", "b"].types_only
    assert found.cycles == (("a", "c"),)


def test_python_that_does_not_parse_is_read_by_its_look() -> None:
    nest = "def f(a, b):\n    for x in a:\n        for y in b:\n            pass\n"
    broken = f"from b import (one,\n  two)\nprint 'old'\n{nest}"
    found = survey(Memory({"src/a.py": broken, "src/b.py": "one = two = 1\n"}))
    assert taken(found, "a", "b") == ["src/b.py:one", "src/b.py:two"]
    function = found.sources["src/a.py"].facts.functions[0]
    assert (function.name, function.line, function.parameters, function.loops) == ("f", 4, 2, (5, 6))


def test_javascript_and_typescript_imports() -> None:
    found = look(
        web__cart_ts="""
            import { total, type Line as L } from "../money/sum";
            import * as api from './api.js'
            const { log } = require('../log')
            export { nothing } from "elsewhere"
            /**
             * @param {import('../secret/types').Hidden} x
             */
            api.get()
        """,
        web__api_ts="import type { Line } from '@shop/money'\nexport function get() {}\n",
        money__sum_ts="export const total = 1\n",
        money__index_ts="export * from './sum'\n",
        log__index_js="module.exports = {}\n",
        secret__types_ts="export type Hidden = 1\n",
        money__package_json='{"name": "@shop/money"}',
    )
    assert sorted(taken(found, "web", "money")) == ["money/index.ts:Line", "money/sum.ts:Line", "money/sum.ts:total"]
    assert taken(found, "web", "log") == ["log/index.js:log"]
    assert ("web", "secret") not in found.edges


def test_go_imports_by_module_path() -> None:
    found = look(
        go_mod="module example.com/shop\n",
        cmd__shop__main_go="""
            package main

            import (
            \t"fmt"
            \tdb "example.com/shop/internal/store"
            )

            func main() {
            \tfmt.Println(db.Open(), db.Missing())
            }
        """,
        internal__store__rows_go="package store\n",
        internal__store__store_go="package store\n\nfunc Open() int {\n\treturn 1\n}\n",
    )
    assert taken(found, "shop", "store") == ["internal/store/store.go:Open"]


@pytest.mark.parametrize(
    ("files", "edge", "names"),
    [
        (
            {
                "src/a.rs": "use crate::store::{Shelf, rows::Row};\nuse std::fmt;\n",
                "src/store/mod.rs": "pub struct Shelf;\n",
                "src/store/rows.rs": "pub struct Row;\n",
                "src/lib.rs": "mod a;\nmod store;\n",
            },
            ("a", "store"),
            ["src/store/mod.rs:Shelf", "src/store/rows.rs:Row"],
        ),
        (
            {
                "src/acme/web/Page.java": "package acme.web;\nimport acme.data.Row;\nimport java.util.List;\n",
                "src/acme/data/Row.java": "package acme.data;\npublic class Row {}\n",
            },
            ("web", "data"),
            ["src/acme/data/Row.java:"],
        ),
        (
            {"src/app.c": '#include "list.h"\n#include <stdio.h>\n', "src/list.h": "int f(void);\n"},
            ("app", "list"),
            ["src/list.h:"],
        ),
        (
            {"lib/cart.rb": "require_relative 'till'\nrequire 'json'\n", "lib/till.rb": "class Till\nend\n"},
            ("cart", "till"),
            ["lib/till.rb:"],
        ),
    ],
    ids=["rust", "java", "c", "ruby"],
)
def test_imports_of_other_languages(files: dict[str, str], edge: tuple[str, str], names: list[str]) -> None:
    assert taken(survey(Memory(files)), *edge) == names


def test_groups_that_reach_each_other_are_cycles_the_largest_first() -> None:
    imports = {"a": "b", "b": "c", "c": "a", "d": "e, a", "e": "d", "f": "a"}
    found = survey(Memory({f"src/{name}.py": f"import {others}" for name, others in imports.items()}))
    assert found.cycles == (("a", "b", "c"), ("d", "e"))


# ------------------------------------------------------------------ facts


def test_the_deepest_loops_of_a_function_are_known_by_line() -> None:
    facts = python("""
        class Shelf:
            def find(self, rows):
                for row in rows:
                    while row:
                        row.pop()
                for row in rows:
                    def inner():
                        for x in row: pass
        def fixed(rows):
            for kind in ("a", "b"):
                for row in rows:
                    pass
    """)
    assert {f.name: f.loops for f in facts.functions} == {
        "Shelf.find": (4, 5),
        "Shelf.find.inner": (9,),
        "fixed": (12,),
    }


def test_parameters_are_counted_without_self_and_annotations_noticed() -> None:
    facts = python("""
        class A:
            def method(self, a, *b, c=1, **d): ...
            def typed(self, a: int): ...
        def bare(): ...
    """)
    assert [(f.parameters, f.annotated) for f in facts.functions] == [(4, False), (1, True), (0, True)]


def test_a_handler_is_broad_when_it_takes_everything_and_raises_nothing() -> None:
    facts = python("""
        def f():
            try: pass
            except Exception: log()
            try: pass
            except: raise
            try: pass
            except (ValueError, BaseException) as e: pass
            try: pass
            except KeyError: pass
    """)
    assert [note.line for note in facts.broad] == [4, 8] and [note.line for note in facts.silent] == [10]
    assert facts.broad[0].text == "f"


def test_module_state_is_what_a_function_changes_not_a_table() -> None:
    facts = python("""
        CACHE = {}
        TABLE = {"a": 1}
        shadow = []
        count = 0
        def f(key, shadow):
            global count
            count += 1
            CACHE[key] = TABLE[key]
            shadow.append(key)
    """)
    assert [(state.name, state.line, state.changed) for state in facts.state] == [("CACHE", 2, 9), ("count", 5, 8)]


def test_open_ends_and_lengths() -> None:
    facts = python("x = 1  # TODO: later `now` | <!-- **Owner:** me\n\n\ny = 'TODO in a text'\n")
    assert [(note.line, note.text) for note in facts.todos] == [(1, "TODO: later 'now' / (!-- ··Owner:·· me")]
    assert (facts.lines, facts.length) == (2, 5)


def test_functions_and_loops_of_a_language_that_is_not_parsed() -> None:
    text = "\n".join(
        [
            "/* for (;;) { */",
            "async function find(a, b, { c, d }) {",
            "  for (const x of a) {",
            "    // while nothing",
            "    b.forEach(y => {",
            "      y()",
            "    })",
            "  }",
            "}",
            "let seen = 0",
            "function count() {",
            "  seen += 1",
            "  try { x() } catch (e) { }",
            "}",
        ]
    )
    facts = survey(Memory({"src/a.js": text})).sources["src/a.js"].facts
    assert [(f.name, f.line, f.length, f.parameters, f.loops) for f in facts.functions] == [
        ("find", 2, 8, 3, (3, 5)),
        ("count", 11, 4, 0, ()),
    ]
    assert [(s.name, s.line, s.changed) for s in facts.state] == [("seen", 10, 12)]
    assert [(note.line, note.text) for note in facts.broad] == [(13, "count")]


def test_churn_counts_commits_and_tests_are_found_by_import_and_by_name() -> None:
    found = look(
        "src/pkg/stock.py",
        "src/pkg/__init__.py",
        "tests/test_stock.py",
        "tests/helper.py",
        history=[("src/pkg/orders.py", "src/pkg/stock.py"), ("src/pkg/orders.py",), ("README.md",)],
        src__pkg__orders_py="x = 1",
        tests__test_flow_py="from pkg.orders import x",
    )
    assert (found.components["orders"].churn, found.components["stock"].churn, found.commits) == (2, 1, 3)
    assert found.components["orders"].tests == ("tests/test_flow.py",)
    assert found.components["stock"].tests == ("tests/test_stock.py",)
    assert found.tests == 2


# ------------------------------------------------------------------ places and limits


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("src/a/x.py:2", Place("a", "src/a/x.py", 2, "f")),
        ("`src/a/x.py:1`", Place("a", "src/a/x.py", 1)),
        ("src/a/x.py:2-3 and more", Place("a", "src/a/x.py", 2, "f")),
        ("src/a/x.py", Place("a", "src/a/x.py")),
        ("src/a", Place("a", "src/a")),
        ("A", Place("a")),
        ("b (the whole of it)", Place("b")),
        ("src/gone.py:3", Place()),
        ("somewhere", Place()),
        ("", Place()),
    ],
)
def test_a_place_is_read_as_people_write_it(where: str, place: Place) -> None:
    found = look(src__a__x_py="x = 1\ndef f():\n    pass\n", src__b__y_py="y = 1\n" * 9)
    seen = found.place(where)
    assert seen._replace(path=seen.path if place.path else "") == place


def test_work_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_module, "MOST_FILES", 2)
    often = [("src/often.py",), ("src/often.py",)]
    memory = Memory({"src/often.py": "x = 1", "src/large.py": "x = 1\n" * 99, "src/small.py": "x = 1"}, often)
    found = survey(memory)
    assert list(found.sources) == ["src/large.py", "src/often.py"] and memory.reads == ["src/often.py", "src/large.py"]
    assert list(found.components) == ["large", "often", "small"]
    assert "2 of 3 source files were read" in found.limits[0]


def test_a_long_file_is_read_up_to_a_limit_a_binary_one_not_at_all() -> None:
    long = survey(Memory({"src/a.py": "def f(): pass\n" * 30_000, "src/b.py": b"\0" * 99, "src/c.js": "x" * 30_000}))
    assert list(long.sources) == ["src/a.py"] and long.sources["src/a.py"].facts.length < 20_000
    assert any("256 KiB" in limit for limit in long.limits)


@pytest.mark.parametrize(
    "text",
    [
        "x = '\\d'\nif x is 1: pass\n",
        "if a: pass\n" + "elif a: pass\n" * 3_000,
        "x = " + "-" * 5_000 + "1\n",
        "(" * 5_000,
        "x\0y",
        "a = a" + ".a" * 5_000,
        "\ufeffdef f(): pass",
        "# \udcff".encode("utf-8", "surrogateescape"),
    ],
    ids=["escapes", "elif", "minus", "brackets", "zero", "dots", "mark", "bytes"],
)
def test_no_file_stops_the_survey_or_warns(text: str | bytes, capfd: pytest.CaptureFixture[str]) -> None:
    assert list(survey(Memory({"src/a.py": text, "src/b.py": "import a"})).components) == ["a", "b"]
    assert capfd.readouterr() == ("", "")


def test_names_that_cannot_be_shown_are_left_out_and_counted() -> None:
    bad = (
        "src/a\n## Critical.py",
        "src/`b`.py",
        "src/c|d.py",
        "src/\u202egnp.py",
        "src/<!--.py",
        "src/\udcff.py",
        " src/e.py",
    )
    found = look(*bad, "src/good (1).py")
    assert [path for component in found.components.values() for path in component.files] == ["src/good (1).py"]
    assert found.limits == ("7 files were left out for names that cannot be shown safely.",)
