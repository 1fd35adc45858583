"""The manual corrections that a session took part in, and the page that undoes one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from sessions_app.ingest import corrections
from sessions_app.ingest.corrections import CorrectionError
from sessions_app.models import Correction, Project
from sessions_app.pages.corrections.questions import (
    End,
    Question,
    ask,
    corrector_page,
    counted_requests,
    done,
    end_of,
    sentence,
)
from sessions_app.pages.shell import project_page, render_page
from sessions_app.pages.thread.correction_menu import may_correct
from sessions_app.queries.corrections import (
    MOST_SHOWN,
    CorrectionRow,
    find_correction,
    list_corrections,
    row_of,
    sessions_by_id,
)
from sessions_app.queries.lookup import follow_session
from sessions_app.queries.session import find_session


@dataclass(frozen=True, slots=True)
class Made:
    """A correction with the two sessions that it concerns."""

    row: CorrectionRow
    source: End
    target: End


@project_page
def history_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """All corrections by which a session got or lost requests. Every user may read them."""
    session = find_session(project.pk, session_id)
    page = list_corrections(project.pk, session_id, limit=MOST_SHOWN)
    if session is None and (not page.results or follow_session(session_id, project.pk)):
        raise Http404  # `project_page` redirects to where a merged session is now.
    context = {
        "section": "sessions",
        "session": session,
        "session_id": session_id,
        "corrections": _made(project, page.results),
        "is_cut": page.next_cursor is not None,
        "may_correct": may_correct(request),
    }
    return render_page(request, "corrections.html", context, project)


def _made(project: Project, rows: list[CorrectionRow]) -> list[Made]:
    ids = {session_id for row in rows for session_id in (row.source_session_id, row.target_session_id)}
    there = {session.pk: end_of(session) for session in sessions_by_id(project.pk, ids).values()}
    ends = {session_id: there.get(session_id) or End(session_id, str(session_id), is_there=False) for session_id in ids}
    return [Made(row, ends[row.source_session_id], ends[row.target_session_id]) for row in rows]


@corrector_page
def undo_page(request: HttpRequest, project: Project, correction_id: int) -> HttpResponse:
    """Ask first; a POST undoes the correction."""
    correction = find_correction(correction_id, project.pk)
    if correction is None:
        raise Http404
    history = reverse("corrections", args=[project.slug, correction.target_session_id])
    if correction.undone_at is not None:
        messages.warning(request, f"{correction.undone_by} already undid this.")
        return redirect(history)
    if request.method == "POST":
        return _undo(request, project, correction, history)
    (made,) = _made(project, [row_of(correction)])
    question = Question(
        title=f"Undo this {correction.action}?",
        effect=(
            f"{counted_requests(correction.request_count)} will be grouped as if this had not been done: by an earlier "
            "correction, or automatically."
        ),
        source=made.target,
        target=made.source,
        chosen=[],
        more=0,
        button=f"Undo the {correction.action}",
        hidden=[],
        back=history,
    )
    return ask(request, project, question)


def _undo(request: HttpRequest, project: Project, correction: Correction, history: str) -> HttpResponse:
    try:
        corrections.undo(project, correction.pk, request.user.get_username())
    except CorrectionError as error:
        messages.error(request, sentence(error))
        return redirect(history)
    # A session that only existed through the correction is gone now.
    there = find_session(project.pk, correction.source_session_id)
    return done(
        request, project, f"The {correction.action} was undone.", there.id if there else correction.target_session_id
    )
