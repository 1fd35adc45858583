"""The tags of a session: those that people gave can be removed here, and a new one given."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from sessions_app.access import rights
from sessions_app.ingest import tagging
from sessions_app.models import Project, Session
from sessions_app.pages.shell import changes, project_page, render_page
from sessions_app.queries import lookup


@dataclass(frozen=True)
class ShownTag:
    """`given_by`: the person who gave it, "" for a tag of the logs."""

    name: str
    given_by: str


@project_page
@changes(rights.TAG_SESSIONS, all_may_read=True)
def tags_page(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """Shows the tags; a POST with `add` or `remove` changes one."""
    session = lookup.find_session(session_id, project.pk)
    if session is None:
        raise Http404
    if request.method == "POST":
        _change(request, project, session)
        return redirect("session_tags", project.slug, session.pk)
    given = {tag: by for (_, tag), by in tagging.given_to([session.pk]).items()}
    shown = [ShownTag(name, given.get(name, "")) for name in sorted({*session.tags, *given})]
    context = {"session": session, "tags": shown, "may_tag": rights.may(request.user, rights.TAG_SESSIONS)}
    return render_page(request, "session_tags.html", context, project)


def _change(request: HttpRequest, project: Project, session: Session) -> None:
    add, remove = (request.POST.get(name, "") for name in ("add", "remove"))
    if remove:
        tagging.take(project.pk, session.pk, remove.replace("\0", ""))
    elif tag := tagging.clean_tag(add):
        tagging.give(project.pk, session.pk, tag, request.user.get_username())
    else:
        messages.error(request, "A tag needs at least one letter or sign.")
