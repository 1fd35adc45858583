"""What arguments of several commands mean: projects, new projects, times."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime

from django.core.management.base import CommandError

from sessions_app.access.project_form import ProjectForm
from sessions_app.models import Project

MOST_NAMED = 20
MOST_SHOWN_CHARS = 80


def find_project(slug: str) -> Project:
    """The project with this slug; otherwise the message names those that exist."""
    try:
        return Project.objects.get(slug=slug)
    except Project.DoesNotExist:
        known = ", ".join(Project.objects.values_list("slug", flat=True)[:MOST_NAMED]) or "none"
        raise CommandError(f"There is no project {slug!r}. Projects: {known}.") from None


def chosen_projects(slug: str | None) -> list[Project]:
    """The project with this slug; without one, all of them."""
    return list(Project.objects.all()) if slug is None else [find_project(slug)]


def get_or_create_project(slug: str, name: str, option: str) -> tuple[Project, bool]:
    """The project with this slug, which must be one that addresses can have, and whether it is new.

    `option` is the argument that has the slug.
    """
    # The page can make a slug from the name. A script has to name it.
    if not slug.strip():
        raise CommandError(f"{option} is empty. It may have letters, digits, - and _.")
    form = ProjectForm({"slug": slug, "name": name})
    for field, errors in form.errors.items():
        argument, given = (option, slug) if field == "slug" else ("--name", name)
        raise CommandError(f"{argument} is {given[:MOST_SHOWN_CHARS]!r}: {errors[0]}")
    return form.get_or_create()


def moment(text: str) -> datetime:
    """A date or a time; without a zone, it is in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        shown = text[:MOST_SHOWN_CHARS]
        raise ArgumentTypeError(f"{shown!r} is no time. Write 2026-11-01 or 2026-11-01T12:00:00Z.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
