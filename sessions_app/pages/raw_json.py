"""The documents of a request as JSON text: request, response, and the log entry as it was received."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from sessions_app.pages.excerpts import excerpt
from sessions_app.pages.json_text import MOST_DRAWN_CHARS, drawn, indented
from sessions_app.records import Documents

NAMES = {"request": "Request", "response": "Response", "log": "Log entry"}
MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class RawView:
    """One document, or its beginning; `tabs` are the documents that there are: name, title, whether it is this one."""

    name: str
    tabs: list[tuple[str, str, bool]]
    html: SafeString
    byte_size: int
    shown_chars: int
    hidden_chars: int
    base_url: str

    @property
    def url(self) -> str:
        return f"{self.base_url}raw/{self.name}/"


def document(documents: Documents, name: str) -> bytes | None:
    """The exact bytes of a document; None when the log has none of that name."""
    return {"request": documents.request, "response": documents.response, "log": documents.log}.get(name)


def chosen(name: str, documents: Documents) -> str:
    """The document to show: the one that was asked for, else the response, else the request, else the log entry."""
    wanted = (name, "response", "request", "log")
    return next(found for found in wanted if document(documents, found) is not None)


def view(documents: Documents, name: str, base_url: str) -> RawView:
    content = document(documents, name) or b""
    part = excerpt(readable(content), MOST_DRAWN_CHARS, MOST_LINES)
    tabs = [(key, title, key == name) for key, title in NAMES.items() if document(documents, key) is not None]
    html = mark_safe(drawn(part.shown))  # noqa: S308 - escaped there
    return RawView(name, tabs, html, len(content), len(part.shown), part.hidden_chars, base_url)


def readable(content: bytes) -> str:
    """JSON text, indented where that takes no time."""
    return indented(content.decode("utf-8", "replace"))


def clipped(text: str, most: int) -> str:
    """The beginning of a text, and how much follows it."""
    part = excerpt(text, most, lines=40)
    return f"{part.shown}… ({part.hidden_chars:,} more characters in the raw JSON)" if part.hidden_chars else text
