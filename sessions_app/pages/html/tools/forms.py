"""What was asked for, as the query of an address: the larger drawing of a result is made without its call."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from sessions_app.pages.html.tools.files import FileReading
from sessions_app.pages.html.tools.kinds import Asked, PlainArguments
from sessions_app.pages.html.tools.reading import UNREAD
from sessions_app.pages.html.tools.shell import ShellCommand

FORM = "as"
OF_CALL = f"{FORM}=call"
_PATH_CHARS = 400


def form_of(asked: Asked) -> str:
    """The query that says what was asked for."""
    match asked:
        case ShellCommand():
            return f"{FORM}=command"
        case FileReading():
            first = {"first": asked.first} if asked.first else {}
            return urlencode({FORM: "file", "path": asked.path[-_PATH_CHARS:].encode("utf-8", "replace")} | first)
        case PlainArguments(is_search=True):
            return f"{FORM}=search"
        case _:
            return f"{FORM}=data"


def asked_in(query: Mapping[str, str]) -> Asked:
    """What the query of an address says was asked for."""
    form, first = query.get(FORM), query.get("first", "")
    if form == "command":
        return ShellCommand("")
    if form == "file":
        is_number = first.isascii() and first.isdigit() and len(first) < 10
        return FileReading(query.get("path", "")[:_PATH_CHARS], int(first) if is_number else None)
    return PlainArguments(UNREAD, form == "search")
