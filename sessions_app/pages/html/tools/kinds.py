"""What a call asks for, by its name and the shape of its arguments. What is not sure is `PlainArguments`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sessions_app.content.omissions import find_cuts
from sessions_app.pages.html.tools.code_members import code_members
from sessions_app.pages.html.tools.edits import FileEdits, edits_of, edits_of_command
from sessions_app.pages.html.tools.files import FileReading, reading_of
from sessions_app.pages.html.tools.reading import UNREAD, read, words_of
from sessions_app.pages.html.tools.shell import ShellCommand, command_of

_SEARCHES = frozenset(("grep", "search", "rg", "ripgrep", "find", "glob"))


@dataclass(frozen=True, slots=True)
class PlainArguments:
    """Arguments that are data: `value`, or UNREAD. `is_search`: the tool's name says that it looks for something.
    `code`: the languages of those that are code, by their names.
    """

    value: Any
    is_search: bool = False
    code: Mapping[str, str] = field(default_factory=dict)


Asked: TypeAlias = ShellCommand | FileEdits | FileReading | PlainArguments


def asked(name: str, arguments: str) -> Asked:
    """What a call asks for. Arguments of which something was cut out are data."""
    value = read(arguments) if arguments.lstrip()[:1] in ("{", "[", '"') else UNREAD
    if not find_cuts(arguments):
        command = command_of(name, arguments, value)
        patch = edits_of_command(command.text) if command else None
        found = edits_of(name, arguments, value) or patch or command or reading_of(name, value)
        if found:
            return found
    return PlainArguments(value, bool(words_of(name) & _SEARCHES), code_members(name, value))
