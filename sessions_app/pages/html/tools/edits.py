"""Changes of files: texts that replace others, new files, and patches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.text_diff import DiffLine, lines_between
from sessions_app.pages.html.tools.patches import is_patch, lines_of_blocks, lines_of_patch, paths_of_patch
from sessions_app.pages.html.tools.reading import UNREAD, has_few_lines, is_text, read, text_member, words_of, written

PATHS = ("file_path", "path", "filePath", "filepath", "target_file", "filename", "file", "absolute_path", "file_name",
         "relative_path", "TargetFile", "notebook_path")  # fmt: skip
# Texts and what replaces them, as editors of agents name them.
_PAIRS = (
    *(("old_string", "new_string"), ("old_str", "new_str"), ("oldString", "newString"), ("oldText", "newText")),
    *(("old_text", "new_text"), ("search", "replace"), ("find", "replace"), ("old", "new")),
)
_CONTENTS = (
    "content",
    "contents",
    "file_text",
    "fileText",
    "new_content",
    "text",
    "new_source",
    "insert_text",
    "new_str",
)
_PATCHES = ("patch", "input", "diff", "patchText", "patch_text", "changes", "operation")
_WRITES = frozenset(("write", "create", "save", "add", "new", "insert", "append"))
_EDITS = frozenset(("edit", "replace", "update", "patch", "diff", "modify", "str", "apply", "multi")) | _WRITES
_OF_CELLS = {"replace": "cell replaced by", "insert": "cell inserted", "delete": "cell deleted"}
# More of them are not drawn one by one.
MOST_CHANGES = 2_000


class Replaced(NamedTuple):
    """One text in place of another; `rest` are the other arguments of this change."""

    old: str
    new: str
    rest: dict[str, Any]


Change: TypeAlias = "Replaced | Sequence[DiffLine]"


@dataclass(frozen=True)
class FileEdits:
    """Changes of a file, or of those that a patch names. `what` says in a word what kind of change it is."""

    path: str
    changes: Sequence[Change]
    what: str = ""
    rest: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def lines(self) -> list[DiffLine]:
        """All lines of all changes; a note stands before each of several."""
        found: list[DiffLine] = []
        for number, change in enumerate(self.changes, start=1):
            if len(self.changes) > 1:
                found.append(DiffLine("note", [(f"change {number} of {len(self.changes)}", False)]))
            found += _lines(change)
        return found

    @property
    def amounts(self) -> str:
        """`+9 −3`: how many lines are added and removed."""
        added, removed = (sum(line.kind == kind for line in self.lines) for kind in ("added", "removed"))
        return f"+{exact(added)} −{exact(removed)}"


def _lines(change: Change) -> Sequence[DiffLine]:
    if not isinstance(change, Replaced):
        return change
    words = ", ".join(f"{name}: {written(value, 200)}" for name, value in change.rest.items())
    notes = [DiffLine("note", [(words, False)])] if words else []
    return [*lines_between(change.old, change.new), *notes]


def edits_of(name: str, arguments: str, value: Any) -> FileEdits | None:
    """What a call changes in files; None if it is not sure that it does. `value`: its arguments, read."""
    words = words_of(name)
    if value is UNREAD:
        return _patch(arguments, {}, words) if arguments.lstrip()[:1] not in ("{", "[") else None
    if is_text(value):
        return _patch(value, {}, words)
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("operation"), dict) and value.keys() == {"operation"}:
        value = value["operation"]
    return _listed(value) or _replaced(value, words) or _patched(value, words) or _written(value, words)


def _path(members: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    path, named = text_member(members, PATHS)
    return path, {name: item for name, item in members.items() if name != named}


def _pair(members: Any) -> Replaced | None:
    if not isinstance(members, dict):
        return None
    for old, new in _PAIRS:
        if is_text(members.get(old)) and is_text(members.get(new)):
            rest = {name: item for name, item in members.items() if name not in (old, new)}
            return Replaced(members[old], members[new], rest)
    return None


def _replaced(members: dict[str, Any], words: frozenset[str]) -> FileEdits | None:
    found = _pair(members)
    if found and not (has_few_lines(found.old) and has_few_lines(found.new)):
        return None
    path, rest = _path(found.rest) if found else ("", {})
    if found is None or not (path or words & _EDITS):
        return None
    return FileEdits(path, [found._replace(rest={})], "", rest)


def _listed(members: dict[str, Any]) -> FileEdits | None:
    """An array `edits`, or the same as JSON text."""
    for name in ("edits", "replacements", "changes"):
        listed = read(members[name]) if is_text(members.get(name)) else members.get(name)
        if isinstance(listed, list) and 0 < len(listed) <= MOST_CHANGES:
            pairs = [_pair(one) for one in listed]
            if all(pairs):
                path, rest = _path({key: item for key, item in members.items() if key != name})
                return FileEdits(path, [pair for pair in pairs if pair], "", rest)
    return None


def _written(members: dict[str, Any], words: frozenset[str]) -> FileEdits | None:
    """A file that is written whole, or text that is inserted into one."""
    path, rest = _path(members)
    content, named = text_member(rest, _CONTENTS)
    command = rest.get("command")
    told = words_of(str(command)) if is_text(command) else frozenset()
    if (
        not path
        or not named
        or not has_few_lines(content)
        or not (words | told) & (_EDITS if named == "new_source" else _WRITES)
        or (named == "new_str" and "insert" not in told)
    ):
        return None
    rest = {name: item for name, item in rest.items() if name != named}
    if named == "new_source":
        # A cell of a notebook; what it replaces is not told.
        mode = rest.pop("edit_mode", "replace")
        return FileEdits(path, [added(content)], _OF_CELLS.get(str(mode), str(mode)[:40]), rest)
    is_part = bool((words | told) & {"insert", "append"})
    return FileEdits(path, [added(content)], "inserted" if is_part else "written", rest)


def added(text: str) -> list[DiffLine]:
    """A text as lines that are all new. The end of its last line begins no other."""
    return [DiffLine("added", [(line, False)]) for line in text.removesuffix("\n").split("\n")]


def _patched(members: dict[str, Any], words: frozenset[str]) -> FileEdits | None:
    text, named = text_member(members, _PATCHES)
    typed = members.get("command")
    if isinstance(typed, list) and len(typed) == 2 and typed[0] == "apply_patch" and is_text(typed[1]):
        text, named, words = typed[1], "command", frozenset(("patch",))
    if not named:
        return None
    path, rest = _path({name: item for name, item in members.items() if name != named})
    return _patch(text, rest, words, path)


def _patch(text: str, rest: dict[str, Any], words: frozenset[str], path: str = "") -> FileEdits | None:
    if not has_few_lines(text):
        return None
    if (blocks := lines_of_blocks(text)) is not None:
        return FileEdits(path, [blocks], "", rest)
    if not is_patch(text, is_said=bool(words & {"patch", "diff"})):
        return None
    paths = [path] if path else paths_of_patch(text)
    name = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more" if paths else ""
    return FileEdits(name, [lines_of_patch(text)], "patch", rest)


_HEREDOC = re.compile(r"\s*apply_patch\s+<<-?\s*['\"]?(\w{1,40})['\"]?\n(.*?)\n\1\s*", re.DOTALL)


def edits_of_command(command: str) -> FileEdits | None:
    """The patch that a command `apply_patch <<'EOF'` applies, if it does nothing else."""
    found = _HEREDOC.fullmatch(command)
    return _patch(found[2], {}, frozenset(("patch",))) if found else None
