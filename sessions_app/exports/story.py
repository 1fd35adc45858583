"""What each request of a session added, block by block, for the formats that people read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from django.http import QueryDict
from django.utils import timezone

from sessions_app import bounds
from sessions_app.content.documents import PartKind
from sessions_app.exports.session import ExportedSession
from sessions_app.pages.session.view import View, view_of
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.sources import Sources
from sessions_app.queries.content import StoredPart
from sessions_app.queries.session import find_session, load_all_lines
from sessions_app.queries.thread import load_window
from sessions_app.queries.window import Window

T = TypeVar("T")

BLOCK, BLOCK_BYTES = 25, 24_000_000
_NO_LIMIT = 2**40


@dataclass(frozen=True, slots=True)
class FileAddresses(Addresses):
    """Requests are in the same file; their pages are at `origin`."""

    origin: str = ""

    @property
    def session(self) -> str:
        return f"{self.origin}/p/{self.slug}/sessions/{self.session_id}/"

    def request(self, request_log_id: object) -> str:
        return f"{self.origin}/p/{self.slug}/requests/{request_log_id}/"

    def _at(self, number: int, fragment: str) -> str:
        return f"#{fragment}"


def whole_pieces(exported: ExportedSession, pieces: Iterator[T]) -> Iterator[T]:
    """The pieces, each made with nothing cut, and with times in the zone of who asked. Each may be made in another
    thread, so it is said anew for each.
    """
    while True:
        with timezone.override(exported.zone), bounds.whole():
            try:
                piece = next(pieces)
            except StopIteration:
                return
        yield piece


def view_of_export(exported: ExportedSession) -> View | None:
    """The whole session; None if it was deleted meanwhile."""
    session = find_session(exported.project.pk, exported.session.pk)
    if session is None:
        return None
    shown = view_of(exported.project, session, load_all_lines(session), QueryDict())
    count = len(shown.lines.requests)
    return replace(shown, addresses=FileAddresses(exported.project.slug, session.id, count, origin=exported.origin))


def windows(shown: View) -> Iterator[Window]:
    """All requests with the steps beside them, some at a time: as many as their content allows."""
    count, said = len(shown.lines.requests), set[int]()
    if not count:
        yield _read(shown, 0, 0, _NO_LIMIT)
    for start in range(0, count, BLOCK):
        for window in _halved(shown, start, min(start + BLOCK, count)):
            said.update(_said_in(window, shown))
            window.texts_said = said
            yield window


def _said_in(window: Window, shown: View) -> Iterator[int]:
    """Hashes of the texts that the requests of a window add. Agents around them have the same."""
    sources = Sources(window, shown.addresses)
    for index in window.shown if shown.lines.steps else ():
        yield from (hash(source.text) for source in sources.inputs(index, window.printed(index)))
        yield from (hash(source.text) for source in sources.outputs(index))


def _halved(shown: View, first: int, last: int) -> Iterator[Window]:
    """What is too much for one block is read in two. A request by itself is read in any case."""
    is_one = last - first == 1
    # Other values beside messages are only read where there are no messages.
    with_others = not all(line.is_conversation for line in shown.lines.requests[first:last])
    window = _read(shown, first, last, _NO_LIMIT if is_one else BLOCK_BYTES)
    if is_one or all(_is_read(part, with_others) for part in window.parts.values()):
        yield window
        return
    del window
    middle = (first + last) // 2
    yield from _halved(shown, first, middle)
    yield from _halved(shown, middle, last)


def _is_read(part: StoredPart, with_others: bool) -> bool:
    return part.content is not None or (part.kind is PartKind.OTHER and not with_others)


def _read(shown: View, first: int, last: int, budget: int) -> Window:
    steps = shown.layout.to_read(range(first, last) if last > first else [-1])
    window = load_window(shown.session, shown.lines.requests, first, last, shown.structure, (), steps, budget)
    window.runs = shown.runs
    return window
