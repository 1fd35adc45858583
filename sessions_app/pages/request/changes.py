"""A request compared with the one that it continues: what it changed in the history that it sent again (messages that
are gone, new ones, edited texts), and on a page of its own also what is the same and what it added.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from markupsafe import Markup

from sessions_app import bounds
from sessions_app.models import Project
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.messages import ROLE_CHARS, MessageWriter, Pairs, Source
from sessions_app.pages.html.pieces import more, reference
from sessions_app.pages.html.text_diff import TextDifference, difference
from sessions_app.pages.shell import htmx_of, project_page, render_page, render_page_or_partial
from sessions_app.pages.thread.pairing import Pairing
from sessions_app.pages.thread.place import RequestInSession, place_of, whole_number
from sessions_app.pages.thread.sent import InputWriter, unread
from sessions_app.pages.thread.sources import Sources
from sessions_app.pages.thread.wording import counted, messages_changed
from sessions_app.queries.thread import load_changes, shortly_before
from sessions_app.queries.window import Window
from sessions_app.structure.histories import EDITED, Change

# About as many bytes as a change takes beside its messages.
_AROUND = " " * 500
# The part of a page's bytes that is kept for what is new in a request.
PART_OF_NEW = 0.25
# At most this many removed messages, and this many new ones, are shown of a change.
MOST_PRINTED = 50
# More messages that are gone are folded: what stands in their place is read first.
MOST_OPEN = 3


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change: what happened, and the messages before and after it. Of edited texts there is the difference instead.

    `note` says what is not compared.
    """

    title: str
    note: Markup
    difference: Markup
    removed: Markup
    removed_count: int
    removed_more: int
    added: Markup
    added_more: int


@project_page
def request_changes(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """What a request changed in the history before it: within its session, or as a page."""
    place = place_of(project, request_id)
    if place is None:
        return render_page(request, "request_gone.html", {"section": "sessions"}, project, status=404)
    start, skip = (whole_number(request.GET.get(name, ""), 0) for name in ("from", "skip"))
    start = max(start - 1, 0)
    window = load_changes(place.session, place.lines, place.index, start, skip)
    added = window.added.get(place.index)
    base = added.base if added else None
    changes = added.changes if added and base is not None else ()
    is_page = not htmx_of(request) and not start and not skip
    with bounds.share(1 - PART_OF_NEW if is_page else 1.0):
        shown = changes_of(window, place, base, changes, start, skip)
    context = {
        "section": "sessions",
        "place": place,
        "base_number": None if base is None else base + 1,
        "base_url": None if base is None else place.addresses.in_session(base + 1),
        "changes": shown,
        "is_compared": place.index not in window.uncompared,
        "most_open": MOST_OPEN,
        "following": start + len(shown) + 1 if len(shown) < len(changes) else None,
        "left": len(changes) - len(shown),
        "line": place.line,
        "compared": _compared(window, place) if is_page and added else None,
        "previous": place.neighbour(-1),
        "next": place.neighbour(1),
    }
    return render_page_or_partial(request, "request_changes.html", "_request_changes.html", context, project)


@dataclass(frozen=True, slots=True)
class Compared:
    """What is around the changes: how many messages are the same, folded, and what the request added."""

    same_count: int
    same: Markup
    new: Markup


def _compared(window: Window, place: RequestInSession) -> Compared:
    sources, added = Sources(window, place.addresses), window.added[place.index]
    pairs = sources.pairs()
    pairs = replace(pairs, calls={**_names_of_new(sources, place.index).calls, **pairs.calls})
    writer = MessageWriter(place.url, pairs, place.log.end_user, prints_results=True)
    inputs = InputWriter(sources)
    inputs.note_change(place.index, writer)
    with bounds.share(PART_OF_NEW):
        new = inputs.added(place.index, writer)
    end = added.start
    # Those that are the same, and those of which the changes are listed.
    every = "all " if end > added.shared else ""
    words = f"Show {every}{counted(end, 'message')} from before what is new"
    partial = f"{place.url}messages/?from=0&to={end}"
    same = more(words, f"{place.url}#input", partial) if added.shared and end else NOTHING
    return Compared(added.shared, same, new)


def changes_of(
    window: Window, place: RequestInSession, base: int | None, changes: Sequence[Change], start: int, skip: int
) -> list[ChangeView]:
    """Changes of a request's history, as far as the answer's budget lasts and their messages were read.

    `start` is how many changes are before these, `skip` how many messages of the first one.
    """
    if base is None:
        return []
    views: list[ChangeView] = []
    for number, change in enumerate(bounds.affordable(changes), start=start + 1):
        # A writer of its own, so that of each change the first message is shown in any case.
        sources = Sources(window, place.addresses)
        messages = MessageWriter(place.url, _names(sources, change, place.index, base), prints_results=True)
        writer = ChangeWriter(sources, messages, place.index, base)
        if views and not writer.is_read(change):
            break
        views.append(writer.view(change, f"{place.url}changes/?from={number}&skip=", 0 if views else skip))
        bounds.current().spend(_AROUND)
    return views


def _names_of_new(sources: Sources, index: int) -> Pairs:
    """Which tools returned the results that a request added, where their calls stand before them in its input."""
    pairing, printed = Pairing(), sources.window.printed(index)
    pairing.within(sources.inputs(index, sorted({*printed, *shortly_before(printed)})))
    return Pairs(calls=pairing.calls)


def _names(sources: Sources, change: Change, index: int, base: int) -> Pairs:
    """Which tools returned the results of a change. Each message stands in its place, calls without their results."""
    pairing = Pairing()
    for request, positions in ((base, change.old[:MOST_PRINTED]), (index, change.new[:MOST_PRINTED])):
        places = sorted({*positions, *shortly_before(positions)})
        pairing.within([found for place in places if (found := sources.of_history(request, place))])
    return Pairs(calls=pairing.calls)


@dataclass(frozen=True, slots=True)
class ChangeWriter:
    """Writes a change between the history of the request `base` and that of the request `index`."""

    sources: Sources
    writer: MessageWriter
    index: int
    base: int

    def is_read(self, change: Change) -> bool:
        """Whether the messages of a change that would be shown were looked for."""
        window = self.sources.window
        places = [(self.base, p) for p in change.old[:MOST_PRINTED]] + [
            (self.index, p) for p in change.new[:MOST_PRINTED]
        ]
        digests = [found[0] for place in places if (found := window.history_digest(*place))]
        return all(digest in window.parts for digest in digests)

    def view(self, change: Change, url: str, skipped: int) -> ChangeView:
        """The first `skipped` messages are left out, since they were shown before.

        `url` shows more of the change. The number of messages to skip has to be added at its end.
        """
        found, count = self._difference(change) if change.kind == EDITED else (TextDifference(), 0)
        left = len(change.new) - count if found.html else 0
        old, new = ((), ()) if found.html else (change.old, change.new)
        words = messages_changed(change)
        rest = more(f"Show {counted(left, 'more edited message')}", f"{url}{skipped + count}") if left else NOTHING
        removed, removed_more = self._messages(self.base, old)
        added, added_more = self._messages(self.index, new)
        return ChangeView(
            title=words[0].upper() + words[1:],
            note=reference("info", f"The texts are not compared: {found.why_not}") if found.why_not else NOTHING,
            difference=found.html + rest,
            removed=removed,
            removed_count=len(old),
            removed_more=removed_more,
            added=added,
            added_more=added_more,
        )

    def _difference(self, change: Change) -> tuple[TextDifference, int]:
        """The texts of edited messages compared, and how many messages that is.

        Empty if the texts are equal: then images or tool calls have changed, and the messages are shown whole.
        """
        pieces: list[Markup] = []
        pairs = zip(change.old[:MOST_PRINTED], change.new[:MOST_PRINTED], strict=True)
        for before, after in pairs:
            old, new = self.sources.of_history(self.base, before), self.sources.of_history(self.index, after)
            found = difference(old.text, new.text) if old and new else TextDifference()
            if found.why_not and pieces:
                break
            if not found.html:
                return found, 0
            role = new.message.role[:ROLE_CHARS] if new else ""
            title = component("request", "edited")(after + 1, role) if len(change.new) > 1 else NOTHING
            pieces.append(title + found.html)
            bounds.current().spend(pieces[-1])
        return TextDifference(joined(pieces)), len(pieces)

    def _messages(self, index: int, positions: Sequence[int]) -> tuple[Markup, int]:
        """Messages by their positions, as far as the budget lasts, and how many more there are."""
        window, writer = self.sources.window, self.writer
        html: list[Markup] = []
        run: list[Source] = []
        count = 0
        for position in positions[:MOST_PRINTED]:
            source = self.sources.of_history(index, position)
            if source:
                run.append(source)
            elif found := window.history_digest(index, position):
                html.append(writer.thread(run))
                html.append(unread(window.parts.get(found[0]), found[0], writer.base_url, found[1]))
                count += len(run) - len(writer.left_out) + 1
                run = []
                if writer.left_out:
                    break
        html.append(writer.thread(run))
        count += len(run) - len(writer.left_out)
        return joined(html), len(positions) - count
