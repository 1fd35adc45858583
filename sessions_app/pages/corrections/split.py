"""Split a session in two at a request."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from sessions_app.ingest import corrections
from sessions_app.ingest.corrections import CorrectionError
from sessions_app.models import Project
from sessions_app.pages.corrections.questions import (
    MOST_NAMED,
    Chosen,
    End,
    Question,
    ask,
    corrector_page,
    counted_requests,
    done,
    sentence,
)
from sessions_app.pages.thread.place import place_of


@corrector_page
def split_page(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """Ask first; a POST splits the session: this request and all later ones move to a new one."""
    place = place_of(project, request_id)
    if place is None:
        raise Http404
    since = place.lines[place.index].started_at
    # All that started at the same moment move too, in whatever order the page shows them.
    later = [Chosen(index + 1, line) for index, line in enumerate(place.lines) if line.started_at >= since]
    if len(later) == len(place.lines):
        messages.warning(request, "No request started before this one, so there is nothing to split.")
        return redirect("session", project.slug, place.session.id)
    if request.method == "POST":
        try:
            made = corrections.split_session(project, place.session.id, request_id, request.user.get_username())
            return done(request, project, f"{counted_requests(len(later))} split off.", made.target_session_id)
        except CorrectionError as error:
            messages.error(request, sentence(error))
            return redirect("session", project.slug, place.session.id)
    question = Question(
        title=f"Split the session at request {place.number:,}?",
        effect=(
            f"Request {place.number:,} and all requests that started after it move to a new session, also those that "
            "arrive later. Links to them will redirect there."
        ),
        source=End(place.session.id, place.session.name),
        target=None,
        chosen=later[:MOST_NAMED],
        more=max(len(later) - MOST_NAMED, 0),
        button=f"Split off {counted_requests(len(later))}",
        hidden=[],
        back=place.addresses.in_session(place.number),
    )
    return ask(request, project, question)
