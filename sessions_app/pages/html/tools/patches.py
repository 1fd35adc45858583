"""Patches as lines of a difference: unified diffs, those of `apply_patch`, and blocks of SEARCH and REPLACE."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sessions_app.pages.html.text_diff import DiffLine

_BEGIN = "*** Begin Patch"
_HUNK = re.compile(r"^@@", re.MULTILINE)
_HEADERS = re.compile(r"^--- [^\n]*\n\+\+\+ ", re.MULTILINE)
_FILE = re.compile(r"^(?:\*\*\* (?:Update|Add|Delete) File: |\+\+\+ (?:b/)?)([^\n\t]{1,1000})", re.MULTILINE)
_HEADS = ("*** ", "@@", "diff --git ", "index ", "new file mode ", "deleted file mode ", "rename ", "similarity index ",
          "old mode ", "new mode ", "\\ No newline")  # fmt: skip
_MOST_PATHS = 1_000


def is_patch(text: str, is_said: bool) -> bool:
    """Whether a text is a patch. `is_said`: the tool's name says so; then lines with signs are enough."""
    head = text.lstrip()[:200]
    if head.startswith((_BEGIN, "diff --git ")) or (_HEADERS.search(text) and _HUNK.search(text)):
        return True
    lines = [line for line in text.split("\n") if line]
    return is_said and bool(lines) and all(line[0] in "+-@ \\*" for line in lines) and any(
        line[0] in "+-" for line in lines
    )  # fmt: skip


def paths_of_patch(text: str) -> list[str]:
    """The files that a patch names."""
    found: dict[str, None] = {}
    for match in _FILE.finditer(text):
        found[match[1].strip()] = None
        if len(found) >= _MOST_PATHS:
            break
    return [path for path in found if path != "/dev/null"]


def lines_of_patch(text: str) -> list[DiffLine]:
    """All lines of a patch, in their order."""
    return [_line(kind, line) for kind, line in _kinds(text.split("\n"))]


def _line(kind: str, line: str) -> DiffLine:
    match kind:
        case "+":
            return DiffLine("added", [(line[1:], False)])
        case "-":
            return DiffLine("removed", [(line[1:], False)])
        case " ":
            return DiffLine("equal", [(line[1:], False)])
        case _:
            return DiffLine("note", [(line, False)])


def _kinds(lines: list[str]) -> Iterator[tuple[str, str]]:
    is_head = False
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        # Between files, these two name them; within a hunk a line may begin with the same signs.
        if (line.startswith("--- ") and following.startswith("+++ ")) or (is_head and line.startswith("+++ ")):
            is_head = line.startswith("--- ")
            yield "head", line
        elif line.startswith(_HEADS):
            yield "head", line
        elif not line:
            yield " ", " "
        else:
            yield line[0] if line[0] in "+- " else "head", line


# --- SEARCH and REPLACE ---------------------------------------------------------------------------------------------

_SEARCH = re.compile(r"(?:<{5,9}|-{5,9}) ?SEARCH>?[ \t]*")
# Roo's blocks say first where the lines are.
_WHERE = re.compile(r":(?:start|end)_line: ?\d{1,9}|-{5,9}")
_MIDDLE = re.compile(r"={5,9}[ \t]*")
_REPLACE = re.compile(r"(?:>{5,9}|\+{5,9}) ?REPLACE<?[ \t]*")


def lines_of_blocks(text: str) -> list[DiffLine] | None:
    """Blocks of SEARCH and REPLACE as lines; None for a text without them, or with one that is not complete."""
    if "SEARCH" not in text or "REPLACE" not in text:
        return None
    found: list[DiffLine] = []
    place, blocks = "", 0
    for line in text.split("\n"):
        expected = {"": _SEARCH, "-": _MIDDLE, "+": _REPLACE}[place]
        if expected.fullmatch(line.rstrip("\r")):
            blocks += place == "+"
            place = {"": "-", "-": "+", "+": ""}[place]
            found.append(DiffLine("note", [(line, False)]))
        elif place == "-" and found[-1].kind == "note" and _WHERE.fullmatch(line.rstrip("\r")):
            found.append(DiffLine("note", [(line, False)]))
        elif place:
            found.append(DiffLine("removed" if place == "-" else "added", [(line, False)]))
        elif line.strip():
            found.append(DiffLine("note", [(line, False)]))
    return found if blocks and not place else None
