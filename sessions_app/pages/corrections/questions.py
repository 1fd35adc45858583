"""The question before a correction: which requests move from which session to which. It works without JavaScript."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from sessions_app.access import rights
from sessions_app.ingest.corrections import CorrectionError
from sessions_app.models import Project, Session
from sessions_app.pages.shell import Page, changes, project_page, render_page
from sessions_app.queries.session import RequestLine

# So many of the requests that will move are named one by one.
MOST_NAMED = 20


def corrector_page(view: Page) -> Page:
    """A page of a project for users who may correct its grouping. Others get 403."""
    return project_page(changes(rights.CORRECT_SESSIONS)(view))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A request of a session, by its number in it."""

    number: int
    line: RequestLine


@dataclass(frozen=True, slots=True)
class End:
    """The session from which, or to which, requests move. Without `is_there` it is empty now."""

    id: uuid.UUID
    name: str
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """What is about to be done. `target` is None for a new session, `hidden` has the fields of the form."""

    title: str
    effect: str
    source: End
    target: End | None
    chosen: Sequence[Chosen]
    more: int
    button: str
    hidden: Sequence[tuple[str, str]]
    back: str


def ask(request: HttpRequest, project: Project, question: Question) -> HttpResponse:
    context = {"section": "sessions", "question": question}
    return render_page(request, "correction_confirm.html", context, project)


def done(request: HttpRequest, project: Project, text: str, session_id: uuid.UUID) -> HttpResponse:
    messages.success(request, text)
    return redirect("session", project.slug, session_id)


def end_of(session: Session) -> End:
    return End(session.pk, str(session))


# How a sentence about a CorrectionError begins, by its field.
SUBJECTS = {
    "requests": "The requests",
    "request": "This request",
    "session": "This session",
    "target": "The other session",
    "correction": "This correction",
}


def sentence(error: CorrectionError) -> str:
    return f"{SUBJECTS.get(error.field, error.field)} {error.message}."


def counted_requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count:,} requests"
