"""Correct the grouping by hand: move requests, split a session, merge two, see what was corrected, and undo it.

Everything works by forms alone. Each step that changes something is asked about first, on a page that says which
requests go from where to where.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from sessions_app.access import rights
from sessions_app.ingest import corrections
from sessions_app.ingest.corrections import CorrectionError
from sessions_app.models import Correction, Project, Session
from sessions_app.pages.shell import Page, changes, project_page, render_page
from sessions_app.pages.thread.correction_menu import may_correct
from sessions_app.pages.thread.layout import layout_of
from sessions_app.pages.thread.place import place_of, whole_number
from sessions_app.queries.corrections import (
    MOST_SHOWN,
    CorrectionRow,
    TargetError,
    find_correction,
    find_target,
    list_corrections,
    row_of,
    sessions_by_id,
)
from sessions_app.queries.lookup import follow_session
from sessions_app.queries.session import RequestLine, SessionFacts, find_session, load_all_lines

# So many requests of a session are offered on one page, and at most as many move at a time.
MOST_LISTED = 200
# So many of the requests that will move are named one by one.
MOST_NAMED = 20
NEW, EXISTING = "new", "session"

Lines = list[RequestLine]


def corrector_page(view: Page) -> Page:
    """A page of a project for those who may correct its grouping; others are answered with 403."""
    return project_page(changes(rights.CORRECT_SESSIONS)(view))


# --- what a person is asked -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """A request of a session, by its number in it."""

    number: int
    line: RequestLine


@dataclass(frozen=True, slots=True)
class End:
    """A session at one end of a correction; `is_there`: it is not one that its requests have left."""

    id: uuid.UUID
    name: str
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """What is about to be done. `target` is None for a new session. `hidden`: the form's fields."""

    title: str
    effect: str
    source: End
    target: End | None
    chosen: Sequence[Chosen]
    more: int
    button: str
    hidden: Sequence[tuple[str, str]]
    back: str


def _ask(request: HttpRequest, project: Project, question: Question) -> HttpResponse:
    context = {"section": "sessions", "question": question}
    return render_page(request, "correction_confirm.html", context, project)


def _done(request: HttpRequest, project: Project, text: str, session_id: uuid.UUID) -> HttpResponse:
    messages.success(request, text)
    return redirect("session", project.slug, session_id)


def _end(session: Session) -> End:
    return End(session.pk, str(session))


# What is wrong with a correction, as a sentence begins.
SUBJECTS = {
    "requests": "The requests",
    "request": "This request",
    "session": "This session",
    "target": "The other session",
    "correction": "This correction",
}


def _sentence(error: CorrectionError) -> str:
    return f"{SUBJECTS.get(error.field, error.field)} {error.message}."


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count:,} requests"


# --- move and merge -------------------------------------------------------------------------------------------------


@corrector_page
def correct_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """The forms: requests of this session to choose and where to move them, and a session to merge it into."""
    session, lines = _session_or_404(project, session_id)
    return _forms(request, project, session, lines, chosen=set(request.GET.getlist("request")))


def _forms(
    request: HttpRequest,
    project: Project,
    session: SessionFacts,
    lines: Lines,
    chosen: set[str],
    form: QueryDict | None = None,
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    """The page with the forms, as they were sent when something in them is wrong."""
    first = _first_listed(request, lines, chosen)
    listed = [Chosen(index + 1, line) for index, line in enumerate(lines)][first : first + MOST_LISTED]
    context = {
        "section": "sessions",
        "session": session,
        "count": len(lines),
        "listed": listed,
        "chosen": {item.line.id for item in listed if str(item.line.id) in chosen},
        "before": max(first - MOST_LISTED, 0) + 1 if first else None,
        "after": first + MOST_LISTED + 1 if first + MOST_LISTED < len(lines) else None,
        "form": form or {"where": NEW},
        "errors": errors or {},
        "history": list_corrections(project.pk, session.id, limit=1).results,
    }
    return render_page(request, "correction.html", context, project, status=422 if errors else 200)


def _first_listed(request: HttpRequest, lines: Lines, chosen: set[str]) -> int:
    """The index of the first request that the page offers: `from`, else the page with the first chosen one."""
    found = next((index for index, line in enumerate(lines) if str(line.id) in chosen), 0)
    wanted = whole_number(request.GET.get("from", ""), found + 1) - 1
    return min(max(wanted, 0), max(len(lines) - 1, 0)) // MOST_LISTED * MOST_LISTED


@corrector_page
def move_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """Asks, and when that is confirmed moves the chosen requests."""
    session, lines = _session_or_404(project, session_id)
    if request.method != "POST":
        return redirect("correct", project.slug, session_id)
    wanted = set(request.POST.getlist("request"))
    chosen = [Chosen(index + 1, line) for index, line in enumerate(lines) if str(line.id) in wanted]
    errors: dict[str, str] = {}
    if not chosen:
        errors["request"] = "Choose at least one request: none of those that were chosen is in this session."
    target = _target_of(request.POST, project, session, errors)
    if not errors and "confirmed" in request.POST:
        try:
            ids = [item.line.id for item in chosen]
            ids += layout_of(project, load_all_lines(session)).companions(ids)
            made = corrections.move_requests(project, ids, target and target.pk, request.user.get_username())
            moved = f"{_requests(len(chosen))} moved{'' if target else ' to a new session'}."
            return _done(request, project, moved, made.target_session_id)
        except CorrectionError as error:
            errors["to" if error.field == "target" else "request"] = _sentence(error)
    if errors:
        return _forms(request, project, session, lines, wanted, request.POST, errors)
    return _ask(request, project, _move_question(project, session, target, chosen, len(lines)))


def _target_of(form: QueryDict, project: Project, session: SessionFacts, errors: dict[str, str]) -> Session | None:
    """The session to move to, None for a new one; what is wrong with it is noted under `to`."""
    if form.get("where") == NEW:
        if form.get("to", "").strip():
            errors["to"] = "Choose “another session” to move them to this one, or leave this empty."
        return None
    return _other_session(form.get("to", ""), project, session, errors, "to")


def _other_session(
    text: str, project: Project, session: SessionFacts, errors: dict[str, str], field: str
) -> Session | None:
    try:
        target = find_target(project, text)
    except TargetError as error:
        errors[field] = str(error)
        return None
    if target.pk == session.id:
        errors[field] = "This is the session itself: name another one."
    return target


def _move_question(
    project: Project, session: SessionFacts, target: Session | None, chosen: list[Chosen], count: int
) -> Question:
    all_of_it = len(chosen) == count
    where = "the other session" if target else "a new session"
    effect = "Links to what moves will lead to where it is then. Requests that continue it stay where they are."
    if all_of_it:
        effect = "Nothing is left of this session then; its address will lead to where its requests are."
    to = [("where", EXISTING), ("to", str(target.pk))] if target else [("where", NEW)]
    return Question(
        title=f"Move {_requests(len(chosen))} to {where}?",
        effect=effect,
        source=End(session.id, session.name),
        target=target and _end(target),
        chosen=chosen[:MOST_NAMED],
        more=max(len(chosen) - MOST_NAMED, 0),
        button=f"Move {_requests(len(chosen))}",
        hidden=[("request", str(item.line.id)) for item in chosen] + to,
        back=reverse("correct", args=[project.slug, session.id]),
    )


@corrector_page
def merge_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """Asks, and when that is confirmed merges the session into another one."""
    session, lines = _session_or_404(project, session_id)
    if request.method != "POST":
        return redirect("correct", project.slug, session_id)
    errors: dict[str, str] = {}
    target = _other_session(request.POST.get("into", ""), project, session, errors, "into")
    if not errors and target and "confirmed" in request.POST:
        try:
            made = corrections.merge_sessions(project, session.id, target.pk, request.user.get_username())
            return _done(request, project, f"{_requests(len(lines))} merged into this session.", made.target_session_id)
        except CorrectionError as error:
            errors["into"] = _sentence(error)
    if errors or target is None:
        return _forms(request, project, session, lines, set(), request.POST, errors)
    question = Question(
        title="Merge the two sessions?",
        effect=(
            "All requests of the first one go into the second, and so do those that arrive later. The address and the "
            "trace id of the first will lead to the second."
        ),
        source=End(session.id, session.name),
        target=_end(target),
        chosen=[Chosen(index + 1, line) for index, line in enumerate(lines[:MOST_NAMED])],
        more=max(len(lines) - MOST_NAMED, 0),
        button=f"Merge {_requests(len(lines))}",
        hidden=[("into", str(target.pk))],
        back=reverse("correct", args=[project.slug, session.id]),
    )
    return _ask(request, project, question)


# --- split ----------------------------------------------------------------------------------------------------------


@corrector_page
def split_page(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """Asks, and by POST splits the session: this request and all later ones go to a new one."""
    place = place_of(project, request_id)
    if place is None:
        raise Http404
    since = place.lines[place.index].started_at
    # Those that started at the same moment go along, wherever they stand.
    later = [Chosen(index + 1, line) for index, line in enumerate(place.lines) if line.started_at >= since]
    if len(later) == len(place.lines):
        messages.warning(request, "No request started before this one: there is nothing to split it from.")
        return redirect("session", project.slug, place.session.id)
    if request.method == "POST":
        try:
            made = corrections.split_session(project, place.session.id, request_id, request.user.get_username())
            return _done(request, project, f"{_requests(len(later))} split off.", made.target_session_id)
        except CorrectionError as error:
            messages.error(request, _sentence(error))
            return redirect("session", project.slug, place.session.id)
    question = Question(
        title=f"Split the session at request {place.number:,}?",
        effect=(
            f"Request {place.number:,} and all that started after it go to a new session, and so do those that arrive "
            "later. Links to them will lead there."
        ),
        source=End(place.session.id, place.session.name),
        target=None,
        chosen=later[:MOST_NAMED],
        more=max(len(later) - MOST_NAMED, 0),
        button=f"Split off {_requests(len(later))}",
        hidden=[],
        back=place.addresses.in_session(place.number),
    )
    return _ask(request, project, question)


# --- history and undo -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Made:
    """A correction with the sessions it is about."""

    row: CorrectionRow
    source: End
    target: End


@project_page
def history_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """All corrections that a session came of, or lost requests by; everybody may read them."""
    session = find_session(project.pk, session_id)
    page = list_corrections(project.pk, session_id, limit=MOST_SHOWN)
    if session is None and (not page.results or follow_session(session_id, project.pk)):
        raise Http404  # Of one that was merged, the shell knows where it is now.
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
    there = {session.pk: _end(session) for session in sessions_by_id(project.pk, ids).values()}
    ends = {session_id: there.get(session_id) or End(session_id, str(session_id), is_there=False) for session_id in ids}
    return [Made(row, ends[row.source_session_id], ends[row.target_session_id]) for row in rows]


@corrector_page
def undo_page(request: HttpRequest, project: Project, correction_id: int) -> HttpResponse:
    """Asks, and by POST undoes a correction."""
    correction = find_correction(correction_id, project.pk)
    if correction is None:
        raise Http404
    history = reverse("corrections", args=[project.slug, correction.target_session_id])
    if correction.undone_at is not None:
        messages.warning(request, f"{correction.undone_by} has undone this already.")
        return redirect(history)
    if request.method == "POST":
        return _undo(request, project, correction, history)
    (made,) = _made(project, [row_of(correction)])
    question = Question(
        title=f"Undo this {correction.action}?",
        effect=(
            f"{_requests(correction.request_count)} will be where they would be without it: where an earlier "
            "correction or the rules put them."
        ),
        source=made.target,
        target=made.source,
        chosen=[],
        more=0,
        button=f"Undo the {correction.action}",
        hidden=[],
        back=history,
    )
    return _ask(request, project, question)


def _undo(request: HttpRequest, project: Project, correction: Correction, history: str) -> HttpResponse:
    try:
        corrections.undo(project, correction.pk, request.user.get_username())
    except CorrectionError as error:
        messages.error(request, _sentence(error))
        return redirect(history)
    # The session may have been made by the correction, and be no more.
    there = find_session(project.pk, correction.source_session_id)
    return _done(
        request, project, f"The {correction.action} is undone.", there.id if there else correction.target_session_id
    )


def _session_or_404(project: Project, session_id: uuid.UUID) -> tuple[SessionFacts, Lines]:
    session = find_session(project.pk, session_id)
    lines = load_all_lines(session) if session else None
    # Of a session without requests its steps can be moved.
    offered = (lines.requests or lines.steps) if lines else []
    if session is None or not offered:
        raise Http404
    return session, offered
