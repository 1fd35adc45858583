"""What a request changed in the history that it sent again: removed messages, new ones, and texts compared."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe

from sessions_app import bounds
from sessions_app.models import Project
from sessions_app.pages.html.messages import ROLE_CHARS, MessageWriter, Source, reference
from sessions_app.pages.html.plain_text import isolated
from sessions_app.pages.html.text_diff import Difference, difference
from sessions_app.pages.shell import project_page, render_page, render_page_or_partial
from sessions_app.pages.thread.place import Place, place_of, whole_number
from sessions_app.pages.thread.thread import ThreadBuilder, unread
from sessions_app.pages.thread.wording import counted, messages_changed
from sessions_app.queries.thread import load_changes
from sessions_app.queries.window import Window
from sessions_app.structure.histories import EDITED, Change
from sessions_app.templatetags.format import exact

_AROUND = " " * 500
# Of messages that are gone, and of those that came instead, so many are printed.
MOST_PRINTED = 50


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change: what happened, the messages before and after; texts that were edited as their difference.

    `note` is the HTML of what is not compared.
    """

    title: str
    note: SafeString
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
    start, skip = (whole_number(request.GET.get(name, ""), 0) for name in ("from", "skip"))
    start = max(start - 1, 0)
    window = load_changes(place.session, place.lines, place.index, start, skip)
    added = window.added.get(place.index)
    base = added.base if added else None
    changes = added.changes if added and base is not None else ()
    shown = changes_of(window, place, base, changes, start, skip)
    context = {
        "section": "sessions",
        "place": place,
        "base_number": None if base is None else base + 1,
        "base_url": None if base is None else place.addresses.in_session(base + 1),
        "changes": shown,
        "is_compared": place.index not in window.uncompared,
        "following": start + len(shown) + 1 if len(shown) < len(changes) else None,
        "left": len(changes) - len(shown),
    }
    return render_page_or_partial(request, "request_changes.html", "_request_changes.html", context, project)


def changes_of(
    window: Window, place: Place, base: int | None, changes: Sequence[Change], start: int, skip: int
) -> list[ChangeView]:
    """Changes of a request's history, ready for the template, as far as the answer's budget lasts and they were read.

    `start`: how many changes are before these, and `skip`: how many messages of the first one.
    """
    if base is None:
        return []
    builder = ThreadBuilder(window, place.addresses, place.session.first_at, ())
    views = []
    for number, change in enumerate(bounds.affordable(changes), start=start + 1):
        if views and not _is_read(change, window, place.index, base):
            break
        # A writer of its own: of each change the first message is shown in any case.
        writer = MessageWriter(place.url)
        link = f"{place.url}changes/?from={number}&amp;skip="
        views.append(_view(change, window, builder, writer, place.index, base, (link, 0 if views else skip)))
        bounds.current().spend(_AROUND)
    return views


def _is_read(change: Change, window: Window, index: int, base: int) -> bool:
    """Whether the messages were looked for that are printed of a change."""
    places = [(base, p) for p in change.old[:MOST_PRINTED]] + [(index, p) for p in change.new[:MOST_PRINTED]]
    digests = [found[0] for place in places if (found := window.history_digest(*place))]
    return all(digest in window.parts for digest in digests)


def _view(
    change: Change,
    window: Window,
    builder: ThreadBuilder,
    writer: MessageWriter,
    index: int,
    base: int,
    rest: tuple[str, int],
) -> ChangeView:
    """`rest`: the link that shows more of the change, without the number of messages, of which so many came before."""
    found, count = _difference(change, window, builder, index, base) if change.kind == EDITED else (Difference(), 0)
    left = len(change.new) - count if found.html else 0
    old, new = ((), ()) if found.html else (change.old, change.new)
    words = messages_changed(change)
    words_of_note = "The texts are not compared: too large, or too much on this page"
    note = reference("info", words_of_note) if found.is_too_large else ""
    more = _more_edited(f"{rest[0]}{rest[1] + count}", left) if left else ""
    removed, removed_more = _messages(window, builder, writer, base, old)
    added, added_more = _messages(window, builder, writer, index, new)
    return ChangeView(
        title=words[0].upper() + words[1:],
        note=mark_safe(note),  # noqa: S308 - our own words
        difference=mark_safe(found.html + more),  # noqa: S308 - escaped in `text_diff`
        removed=mark_safe(removed),  # noqa: S308 - escaped by MessageWriter
        removed_more=removed_more,
        added=mark_safe(added),  # noqa: S308 - escaped by MessageWriter
        added_more=added_more,
    )


def _more_edited(url: str, left: int) -> str:
    """What shows the other edited messages of a change."""
    return f'<a class="more-btn" href="{url}">Show {counted(left, "more edited message")}</a>'


def _difference(
    change: Change, window: Window, builder: ThreadBuilder, index: int, base: int
) -> tuple[Difference, int]:
    """The texts of edited messages compared, and of how many; none unless that says all: images or calls may have
    changed as well.
    """
    pieces: list[str] = []
    pairs = zip(change.old[:MOST_PRINTED], change.new[:MOST_PRINTED], strict=True)
    for before, after in pairs:
        old, new = (_source(window, builder, *place) for place in ((base, before), (index, after)))
        found = difference(old.text, new.text) if old and new else Difference()
        if found.is_too_large and pieces:
            break
        if not found.html:
            return found, 0
        role = isolated(new.message.role[:ROLE_CHARS]) if new else ""
        name = f'<p class="change-of">message {exact(after + 1)}, {role}</p>'
        pieces.append(bounds.current().spend((name if len(change.new) > 1 else "") + found.html))
    return Difference("".join(pieces)), len(pieces)


def _messages(
    window: Window, builder: ThreadBuilder, writer: MessageWriter, index: int, positions: Sequence[int]
) -> tuple[str, int]:
    """Messages by their positions, as far as the budget lasts, and how many more there are."""
    html: list[str] = []
    run: list[Source] = []
    count = 0
    for position in positions[:MOST_PRINTED]:
        source = _source(window, builder, index, position)
        if source:
            run.append(source)
        elif found := window.history_digest(index, position):
            html += [writer.thread(run), unread(window.parts.get(found[0]), found[0], writer.base_url, found[1])]
            count += len(run) - len(writer.left_out) + 1
            run = []
            if writer.left_out:
                break
    html.append(writer.thread(run))
    count += len(run) - len(writer.left_out)
    return "".join(html), len(positions) - count


def _source(window: Window, builder: ThreadBuilder, index: int, position: int) -> Source | None:
    found = window.history_digest(index, position)
    return builder.source(found[0], found[1], (index, "h", position)) if found else None
