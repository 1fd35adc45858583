"""What a new project must be like, for the page *New project* and the command `create_project`."""

from __future__ import annotations

from django import forms
from django.core.validators import validate_slug
from django.utils.text import slugify

from sessions_app.models import Project


class ProjectForm(forms.Form):
    """A name, and the short name in addresses, which is made from the name when it is left out."""

    name = forms.CharField(max_length=120, strip=True)
    slug = forms.CharField(max_length=60, required=False, strip=True, validators=[validate_slug])

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"] or slugify(self.cleaned_data.get("name", ""))[:60].strip("-")
        if not slug:
            raise forms.ValidationError("The name has no letter or digit that fits an address: choose one here.")
        return slug

    def get_or_create(self) -> tuple[Project, bool]:
        """The project of a valid form; False when one with this short name was there, which is left as it is."""
        fields = self.cleaned_data
        return Project.objects.get_or_create(slug=fields["slug"], defaults={"name": fields["name"]})
