"""The documents of a request as JSON text: request, response, and the log entry as it was received."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from sessions_app.pages.html.excerpts import excerpt
from sessions_app.pages.html.json_text import MOST_DRAWN_CHARS, Indented, drawn, indent
from sessions_app.records import Documents

NAMES = {"request": "Request", "response": "Response", "log": "Log entry"}
# A span names its attributes in many ways; what was read of it is shown in one, beside the span as it came.
NAMES_OF_SPAN = {"log": "Span", "request": "Request, as read", "response": "Response, as read"}
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
    is_received: bool

    @property
    def url(self) -> str:
        return f"{self.base_url}raw/{self.name}/"


def document(documents: Documents, name: str) -> bytes | None:
    """The exact bytes of a document; None when the log has none of that name."""
    return {"request": documents.request, "response": documents.response, "log": documents.log}.get(name)


def chosen(name: str, documents: Documents, is_span: bool = False) -> str:
    """The document to show: the one that was asked for, else the response, else the request, else the log entry; of a
    span the span itself.
    """
    wanted = (name, "log") if is_span else (name, "response", "request", "log")
    return next(found for found in wanted if document(documents, found) is not None)


def view(documents: Documents, name: str, base_url: str, is_span: bool = False) -> RawView:
    content = document(documents, name) or b""
    part = excerpt(readable(content).text, MOST_DRAWN_CHARS, MOST_LINES)
    names = NAMES_OF_SPAN if is_span else NAMES
    tabs = [(key, title, key == name) for key, title in names.items() if document(documents, key) is not None]
    html = mark_safe(drawn(part.shown))  # noqa: S308 - escaped there
    is_received = not is_span or name == "log"
    return RawView(name, tabs, html, len(content), len(part.shown), part.hidden_chars, base_url, is_received)


def readable(content: bytes) -> Indented:
    """JSON text, indented where that takes no time."""
    return indent(content.decode("utf-8", "replace"))


def clipped(text: str, most: int) -> str:
    """The beginning of a text, and how much follows it."""
    part = excerpt(text, most, lines=40)
    return f"{part.shown}… ({part.hidden_chars:,} more characters in the raw JSON)" if part.hidden_chars else text
