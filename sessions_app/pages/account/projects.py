"""The addresses `/` and `/p/<slug>/`, which redirect to sessions, and the form for a new project."""

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
    """Redirect to the sessions of the project seen last, else of `default`, else of the first, else to the form."""
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
    """A form for the name and the URL name; then to the onboarding of the new project."""
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project, is_new = form.get_or_create()
        if is_new:
            return redirect("onboarding", project.slug)
        form.add_error("slug", f"“{project.slug}” is already used. Choose another name.")
    return render_page(request, "project_new.html", {"form": form}, status=422 if form.errors else 200)
