"""One request: its permalink, its facts beside the session, and the messages it sent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe

from sessions_app import messages
from sessions_app.documents import DocumentError, json_kind, loads, packed_count
from sessions_app.models import Project
from sessions_app.pages import curl, raw_json
from sessions_app.pages.correction_menu import correction_context
from sessions_app.pages.message_html import MessageWriter
from sessions_app.pages.place import Place, facts_context, place_of, whole_number
from sessions_app.pages.plain_text import visible
from sessions_app.pages.shell import project_page, render_page
from sessions_app.pages.thread import MESSAGES_BLOCK, ThreadBuilder, more_messages
from sessions_app.queries.thread import Stretch, load_messages, load_stretch, load_whole
from sessions_app.records import Documents
from sessions_app.wire import documents_of

_PARAMETER_CHARS = 2_000


@project_page
def request_page(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """Everything about one request."""
    place = place_of(project, request_id)
    if place is None:
        return render_page(request, "request_gone.html", {"section": "sessions"}, project, status=404)
    stretch, entry = load_whole(place.session, place.lines, place.index, place.log)
    documents = documents_of(place.log.source, entry or b"{}")
    chosen = raw_json.chosen(request.GET.get("raw", ""), documents)
    context = {
        "section": "sessions",
        "input": input_of(request, place, stretch),
        "output": mark_safe(_output(place, stretch)),  # noqa: S308 - written by MessageWriter, which escapes
        "parameters": _members(documents.parameters),
        "metadata": _metadata(documents),
        "raw": raw_json.view(documents, chosen, place.url),
        "curl": curl.command(place.log, documents.request),
        "previous": place.neighbour(-1),
        "next": place.neighbour(1),
    }
    context |= facts_context(project, place, stretch) | correction_context(request, project, place.session.id)
    return render_page(request, "request.html", context, project)


@project_page
def request_facts(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """The facts of a request, beside its session."""
    place = _place_or_404(project, request_id)
    if not request.htmx:
        return redirect(place.url)
    stretch = load_stretch(place.session, place.lines, place.index, place.index + 1)
    context = facts_context(project, place, stretch) | correction_context(request, project, place.session.id)
    return render(request, "_session_inspector.html", context)


# --- input and output -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Input:
    """The messages that a request sent, as far as the page shows them. `is_new`: only those that it added."""

    html: SafeString
    count: int
    new_count: int
    is_new: bool


def input_of(request: HttpRequest, place: Place, stretch: Stretch) -> Input:
    added, printed = stretch.added[place.index], stretch.printed(place.index)
    new_count = len(list(printed)) + printed.skipped
    if request.GET.get("input") == "new":
        return Input(_new_messages(place, stretch), added.count, new_count, True)
    # Beyond the last message there is nothing to see: a link may be older than the request's last copy.
    first = min(max(whole_number(request.GET.get("from", ""), 1) - 1, 0), max(added.count - 1, 0))
    html = messages_html(place, stretch, first, added.count, with_context=True)
    return Input(html, added.count, new_count, False)


def _new_messages(place: Place, stretch: Stretch) -> SafeString:
    """What the request added, as its session prints it."""
    builder = ThreadBuilder(stretch, place.addresses, place.session.first_at, (), ())
    writer = MessageWriter(place.url, builder.pairs(), place.log.end_user)
    return mark_safe(builder.added_html(place.index, writer))  # noqa: S308 - written by MessageWriter, which escapes


def messages_html(place: Place, stretch: Stretch, first: int, last: int, with_context: bool = False) -> SafeString:
    """Input messages from position `first` up to `last`, at most a block of them; then what shows the next ones."""
    end = min(last, first + MESSAGES_BLOCK)
    builder = ThreadBuilder(stretch, place.addresses, place.session.first_at, (), ())
    writer = builder.writer_within(place.index, range(first, end))
    folds = builder.context_folds(place.index, writer, always=True) if with_context else ("", "")
    before = more_messages(place.url, 0, first) if with_context and first > 0 else ""
    after = more_messages(place.url, end, last) if end < last else ""
    html = before + builder.inputs_html(place.index, range(first, end), writer, *folds) + after
    return mark_safe(html)  # noqa: S308 - written by MessageWriter, which escapes


def _output(place: Place, stretch: Stretch) -> str:
    builder = ThreadBuilder(stretch, place.addresses, place.session.first_at, (), ())
    writer = MessageWriter(place.url, builder.pairs(), place.log.end_user)
    return builder.answer_html(place.index, writer)


@project_page
def request_messages(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """Input messages from position `from` up to `to`, to stand in a page."""
    place = _place_or_404(project, request_id)
    count = packed_count(place.log.input_parts)
    first, last = (min(whole_number(request.GET.get(name, ""), 0), count) for name in ("from", "to"))
    if not request.htmx:
        return redirect(f"{place.url}?from={first + 1}#input")
    stretch = load_messages(place.session, place.lines, place.index, range(first, min(last, first + MESSAGES_BLOCK)))
    return HttpResponse(messages_html(place, stretch, first, last))


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a document for a list of names and values: a short text, or JSON text over several lines."""

    name: str
    text: str
    is_json: bool


def _members(values: dict[str, Any]) -> list[Member]:
    return [_member(name, value) for name, value in values.items()]


def _member(name: str, value: Any) -> Member:
    text = value if isinstance(value, str) else messages.to_json(value)
    is_json = isinstance(value, (dict, list))
    return Member(visible(name), raw_json.clipped(visible(text), _PARAMETER_CHARS), is_json)


def _metadata(documents: Documents) -> list[Member]:
    if documents.metadata is None:
        return []
    try:
        value = loads(documents.metadata)
    except DocumentError:
        value = documents.metadata.decode("utf-8", "replace")
    return _members(value) if isinstance(value, dict) else [_member(json_kind(value), value)]


def _place_or_404(project: Project, request_id: uuid.UUID) -> Place:
    place = place_of(project, request_id)
    if place is None:
        raise Http404
    return place
