"""The way in (`/` and `/p/<slug>/`), and making a project."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from sessions_app.access import rights
from sessions_app.access.project_form import ProjectForm
from sessions_app.models import Project
from sessions_app.pages.shell import PROJECT_COOKIE, changes, project_page, render_page, signed_in_page

DEFAULT_SLUG = "default"


@signed_in_page
def home(request: HttpRequest) -> HttpResponse:
    """To the sessions of the project seen last, else of `default`, else of the first; without one, to making one."""
    for slug in (request.COOKIES.get(PROJECT_COOKIE, ""), DEFAULT_SLUG):
        if Project.objects.filter(slug=slug.replace("\0", "")).exists():
            return redirect("sessions", slug)
    first = Project.objects.order_by("slug").first()
    return redirect("sessions", first.slug) if first else redirect("projects_new")


@project_page
def project_home(request: HttpRequest, project: Project) -> HttpResponse:
    return redirect("sessions", project.slug)


@signed_in_page
@changes(rights.MAKE_PROJECTS)
def new_project(request: HttpRequest) -> HttpResponse:
    """A form for a name and, if wanted, the short name in the address; then to the project's onboarding."""
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project, is_new = form.get_or_create()
        if is_new:
            return redirect("onboarding", project.slug)
        form.add_error("slug", f"“{project.slug}” is taken: choose another.")
    return render_page(request, "project_new.html", {"form": form}, status=422 if form.errors else 200)
