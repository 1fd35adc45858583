"""Actions on many sessions: what is asked for, what it would do, how far it is, and a way to stop it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from sessions_app.access import rights
from sessions_app.access.rights import Right
from sessions_app.ingest import tagging
from sessions_app.models import BulkAction, Project
from sessions_app.pages.bulk import steps
from sessions_app.pages.shell import changes, htmx_of, own, project_page, render_page_or_partial
from sessions_app.queries.chosen_sessions import filters_at, survey
from sessions_app.queries.filters import FilterError

# As many as an address may have.
MOST_QUERY_CHARS = 60_000
RIGHTS: dict[str, Right] = {
    BulkAction.TAG: rights.TAG_SESSIONS,
    BulkAction.UNTAG: rights.TAG_SESSIONS,
    BulkAction.DELETE: rights.DELETE_SESSIONS,
}
TAGGING = (BulkAction.TAG, BulkAction.UNTAG)
NAMES = {
    BulkAction.TAG: "Add a tag",
    BulkAction.UNTAG: "Remove a tag",
    BulkAction.DELETE: "Delete sessions",
    BulkAction.DOWNLOAD: "Download sessions",
}


@project_page
@changes(rights.TAG_SESSIONS)
def tag_page(request: HttpRequest, project: Project) -> HttpResponse:
    """Takes the list's form: gives the chosen sessions a tag."""
    return _ask(request, project, BulkAction.TAG)


@project_page
@changes(rights.TAG_SESSIONS)
def untag_page(request: HttpRequest, project: Project) -> HttpResponse:
    return _ask(request, project, BulkAction.UNTAG)


@project_page
@changes(rights.DELETE_SESSIONS)
def delete_page(request: HttpRequest, project: Project) -> HttpResponse:
    """Takes the list's form and shows what a deletion would remove."""
    return _ask(request, project, BulkAction.DELETE)


@project_page
@own
def download_page(request: HttpRequest, project: Project) -> HttpResponse:
    """Takes the list's form and leads to the download of the chosen sessions. Who may read may download."""
    if request.method != "POST":
        return redirect("sessions", project.slug)
    return _ask(request, project, BulkAction.DOWNLOAD)


@project_page
def action_page(request: HttpRequest, project: Project, action_id: uuid.UUID) -> HttpResponse:
    return _render(request, project, _find(request, project, action_id))


@project_page
@own
def step_page(request: HttpRequest, project: Project, action_id: uuid.UUID) -> HttpResponse:
    """By POST, begins an action or does some more of it."""
    action = _find(request, project, action_id)
    if request.method != "POST":
        return redirect("bulk_action", project.slug, action.pk)
    if action.kind not in RIGHTS:
        raise Http404  # A download is no work of steps.
    rights.demand(request.user, RIGHTS[action.kind])
    BulkAction.objects.filter(pk=action.pk, state=BulkAction.ASKED).update(state=BulkAction.RUNNING)
    action = steps.advance(action)
    if not htmx_of(request):
        # The browser's Back would ask whether to send the form again.
        return redirect("bulk_action", project.slug, action.pk)
    return _render(request, project, _find(request, project, action.pk))


@project_page
@own
def stop_page(request: HttpRequest, project: Project, action_id: uuid.UUID) -> HttpResponse:
    """By POST, stops an action after the step that runs. What is done stays done."""
    action = _find(request, project, action_id)
    if request.method == "POST":
        steps.end(action, BulkAction.STOPPED)
    return redirect("bulk_action", project.slug, action.pk)


def _ask(request: HttpRequest, project: Project, kind: str) -> HttpResponse:
    back = reverse("sessions", args=[project.slug])
    query = request.POST.get("query", "").removeprefix("?")
    if len(query) > MOST_QUERY_CHARS:
        # What is left of it would match other sessions.
        return _back(request, back, "The list's filters are too long.")
    tag = tagging.clean_tag(request.POST.get("tag", ""))
    everything = request.POST.get("everything") == "1"
    picked = _picked(request)
    zone = timezone.get_current_timezone_name()
    try:
        filters_at(query, timezone.now(), zone)
    except FilterError as error:
        return _back(request, back, f"The list's filters cannot be read: {error}")
    if kind in TAGGING and not tag:
        return _back(request, f"{back}?{query}", "Write the tag first.")
    if not everything and not picked:
        return _back(request, f"{back}?{query}", "Select sessions first.")
    assert request.user.pk is not None, "the page is for signed-in users"
    action = BulkAction(project=project, user_id=request.user.pk, kind=kind, query=query, zone=zone)
    action.argument = tag if kind in TAGGING else ""
    action.session_ids = None if everything else picked
    action.survey = survey(action)
    if not everything and kind in TAGGING:
        action.state = BulkAction.RUNNING
    action.save()
    return redirect("bulk_action", project.slug, action.pk)


def _picked(request: HttpRequest) -> list[uuid.UUID]:
    """A list has far fewer rows than a form may have fields; Django refuses a form with more, so nothing is cut."""
    found = set()
    for text in request.POST.getlist("pick"):
        try:
            found.add(uuid.UUID(text))
        except ValueError:
            continue
    return sorted(found)


def _back(request: HttpRequest, address: str, message: str) -> HttpResponse:
    messages.error(request, message)
    return HttpResponseRedirect(address)


def _find(request: HttpRequest, project: Project, action_id: uuid.UUID) -> BulkAction:
    """Only whoever asked for an action sees it."""
    return get_object_or_404(BulkAction, project=project, pk=action_id, user_id=request.user.pk)


def _render(request: HttpRequest, project: Project, action: BulkAction) -> HttpResponse:
    total = max(action.survey.get("sessions", 0), action.done + action.failed_count)
    context = {
        "action": action,
        "name": NAMES[action.kind],
        "total": total or 1,
        "progress": action.done + action.failed_count,
        "back": reverse("sessions", args=[project.slug]) + (f"?{action.query}" if action.query else ""),
        "unlisted": action.failed_count - len(action.failures),
    }
    return render_page_or_partial(request, "bulk_action.html", "_bulk_action.html", context, project)
