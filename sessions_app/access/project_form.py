"""Validates a new project, for the page *New project* and the command `create_project`."""

from __future__ import annotations

from django import forms
from django.core.validators import validate_slug
from django.utils.text import slugify

from sessions_app.models import Project


class ProjectForm(forms.Form):
    """The name and the slug, which is the name in URLs. Without a slug, it is made from the name."""

    name = forms.CharField(max_length=120, strip=True)
    slug = forms.CharField(max_length=60, required=False, strip=True, validators=[validate_slug])

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"] or slugify(self.cleaned_data.get("name", ""))[:60].strip("-")
        if not slug:
            raise forms.ValidationError("The name has no letters or digits for a URL. Enter a URL name here.")
        return slug

    def get_or_create(self) -> tuple[Project, bool]:
        """The project of a valid form. False if a project with this slug exists, which is then not changed."""
        fields = self.cleaned_data
        return Project.objects.get_or_create(slug=fields["slug"], defaults={"name": fields["name"]})
