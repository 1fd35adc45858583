"""Figures about the code, of small trees and of this one."""

from __future__ import annotations

import uuid
from pathlib import Path

from benchmarks import house, reach
from sessions_app import ids


def test_circles_are_groups_in_which_each_reaches_each() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"f"}, "f": {"e"}}
    assert house.circles(edges) == [["a", "b", "c"], ["e", "f"]]
    assert house.circles({"a": {"b"}, "b": set()}) == []


def test_rooms_are_what_lies_at_the_root() -> None:
    found = house.imports(house.ROOT)
    assert int(found["rooms in sessions_app"]) > 10
    assert found["circles of rooms"].startswith("0")


def test_lengths(tmp_path: Path) -> None:
    for folder, lines in (("logsui", 3), ("sessions_app", 450), ("benchmarks", 401)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("def f():\n" + "    x = 1\n" * (lines - 1))
    assert house.lengths(tmp_path) == {
        "files over 400 lines": "2",
        "longest file": "450",
        "functions": "2",
        "lines of a function: median / p90 / max": "226 / 405 / 450",
    }


def test_markup(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.html").write_text("x" * 161 + "\n<svg></svg>\n")
    (tmp_path / "logsui").mkdir()
    (tmp_path / "logsui" / "a.py").write_text("a = mark_safe(f'<b>')\nb = utils.SafeString(a)\nmark_safe\n")
    found = house.markup(tmp_path)
    assert found["calls of mark_safe, SafeString, Markup"] == "2"
    assert found["template lines over 160"] == "1 of 2"
    assert found["<svg in templates"] == "1"


def test_functions_that_run_are_counted_once() -> None:
    found = reach.functions_called(lambda: [ids.session_id(uuid.UUID(int=1), str(n)) for n in range(3)])
    assert {name for _, name in found} == {"session_id", "_uuid5", "_encode"}
    assert reach.count(found) == [3, 1]
