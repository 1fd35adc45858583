"""Data as a tree that folds and as tables, bounded, with the numbers of what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.syntax import in_inks
from sessions_app.pages.html.tools.reading import WrittenNumber, is_text, scalar, written

# Objects and arrays that are nested more deeply are one line of JSON.
MOST_DEPTH = 12
CODE_CHARS = 4_000
NAME_CHARS, TEXT_CHARS, LINE_CHARS, CELL_CHARS = 120, 1_000, 160, 120
MOST_COLUMNS = 8
# A list is written in one line, and a value is open, if it is no longer than this.
MOST_IN_LINE, SHORT_CHARS, OPEN_CHARS = 8, 80, 200
# Objects that have so many different members in all are no rows of one table.
_MOST_NAMES = 40


@dataclass(frozen=True, slots=True)
class DataTable:
    """Objects as rows. A cell is its text and its ink; None where an object lacks the member."""

    columns: Sequence[str]
    rows: Sequence[Sequence[tuple[str, str] | None]]
    notes: Sequence[str] = ()


@dataclass(slots=True)
class DataNode:
    """A value: `text` in an `ink`, or what is in it. `name` is None in arrays. `notes` say what is left out. `code`:
    the text in the inks of its language.
    """

    name: str | None
    text: str
    ink: str = ""
    code: Markup | None = None
    inner: list[DataNode] = field(default_factory=list)
    table: DataTable | None = None
    notes: list[str] = field(default_factory=list)
    is_open: bool = True


@dataclass(slots=True)
class DataTree:
    """Makes the nodes of values, at most `left` of them in all. `languages`: of the outermost members that are code.
    `is_whole`: nothing was left out.
    """

    left: int
    rows: int
    languages: Mapping[str, str] = field(default_factory=dict)
    is_whole: bool = True

    def nodes(self, value: Any, depth: int = 0) -> list[DataNode]:
        """The members or items of an object or array."""
        return list(self._members(value, depth))

    def _members(self, value: Any, depth: int) -> Iterator[DataNode]:
        members = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        for name, inner in members:
            if self.left <= 0:
                return
            self.left -= 1
            yield self._node(name, inner, depth)

    def _node(self, name: str | None, value: Any, depth: int) -> DataNode:
        if depth == 0 and name is not None and name in self.languages and is_text(value):
            return self._code(name, value)
        name = name if name is None else self.clipped(name, NAME_CHARS)
        if not isinstance(value, (dict, list)) or not value:
            return DataNode(name, *self._leaf(value))
        if depth >= MOST_DEPTH:
            self.is_whole = False
            return DataNode(name, written(value, LINE_CHARS), "c")
        if isinstance(value, list) and (short := _short(value)):
            return DataNode(name, short, "n")
        node = DataNode(name, _amount(value), "c", is_open=depth < 1 or len(written(value, OPEN_CHARS)) <= OPEN_CHARS)
        node.table = self.table(value)
        if node.table is None:
            node.inner = self.nodes(value, depth + 1)
            self.note_rest(node.notes, value, len(node.inner))
        return node

    def _code(self, name: str, text: str) -> DataNode:
        node = DataNode(name, "", code=in_inks(text[: bounds.at_most(CODE_CHARS)], self.languages[name]))
        if len(text) > bounds.at_most(CODE_CHARS):
            self.is_whole = False
            node.notes.append(f"{exact(len(text) - CODE_CHARS)} more characters in the raw JSON")
        return node

    def note_rest(self, notes: list[str], value: Any, shown: int) -> None:
        """Say how many members or items of a value are not shown."""
        if len(value) > shown:
            self.is_whole = False
            notes.append(f"{_amount(value, len(value) - shown, 'more ')} in the raw JSON")

    def _leaf(self, value: Any) -> tuple[str, str]:
        if is_text(value):
            return self.clipped(value, TEXT_CHARS), "s"
        return scalar(value)[: bounds.at_most(TEXT_CHARS)] if not isinstance(value, (dict, list)) else written(
            value, 2
        ), "n"

    def clipped(self, text: str, most: int) -> str:
        """A text, or its beginning and how much follows."""
        most = bounds.at_most(most)
        if len(text) <= most:
            return text
        self.is_whole = False
        return f"{text[:most]}… ({exact(len(text) - most)} more characters)"

    # --- tables -----------------------------------------------------------------------------------------------------

    def table(self, value: Any, rows_follow: bool = False) -> DataTable | None:
        """Objects that have most members in common; None for anything else. `rows_follow`: a button below the table
        tells how many rows are not shown, and shows them.
        """
        if not isinstance(value, list) or len(value) < 2 or not all(isinstance(row, dict) and row for row in value):
            return None
        names: dict[str, int] = {}
        for row in value:
            for name in row:
                names[name] = names.get(name, 0) + 1
            if len(names) > _MOST_NAMES:
                return None
        if sum(names.values()) < 0.6 * len(names) * len(value) or len(names) < 2:
            return None
        shown = value[: min(self.rows, max(self.left, 1))]
        self.left -= len(shown)
        columns = list(names)[: bounds.at_most(MOST_COLUMNS)]
        rows = [[self._cell(row[name]) if name in row else None for name in columns] for row in shown]
        heads = [self.clipped(name, NAME_CHARS) for name in columns]
        notes = self._left_out(value, shown, names)
        return DataTable(heads, rows, notes[1:] if rows_follow and len(shown) < len(value) else notes)

    def _cell(self, value: Any) -> tuple[str, str]:
        if is_text(value):
            return self.clipped(value, CELL_CHARS), "s"
        text = written(value, bounds.at_most(CELL_CHARS))
        # What is nested deeply is `{…}`.
        self.is_whole = self.is_whole and "…" not in text
        return text, "n" if isinstance(value, WrittenNumber) else "c"

    def _left_out(self, value: list[Any], shown: list[Any], names: dict[str, int]) -> list[str]:
        notes = [f"{exact(len(rest))} more row{'' if len(rest) == 1 else 's'}"] if (rest := value[len(shown) :]) else []
        if len(names) > bounds.at_most(MOST_COLUMNS):
            notes.append(f"{exact(len(names) - MOST_COLUMNS)} more columns")
        self.is_whole = self.is_whole and not notes
        return notes


def _short(value: list[Any]) -> str:
    """A few numbers or short texts in one line: `[120, 340]`; "" for any other list."""
    if len(value) > MOST_IN_LINE or any(isinstance(item, (dict, list)) for item in value):
        return ""
    text = written(value, SHORT_CHARS)
    return text if len(text) <= SHORT_CHARS else ""


def _amount(value: Any, count: int | None = None, more: str = "") -> str:
    """`3 items`, `1 member`."""
    count = len(value) if count is None else count
    noun = "member" if isinstance(value, dict) else "item"
    return f"{exact(count)} {more}{noun}{'' if count == 1 else 's'}"
