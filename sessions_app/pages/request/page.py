"""One request: its permalink, its facts beside the session, and the messages it sent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from html import escape
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe

from sessions_app import bounds
from sessions_app.content.json_bytes import DocumentError, json_kind, loads
from sessions_app.content.json_values import to_json
from sessions_app.content.packed_digests import packed_count
from sessions_app.models import Project
from sessions_app.pages.html.messages import MessageWriter
from sessions_app.pages.html.plain_text import visible
from sessions_app.pages.request import curl, raw_json
from sessions_app.pages.request.beside import reports_fold
from sessions_app.pages.request.copies import copies_view
from sessions_app.pages.request.spans import spans_view
from sessions_app.pages.shell import project_page, render_page
from sessions_app.pages.thread.correction_menu import correction_context
from sessions_app.pages.thread.place import Place, facts_context, is_span, place_of, whole_number
from sessions_app.pages.thread.steps import StepWriter
from sessions_app.pages.thread.thread import MESSAGES_BLOCK, ThreadBuilder, more_messages
from sessions_app.queries.lookup import find_request
from sessions_app.queries.session import RequestLine
from sessions_app.queries.thread import Window, load_messages, load_step, load_whole, load_window
from sessions_app.records import Documents
from sessions_app.structure.nesting import WORK
from sessions_app.structure.timeline import CALLS_OF_MODELS
from sessions_app.wire import documents_of

_PARAMETER_CHARS = 2_000
_AROUND = " " * 100
# Of what an answer may have in bytes, this much each is for what was sent, for what came back, for parameters and for
# metadata. What stands around them has bounds of its own.
PART_OF_SIDE, PART_OF_MEMBERS = 0.25, 0.08


@project_page
def request_page(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """Everything about one request, or one step."""
    place = place_of(project, request_id)
    if place is None:
        return render_page(request, "request_gone.html", {"section": "sessions"}, project, status=404)
    window, entry = load_whole(place.session, place.lines, place.index, place.log)
    documents = documents_of(place.log.source, entry or b"{}")
    from_span = is_span(place.log)
    chosen = raw_json.chosen(request.GET.get("raw", ""), documents, from_span)
    context = {
        "section": "sessions",
        **_input_and_output(request, place, window),
        "parameters": _members(documents.parameters),
        "metadata": _metadata(documents),
        "raw": raw_json.view(documents, chosen, place.url, from_span),
        "curl": curl.command(place.log, documents.request) if place.log.kind in CALLS_OF_MODELS else "",
        "previous": place.neighbour(-1),
        "next": place.neighbour(1),
        "reports": reports_of(place),
        "copies": copies_view(place.log) if place.session.is_contradicted else None,
        "spans": spans_view(project, place.log, _first_span(request)),
    }
    context |= facts_context(project, place, window)
    if place.is_request:
        context |= correction_context(request, project, place.session.id)
    return render_page(request, "request.html", context, project)


def _first_span(request: HttpRequest) -> int:
    return max(whole_number(request.GET.get("spans", ""), 1) - 1, 0)


def reports_of(place: Place) -> SafeString:
    """The other spans that report the same call."""
    html = reports_fold(place.reports, place.addresses) if place.reports else ""
    return mark_safe(html)  # noqa: S308 - escaped there


def _input_and_output(request: HttpRequest, place: Place, window: Window) -> dict[str, Any]:
    if not place.line.step:
        with bounds.share(PART_OF_SIDE):
            sent = input_of(request, place, window)
        with bounds.share(PART_OF_SIDE):
            html = _output(place, window, max(whole_number(request.GET.get("output", ""), 1) - 1, 0))
        return {"input": sent, "output": mark_safe(html)}  # noqa: S308 - written by MessageWriter, which escapes
    detail = window.details.get(place.index)
    if detail is None:
        return {"input": Input(mark_safe(""), 0, 0, False), "output": mark_safe("")}
    window.steps[place.line.id] = detail
    given, returned = step_bodies(StepWriter(window, place.addresses), place.line)
    count = packed_count(detail.input_parts)
    given_html, returned_html = mark_safe(given), mark_safe(returned)  # noqa: S308 - written by StepWriter
    return {"input": Input(given_html, count, count, False), "output": returned_html}


def step_bodies(writer: StepWriter, line: RequestLine) -> tuple[str, str]:
    """The HTML of what a step was given, and of what it returned or why it failed."""
    is_work = line.kind in WORK
    with bounds.share(PART_OF_SIDE):
        given = writer.given_html(line) if is_work else writer.input_html(line)
    with bounds.share(PART_OF_SIDE):
        returned = writer.returned_html(line) if is_work else writer.output_html(line)
    return given, writer.error_html(line) + returned


@project_page
def request_step(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """What a step was given and returned, to stand in its fold."""
    place = _place_or_404(project, request_id)
    if not request.htmx or place.is_request:
        return redirect(place.url)
    window = load_step(place.session, place.line)
    html = StepWriter(window, place.addresses).opened(place.line)
    return HttpResponse(html)


@project_page
def request_spans(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """Other spans of the request's trace, from number `spans` on."""
    log = find_request(request_id, project.pk)
    if log is None:
        raise Http404
    if not request.htmx:
        return redirect(f"/p/{project.slug}/requests/{log.id}/?spans={_first_span(request) + 1}#spans")
    context = {"spans": spans_view(project, log, _first_span(request)), "project": project}
    return render(request, "_request_span_rows.html", context)


@project_page
def request_facts(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """The facts of a request, beside its session."""
    place = _place_or_404(project, request_id)
    if not request.htmx:
        return redirect(place.url)
    window = load_window(place.session, place.lines, place.index, place.index + 1)
    context = facts_context(project, place, window) | correction_context(request, project, place.session.id)
    return render(request, "_session_inspector.html", context)


# --- input and output -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Input:
    """The messages that a request sent, as far as the page shows them. `is_new`: only those that it added."""

    html: SafeString
    count: int
    new_count: int
    is_new: bool


def input_of(request: HttpRequest, place: Place, window: Window) -> Input:
    added, printed = window.added[place.index], window.printed(place.index)
    new_count = len(list(printed)) + printed.skipped
    if request.GET.get("input") == "new":
        return Input(_new_messages(place, window), added.count, new_count, True)
    # Beyond the last message there is nothing to see: a link may be older than the request's last copy.
    first = min(max(whole_number(request.GET.get("from", ""), 1) - 1, 0), max(added.count - 1, 0))
    html = messages_html(place, window, first, added.count, with_context=True)
    return Input(html, added.count, new_count, False)


def _new_messages(place: Place, window: Window) -> SafeString:
    """What the request added, as its session prints it."""
    builder = ThreadBuilder(window, place.addresses, place.session.first_at, ())
    writer = MessageWriter(place.url, builder.pairs(), place.log.end_user)
    return mark_safe(builder.added_html(place.index, writer))  # noqa: S308 - written by MessageWriter, which escapes


def messages_html(place: Place, window: Window, first: int, last: int, with_context: bool = False) -> SafeString:
    """Input messages from position `first` up to `last`, at most a block of them; then what shows the next ones."""
    end = min(last, first + MESSAGES_BLOCK)
    builder = ThreadBuilder(window, place.addresses, place.session.first_at, ())
    writer = builder.writer_within(place.index, range(first, end))
    folds = builder.context_folds(place.index, writer, always=True) if with_context else ("", "")
    before = more_messages(place.url, 0, first) if with_context and first > 0 else ""
    html = builder.inputs_html(place.index, range(first, end), writer, *folds, end=last)
    after = more_messages(place.url, end, last) if end < last and not writer.left_out else ""
    return mark_safe(before + html + after)  # noqa: S308 - written by MessageWriter, which escapes


def _output(place: Place, window: Window, first: int) -> str:
    builder = ThreadBuilder(window, place.addresses, place.session.first_at, (), first_output=first)
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
    window = load_messages(place.session, place.lines, place.index, range(first, min(last, first + MESSAGES_BLOCK)))
    return HttpResponse(messages_html(place, window, first, last))


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a document for a list of names and values: a short text, or JSON text over several lines."""

    name: str
    text: str
    is_json: bool


@dataclass(frozen=True, slots=True)
class Members:
    """Some members, and how many more there are."""

    items: list[Member]
    left: int


def _members(values: dict[str, Any]) -> Members:
    """Members as far as their part of the answer's budget lasts."""
    items = []
    with bounds.share(PART_OF_MEMBERS) as budget:
        for name, value in bounds.affordable(values.items()):
            items.append(_member(name, value))
            budget.spend(escape(items[-1].name + items[-1].text) + _AROUND)
    return Members(items, len(values) - len(items))


def _member(name: str, value: Any) -> Member:
    text = value if isinstance(value, str) else to_json(value)
    is_json = isinstance(value, (dict, list))
    name = name if len(name) <= _PARAMETER_CHARS else f"{name[:_PARAMETER_CHARS]}…"
    return Member(visible(name), raw_json.clipped(visible(text), _PARAMETER_CHARS), is_json)


def _metadata(documents: Documents) -> Members:
    if documents.metadata is None:
        return Members([], 0)
    try:
        value = loads(documents.metadata)
    except DocumentError:
        value = documents.metadata.decode("utf-8", "replace")
    return _members(value) if isinstance(value, dict) else Members([_member(json_kind(value), value)], 0)


def _place_or_404(project: Project, request_id: uuid.UUID) -> Place:
    place = place_of(project, request_id)
    if place is None:
        raise Http404
    return place
