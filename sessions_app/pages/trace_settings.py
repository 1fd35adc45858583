"""What a project keeps of traces: the spans that are neither requests nor steps, or only where they are."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from sessions_app.models import Project
from sessions_app.pages.shell import project_page, render_page

PERMISSION = "sessions_app.change_project"


@require_http_methods(["GET", "HEAD", "POST"])
@project_page
def traces_page(request: HttpRequest, project: Project) -> HttpResponse:
    """The setting, which everybody may read and those with the permission change."""
    may_change = request.user.has_perm(PERMISSION)
    if request.method != "POST":
        return render_page(request, "trace_settings.html", {"may_change": may_change}, project)
    if not may_change:
        raise PermissionDenied
    project.keeps_other_spans = "keeps_other_spans" in request.POST
    project.save(update_fields=["keeps_other_spans"])
    kept = "are kept" if project.keeps_other_spans else "are not kept"
    messages.success(request, f"Other spans that arrive from now on {kept}.")
    return redirect("trace_settings", project.slug)
