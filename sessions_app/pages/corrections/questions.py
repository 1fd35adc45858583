"""What a person is asked before a correction: which requests go from where to where."""

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
    """A page of a project for those who may correct its grouping; others are answered with 403."""
    return project_page(changes(rights.CORRECT_SESSIONS)(view))


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


def ask(request: HttpRequest, project: Project, question: Question) -> HttpResponse:
    context = {"section": "sessions", "question": question}
    return render_page(request, "correction_confirm.html", context, project)


def done(request: HttpRequest, project: Project, text: str, session_id: uuid.UUID) -> HttpResponse:
    messages.success(request, text)
    return redirect("session", project.slug, session_id)


def end_of(session: Session) -> End:
    return End(session.pk, str(session))


# What is wrong with a correction, as a sentence begins.
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
