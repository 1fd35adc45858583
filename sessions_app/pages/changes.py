"""What a request changed in the history that it sent again: removed messages, new ones, and texts compared."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from sessions_app.histories import EDITED, Change
from sessions_app.models import Project
from sessions_app.pages.message_html import MessageWriter, Source
from sessions_app.pages.place import Place, place_of
from sessions_app.pages.plain_text import isolated
from sessions_app.pages.shell import project_page, render_page, render_page_or_partial
from sessions_app.pages.text_diff import diff_html
from sessions_app.pages.thread import ThreadBuilder, unread
from sessions_app.pages.wording import messages_changed
from sessions_app.queries.thread import Stretch, load_changes
from sessions_app.templatetags.format import exact

# Of messages that are gone, and of those that came instead, so many are printed.
MOST_PRINTED = 50


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change: what happened, the messages before and after; texts that were edited as their difference."""

    title: str
    difference: SafeString
    removed: SafeString
    removed_more: int
    added: SafeString
    added_more: int


@project_page
def request_changes(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """The differences between the history that a request sent and the one it had: in its place, or as a page."""
    place = place_of(project, request_id)
    if place is None:
        return render_page(request, "request_gone.html", {"section": "sessions"}, project, status=404)
    stretch = load_changes(place.session, place.lines, place.index)
    base = stretch.added[place.index].base if place.index in stretch.added else None
    context = {
        "section": "sessions",
        "place": place,
        "base_number": None if base is None else base + 1,
        "base_url": None if base is None else place.addresses.in_session(base + 1),
        "changes": [] if base is None else changes_of(stretch, place, base),
    }
    return render_page_or_partial(request, "request_changes.html", "_request_changes.html", context, project)


def changes_of(stretch: Stretch, place: Place, base: int) -> list[ChangeView]:
    """The changes of a request's history, ready for the template."""
    builder = ThreadBuilder(stretch, place.addresses, place.session.first_at, ())
    writer = MessageWriter(place.url)
    return [_view(change, stretch, builder, writer, place.index, base) for change in stretch.added[place.index].changes]


def _view(
    change: Change, stretch: Stretch, builder: ThreadBuilder, writer: MessageWriter, index: int, base: int
) -> ChangeView:
    difference = _difference(change, stretch, builder, index, base) if change.kind == EDITED else ""
    old, new = ((), ()) if difference else (change.old, change.new)
    words = messages_changed(change)
    return ChangeView(
        title=words[0].upper() + words[1:],
        difference=mark_safe(difference),  # noqa: S308 - escaped there
        removed=mark_safe(_messages(stretch, builder, writer, base, old)),  # noqa: S308 - escaped by MessageWriter
        removed_more=max(len(old) - MOST_PRINTED, 0),
        added=mark_safe(_messages(stretch, builder, writer, index, new)),  # noqa: S308 - escaped by MessageWriter
        added_more=max(len(new) - MOST_PRINTED, 0),
    )


def _difference(change: Change, stretch: Stretch, builder: ThreadBuilder, index: int, base: int) -> str:
    """The texts of edited messages compared; "" unless that says all: images or calls may have changed as well."""
    pieces = []
    for before, after in list(zip(change.old, change.new, strict=True))[:MOST_PRINTED]:
        old, new = (_source(stretch, builder, *place) for place in ((base, before), (index, after)))
        html = diff_html(old.text, new.text) if old and new else ""
        if not html:
            return ""
        name = f'<p class="change-of">message {exact(after + 1)}, {isolated(new.message.role) if new else ""}</p>'
        pieces.append((name if len(change.new) > 1 else "") + html)
    return "".join(pieces)


def _messages(
    stretch: Stretch, builder: ThreadBuilder, writer: MessageWriter, index: int, positions: Iterable[int]
) -> str:
    html: list[str] = []
    run: list[Source] = []
    for position in list(positions)[:MOST_PRINTED]:
        source = _source(stretch, builder, index, position)
        if source:
            run.append(source)
        elif found := stretch.history_digest(index, position):
            html += [writer.thread(run), unread(stretch.parts.get(found[0]), found[0], writer.base_url, found[1])]
            run = []
    return "".join([*html, writer.thread(run)])


def _source(stretch: Stretch, builder: ThreadBuilder, index: int, position: int) -> Source | None:
    found = stretch.history_digest(index, position)
    return builder.source(found[0], found[1], (index, "h", position)) if found else None
