"""The documents of a request as JSON text: its request, its response, and the log as it was received."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from sessions_app.pages.html.excerpts import excerpt
from sessions_app.pages.html.json_text import MOST_DRAWN_CHARS, Indented, drawn, indent
from sessions_app.records import Documents

NAMES = {"request": "Request", "response": "Response", "log": "Log entry"}
# Spans name their attributes in many ways. Request and response show what was read of them in one way.
NAMES_OF_SPAN = {"log": "Span", "request": "Request, as read", "response": "Response, as read"}
MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class RawView:
    """One document, or its beginning. `tabs` has each document of the log: name, title, and whether it is this one."""

    name: str
    tabs: list[tuple[str, str, bool]]
    html: Markup
    byte_size: int
    shown_chars: int
    hidden_chars: int
    base_url: str
    is_received: bool

    @property
    def url(self) -> str:
        return f"{self.base_url}raw/{self.name}/"


def document(documents: Documents, name: str) -> bytes | None:
    """The exact bytes of a document; None when the log does not have it."""
    return {"request": documents.request, "response": documents.response, "log": documents.log}.get(name)


def chosen(name: str, documents: Documents, is_span: bool = False) -> str:
    """The document to show: the one that was asked for, if the log has it; else the first of response, request and log.

    Of a span it is the span itself, and for a missing response the log: what a failed call came to stands there.
    """
    wanted = (name, "log") if is_span or name == "response" else (name, "response", "request", "log")
    return next(found for found in wanted if document(documents, found) is not None)


def view(documents: Documents, name: str, base_url: str, is_span: bool = False) -> RawView:
    content = document(documents, name) or b""
    part = excerpt(readable(content).text, MOST_DRAWN_CHARS, MOST_LINES)
    names = NAMES_OF_SPAN if is_span else NAMES
    tabs = [(key, title, key == name) for key, title in names.items() if document(documents, key) is not None]
    is_received = not is_span or name == "log"
    return RawView(
        name, tabs, drawn(part.shown), len(content), len(part.shown), part.hidden_chars, base_url, is_received
    )


def readable(content: bytes) -> Indented:
    """JSON text, indented where that takes no time."""
    return indent(content.decode("utf-8", "replace"))


def clipped(text: str, most: int) -> str:
    """The beginning of a text, and how much follows it."""
    part = excerpt(text, most, lines=40)
    return f"{part.shown}… ({part.hidden_chars:,} more characters in the raw JSON)" if part.hidden_chars else text
