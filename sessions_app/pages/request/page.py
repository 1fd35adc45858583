"""One request: its permalink, its facts beside the session, and the messages it sent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content.json_bytes import DocumentError, json_kind, loads
from sessions_app.content.json_values import to_json
from sessions_app.content.packed_digests import packed_count
from sessions_app.models import Project
from sessions_app.pages.html.components import NOTHING, joined
from sessions_app.pages.html.finding import finding
from sessions_app.pages.html.messages import MessageWriter
from sessions_app.pages.html.pieces import row
from sessions_app.pages.html.plain_text import escaped, visible
from sessions_app.pages.request import curl, raw_json
from sessions_app.pages.request.copies import copies_view
from sessions_app.pages.request.found import Words, words_in
from sessions_app.pages.request.spans import spans_view
from sessions_app.pages.shell import htmx_of, project_page, render_page
from sessions_app.pages.thread.absence import CallBody
from sessions_app.pages.thread.answer import AnswerWriter
from sessions_app.pages.thread.correction_menu import correction_context
from sessions_app.pages.thread.place import RequestInSession, facts_context, is_span, place_of, whole_number
from sessions_app.pages.thread.reports import reports_fold, told_apart
from sessions_app.pages.thread.sent import InputWriter, more_messages
from sessions_app.pages.thread.sources import Sources
from sessions_app.pages.thread.steps import StepWriter
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.contradictions import contradicted
from sessions_app.queries.lookup import find_request
from sessions_app.queries.session import RequestLine
from sessions_app.queries.thread import load_messages, load_step, load_whole, load_window
from sessions_app.queries.window import Window
from sessions_app.records import Documents
from sessions_app.structure.nesting import WORK
from sessions_app.structure.timeline import CALLS_OF_MODELS
from sessions_app.wire import documents_of

# The most input messages that are shown at a time.
MESSAGES_BLOCK = 100
_PARAMETER_CHARS = 2_000
# About as many bytes as a member takes beside its own text.
_AROUND = " " * 100
# The part of an answer's bytes for what was sent, and again for what came back; the part for parameters, and again for
# metadata. The rest of the page has bounds of its own.
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
    words = words_in(request.GET)
    with finding(words.needles):
        contents = _input_and_output(request, place, window, documents, words)
    context = {
        "section": "sessions",
        "words": words,
        **contents,
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
    return render_page(request, "request.html", context | _marked(request, context, words), project)


def _marked(request: HttpRequest, context: dict[str, Any], words: Words) -> dict[str, Any]:
    """What stands below the head of the page, with marks if words are looked for."""
    body = render_to_string("_request_body.html", context, request)
    marked = words.marked(body) if words.needles else None
    return {"body": body if marked is None else marked, "is_marked": marked is not None}


def _is_contradicted(place: RequestInSession) -> bool:
    """Whether a copy of the request is kept beside it; no statement where there is none in its session."""
    return place.session.is_contradicted and bool(contradicted(place.session.id, [place.log.id]))


def _first_span(request: HttpRequest) -> int:
    return max(whole_number(request.GET.get("spans", ""), 1) - 1, 0)


def reports_of(place: RequestInSession) -> Markup:
    """The other spans that report the same call."""
    return reports_fold(place.reports, place.addresses) if place.reports else NOTHING


def _input_and_output(
    request: HttpRequest, place: RequestInSession, window: Window, documents: Documents, words: Words
) -> dict[str, Any]:
    if not place.line.step:
        with bounds.share(PART_OF_SIDE):
            sent = input_of(request, place, window, documents, words.part)
        with bounds.share(PART_OF_SIDE):
            html = _output(place, window, documents, max(whole_number(request.GET.get("output", ""), 1) - 1, 0))
        return {"input": sent, "output": html}
    detail = window.details.get(place.index)
    if detail is None:
        return {"input": SentMessages(NOTHING, 0, 0, noun="value"), "output": NOTHING}
    window.steps[place.line.id] = detail
    given, returned = step_bodies(StepWriter(window, place.addresses), place.line)
    count = packed_count(detail.input_parts)
    return {"input": SentMessages(given, count, count, noun="value"), "output": returned}


def step_bodies(writer: StepWriter, line: RequestLine) -> tuple[Markup, Markup]:
    """What a step was given, and what it returned or why it failed."""
    is_work = line.kind in WORK
    with bounds.share(PART_OF_SIDE):
        given = writer.given_html(line) if is_work else writer.input_html(line)
    with bounds.share(PART_OF_SIDE):
        returned = writer.returned_html(line) if is_work else writer.output_html(line)
    return given, writer.error_html(line) + returned


@project_page
def request_step(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """What a step was given and returned, shown in the step when it is opened."""
    place = _place_or_404(project, request_id)
    if not htmx_of(request) or place.is_request:
        return redirect(place.url)
    window = load_step(place.session, place.line)
    return HttpResponse(StepWriter(window, place.addresses).opened(place.line))


@project_page
def request_spans(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """Other spans of the request's trace, beginning with the number `spans`."""
    log = find_request(request_id, project.pk)
    if log is None:
        raise Http404
    if not htmx_of(request):
        return redirect(f"/p/{project.slug}/requests/{log.id}/?spans={_first_span(request) + 1}#spans")
    context = {"spans": spans_view(project, log, _first_span(request)), "project": project}
    return render(request, "_request_span_rows.html", context)


@project_page
def request_facts(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """The facts of a request, to be shown beside its session."""
    place = _place_or_404(project, request_id)
    if not htmx_of(request):
        return redirect(place.url)
    window = load_window(place.session, place.lines, place.index, place.index + 1)
    context = facts_context(project, place, window) | correction_context(request, project, place.session.id)
    return render(request, "_session_inspector.html", context)


# --- input and output -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SentMessages:
    """The messages that a request sent, as far as the page shows them. `is_new`: only those that it added.

    A step has values instead, as its `noun` says.
    """

    html: Markup
    count: int
    new_count: int
    is_new: bool = False
    noun: str = "message"

    @property
    def words(self) -> str:
        return counted(self.count, self.noun)


def input_of(
    request: HttpRequest, place: RequestInSession, window: Window, documents: Documents, wanted: bytes | None = None
) -> SentMessages:
    """What a request sent: a block of its messages, which the address names, or which has the `wanted` one."""
    added, printed = window.added[place.index], window.printed(place.index)
    new_count = len(list(printed)) + printed.skipped
    if request.GET.get("input") == "new":
        return SentMessages(_new_messages(place, window), added.count, new_count, True)
    # A link may be older than the request's last copy, and lead beyond its last message.
    asked = whole_number(request.GET.get("from", ""), _block_with(wanted, place, window) + 1)
    first = min(max(asked - 1, 0), max(added.count - 1, 0))
    html = messages_html(place, window, first, added.count, with_context=True)
    if not added.count:
        instead = told_apart("request", place.reports, place.addresses)
        html = joined((html, instead or row("", CallBody("request", documents, place.url).instead())))
    return SentMessages(html, added.count, new_count)


def _block_with(digest: bytes | None, place: RequestInSession, window: Window) -> int:
    """The position at which the block of input messages begins that has this one; 0 if none has it."""
    inputs = window.inputs(place.index, range(window.added[place.index].count)) if digest else []
    return next((position for position, found in inputs if found == digest), 0) // MESSAGES_BLOCK * MESSAGES_BLOCK


def _new_messages(place: RequestInSession, window: Window) -> Markup:
    """What the request added, as its session shows it."""
    sources = Sources(window, place.addresses)
    writer = MessageWriter(place.url, sources.pairs(), place.log.end_user)
    return InputWriter(sources).added(place.index, writer)


def messages_html(place: RequestInSession, window: Window, first: int, last: int, with_context: bool = False) -> Markup:
    """Input messages from position `first` up to `last`, at most a block of them, then a button for the next ones."""
    end = min(last, first + MESSAGES_BLOCK)
    sources = Sources(window, place.addresses)
    writer, inputs = sources.writer_within(place.index, range(first, end)), InputWriter(sources)
    folds = inputs.context(place.index, writer, always=True) if with_context else (NOTHING, NOTHING)
    before = more_messages(place.url, 0, first) if with_context and first > 0 else NOTHING
    html = inputs.messages(place.index, range(first, end), writer, *folds, end=last)
    after = more_messages(place.url, end, last) if end < last and not writer.left_out else NOTHING
    return joined((before, html, after))


def _output(place: RequestInSession, window: Window, documents: Documents, first: int) -> Markup:
    sources = Sources(window, place.addresses, first_output=first)
    writer = MessageWriter(place.url, sources.pairs(), place.log.end_user)
    return AnswerWriter(sources, documents, place.reports, _is_contradicted(place)).answer(place.index, writer)


@project_page
def request_messages(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """Input messages from position `from` up to `to`, to be put into a page.

    With `context` come the system prompts and tools that were sent beside them.
    """
    place = _place_or_404(project, request_id)
    count = packed_count(bytes(place.log.input_parts))
    first, last = (min(whole_number(request.GET.get(name, ""), 0), count) for name in ("from", "to"))
    if not htmx_of(request):
        return redirect(f"{place.url}?from={first + 1}#input")
    window = load_messages(place.session, place.lines, place.index, range(first, min(last, first + MESSAGES_BLOCK)))
    return HttpResponse(messages_html(place, window, first, last, with_context="context" in request.GET))


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a JSON object, for a list of names and values: a short text, or JSON text of several lines."""

    name: str
    text: str
    is_json: bool


@dataclass(frozen=True, slots=True)
class Members:
    """Some members, and how many more there are."""

    items: list[Member]
    left: int


def _members(values: dict[str, Any]) -> Members:
    """The members of an object, as far as their part of the answer's budget lasts."""
    items: list[Member] = []
    with bounds.share(PART_OF_MEMBERS) as budget:
        for name, value in bounds.affordable(values.items()):
            items.append(_member(name, value))
            budget.spend(escaped(items[-1].name + items[-1].text) + _AROUND)
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


def _place_or_404(project: Project, request_id: uuid.UUID) -> RequestInSession:
    place = place_of(project, request_id)
    if place is None:
        raise Http404
    return place
