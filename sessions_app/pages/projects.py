"""The way in (`/` and `/p/<slug>/`), and making a project."""

from __future__ import annotations

from django import forms
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify

from sessions_app.models import Project
from sessions_app.pages.shell import PROJECT_COOKIE, project_page, render_page, signed_in_page

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


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=120, strip=True)
    slug = forms.CharField(max_length=60, required=False, strip=True, validators=[validate_slug])

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"] or slugify(self.cleaned_data.get("name", ""))[:60].strip("-")
        if not slug:
            raise forms.ValidationError("The name has no letter or digit that fits an address: choose one here.")
        return slug


@signed_in_page
def new_project(request: HttpRequest) -> HttpResponse:
    """A form for a name and, if wanted, the short name in the address; then to the project's onboarding."""
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                project = Project.objects.create(name=form.cleaned_data["name"], slug=form.cleaned_data["slug"])
            return redirect("onboarding", project.slug)
        except IntegrityError:
            form.add_error("slug", f"“{form.cleaned_data['slug']}” is taken: choose another.")
    return render_page(request, "project_new.html", {"form": form}, status=422 if form.errors else 200)
