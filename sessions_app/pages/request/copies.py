"""Copies of a request's log that contradict what is stored: a note on the request's page, and a page for each copy."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse

from sessions_app.models import Project, RequestLog
from sessions_app.pages.request import raw_json
from sessions_app.pages.request.content import raw_response
from sessions_app.pages.shell import project_page, render_page
from sessions_app.pages.thread.place import SPANS, is_span
from sessions_app.queries import contradictions
from sessions_app.queries.contradictions import Copy
from sessions_app.queries.lookup import find_request
from sessions_app.records import Documents
from sessions_app.wire import documents_of

MOST_SHOWN = 5
MOST_LISTED = 50
_AFTER = re.compile(r"(\d{1,18})\.(\d{1,9})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class CopiesView:
    """The first contradicting copies of a request, and how many more there are."""

    copies: Sequence[Copy]
    count: int
    more: int


def copies_view(log: RequestLog) -> CopiesView | None:
    """The contradicting copies on the page of a request; None when it has none. At most two statements."""
    found = contradictions.contradicted(log.session_id, [log.id]).get(log.id)
    if found is None:
        return None
    copies = contradictions.copies_of(log, MOST_SHOWN)
    return CopiesView(copies, found.count, max(found.count - len(copies), 0))


@project_page
def copies_page(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """All contradicting copies of a request, page by page."""
    log = _request_or_404(project, request_id)
    match = _AFTER.fullmatch(request.GET.get("after", ""))
    after = (int(match[1]), int(match[2]), uuid.UUID(match[3])) if match else None
    found = contradictions.copies_of(log, MOST_LISTED + 1, after)
    last = found[MOST_LISTED - 1] if len(found) > MOST_LISTED else None
    context = {
        "section": "sessions",
        "log": log,
        "copies": found[:MOST_LISTED],
        "is_first": after is None,
        "next": f"{last.entry_id}.{last.entry_index}.{last.id.hex}" if last else "",
    }
    return render_page(request, "request_copies.html", context, project)


@project_page
def copy_page(request: HttpRequest, project: Project, request_id: uuid.UUID, copy_id: uuid.UUID) -> HttpResponse:
    """One copy: the members in which it differs, and its documents."""
    log, copy, documents = _copy_or_404(project, request_id, copy_id)
    from_span = copy.source == SPANS
    chosen = raw_json.chosen(request.GET.get("raw", "log"), documents, from_span)
    url = _url(project, log, copy)
    context = {
        "section": "sessions",
        "log": log,
        "copy": copy,
        "from_span": is_span(log),
        "raw": raw_json.view(documents, chosen, url, from_span),
    }
    return render_page(request, "request_copy.html", context, project)


@project_page
def copy_raw(
    request: HttpRequest, project: Project, request_id: uuid.UUID, copy_id: uuid.UUID, which: str
) -> HttpResponse:
    """The JSON of a copy's documents, like `request_raw` for those of the request."""
    log, copy, documents = _copy_or_404(project, request_id, copy_id)
    return raw_response(request, project, documents, which, _url(project, log, copy), copy.id, copy.source == SPANS)


def _url(project: Project, log: RequestLog, copy: Copy) -> str:
    return f"/p/{project.slug}/requests/{log.id}/copies/{copy.id}/"


def _request_or_404(project: Project, request_id: uuid.UUID) -> RequestLog:
    log = find_request(request_id, project.pk)
    if log is None:
        raise Http404
    return log


def _copy_or_404(project: Project, request_id: uuid.UUID, copy_id: uuid.UUID) -> tuple[RequestLog, Copy, Documents]:
    log = _request_or_404(project, request_id)
    copy = contradictions.find_copy(log, copy_id)
    body = contradictions.bodies_of([copy_id]).get(copy_id) if copy else None
    if copy is None or body is None:
        raise Http404
    return log, copy, documents_of(copy.source, body)
