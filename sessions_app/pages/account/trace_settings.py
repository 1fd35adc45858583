"""Whether a project keeps spans that are neither requests nor steps, or only their places in the trace."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from sessions_app.access import rights
from sessions_app.models import Project
from sessions_app.pages.shell import changes, project_page, render_page


@project_page
@changes(rights.CHANGE_PROJECTS, all_may_read=True)
def traces_page(request: HttpRequest, project: Project) -> HttpResponse:
    """The setting. Every user may read it; changing it needs the permission."""
    if request.method != "POST":
        return render_page(request, "trace_settings.html", {}, project)
    project.keeps_other_spans = "keeps_other_spans" in request.POST
    project.save(update_fields=["keeps_other_spans"])
    kept = "are kept" if project.keeps_other_spans else "are not kept"
    messages.success(request, f"From now on, other spans {kept}.")
    return redirect("trace_settings", project.slug)
