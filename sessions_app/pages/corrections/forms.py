"""The forms that correct the grouping: move requests to another session, merge two sessions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from sessions_app.ingest import corrections
from sessions_app.ingest.corrections import CorrectionError
from sessions_app.models import Project, Session
from sessions_app.pages.corrections.questions import (
    MOST_NAMED,
    Chosen,
    End,
    Question,
    ask,
    corrector_page,
    counted_requests,
    done,
    end_of,
    sentence,
)
from sessions_app.pages.shell import render_page
from sessions_app.pages.thread.layout import layout_of
from sessions_app.pages.thread.place import whole_number
from sessions_app.queries.corrections import TargetError, find_target, list_corrections
from sessions_app.queries.session import RequestLine, SessionFacts, find_session, load_all_lines

# So many requests of a session are listed on one page. Only those of one page can be moved at a time.
MOST_LISTED = 200
NEW, EXISTING = "new", "session"

Lines = Sequence[RequestLine]


@corrector_page
def correct_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """The forms: which requests to move to which session, and which session to merge this one into."""
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
    """The page with the forms; with `errors`, as they were sent."""
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
    """Ask first; when the answer is yes, move the chosen requests."""
    session, lines = _session_or_404(project, session_id)
    if request.method != "POST":
        return redirect("correct", project.slug, session_id)
    wanted = set(request.POST.getlist("request"))
    chosen = [Chosen(index + 1, line) for index, line in enumerate(lines) if str(line.id) in wanted]
    errors: dict[str, str] = {}
    if not chosen:
        errors["request"] = "Select at least one request of this session."
    target = _target_of(request.POST, project, session, errors)
    # If some of them left meanwhile, this is not what was confirmed.
    left = len(wanted) - len(chosen)
    if not errors and "confirmed" in request.POST and not left:
        try:
            ids = [item.line.id for item in chosen]
            ids += layout_of(project, load_all_lines(session)).companions(ids)
            made = corrections.move_requests(project, ids, target.pk if target else None, request.user.get_username())
            moved = f"{counted_requests(len(chosen))} moved{'' if target else ' to a new session'}."
            return done(request, project, moved, made.target_session_id)
        except CorrectionError as error:
            errors["to" if error.field == "target" else "request"] = sentence(error)
    if errors:
        return _forms(request, project, session, lines, wanted, request.POST, errors)
    return ask(request, project, _move_question(project, session, target, chosen, len(lines), left))


def _target_of(form: QueryDict, project: Project, session: SessionFacts, errors: dict[str, str]) -> Session | None:
    """The session to move to, None for a new one. What is wrong with it goes into `errors`."""
    if form.get("where") == NEW:
        if form.get("to", "").strip():
            errors["to"] = "To move them to this session, select “another session”. Else leave this empty."
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
        errors[field] = "This is the same session. Enter another one."
    return target


def _move_question(
    project: Project, session: SessionFacts, target: Session | None, chosen: list[Chosen], count: int, left: int
) -> Question:
    """`count`: how many requests the session has; `left`: how many that were chosen are no longer in it."""
    all_of_it = len(chosen) == count
    where = "the other session" if target else "a new session"
    effect = "Links to the moved requests will redirect to their new place. Requests that continue them stay here."
    if all_of_it:
        effect = "This session will then be empty, and its address will redirect to the requests' new session."
    if left:
        effect = f"Of those that you chose, {counted_requests(left)} left this session meanwhile. {effect}"
    to = [("where", EXISTING), ("to", str(target.pk))] if target else [("where", NEW)]
    return Question(
        title=f"Move {counted_requests(len(chosen))} to {where}?",
        effect=effect,
        source=End(session.id, session.name),
        target=end_of(target) if target else None,
        chosen=chosen[:MOST_NAMED],
        more=max(len(chosen) - MOST_NAMED, 0),
        button=f"Move {counted_requests(len(chosen))}",
        hidden=[("request", str(item.line.id)) for item in chosen] + to,
        back=reverse("correct", args=[project.slug, session.id]),
    )


@corrector_page
def merge_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """Ask first; when the answer is yes, merge the session into another one."""
    session, lines = _session_or_404(project, session_id)
    if request.method != "POST":
        return redirect("correct", project.slug, session_id)
    errors: dict[str, str] = {}
    target = _other_session(request.POST.get("into", ""), project, session, errors, "into")
    if not errors and target and "confirmed" in request.POST:
        try:
            made = corrections.merge_sessions(project, session.id, target.pk, request.user.get_username())
            return done(
                request, project, f"{counted_requests(len(lines))} merged into this session.", made.target_session_id
            )
        except CorrectionError as error:
            errors["into"] = sentence(error)
    if errors or target is None:
        return _forms(request, project, session, lines, set(), request.POST, errors)
    question = Question(
        title="Merge the two sessions?",
        effect=(
            "All requests of the first session move into the second, also those that arrive later. The address and "
            "the trace id of the first will redirect to the second."
        ),
        source=End(session.id, session.name),
        target=end_of(target),
        chosen=[Chosen(index + 1, line) for index, line in enumerate(lines[:MOST_NAMED])],
        more=max(len(lines) - MOST_NAMED, 0),
        button=f"Merge {counted_requests(len(lines))}",
        hidden=[("into", str(target.pk))],
        back=reverse("correct", args=[project.slug, session.id]),
    )
    return ask(request, project, question)


def _session_or_404(project: Project, session_id: uuid.UUID) -> tuple[SessionFacts, Lines]:
    session = find_session(project.pk, session_id)
    lines = load_all_lines(session) if session else None
    # Of a session without requests its steps can be moved.
    offered = (lines.requests or lines.steps) if lines else ()
    if session is None or not offered:
        raise Http404
    return session, offered
