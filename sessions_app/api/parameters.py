"""Query parameters and ids in paths, as endpoints need them."""

from __future__ import annotations

import re
import uuid

from django.http import HttpRequest

from sessions_app.api.authentication import Caller
from sessions_app.api.errors import ApiError, bad_parameter, not_found
from sessions_app.models import Project
from sessions_app.queries import lookup

DEFAULT_LIMIT = 50


def limit_of(request: HttpRequest, most: int, default: int = DEFAULT_LIMIT) -> int:
    """`limit`, from 1 to `most`. Raises ApiError 400."""
    text = request.GET.get("limit", str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise bad_parameter("limit", f"must be a whole number from 1 to {most:,}, got {text[:40]!r}")
    return int(text)


def includes_steps(request: HttpRequest) -> bool:
    """Whether `include` asks for steps. Raises ApiError 400 for anything else than that."""
    wanted = request.GET.get("include")
    if wanted not in (None, "steps"):
        raise bad_parameter("include", f"must be steps, or left out, got {wanted[:40]!r}")
    return wanted == "steps"


def uuid_of(text: str, what: str) -> uuid.UUID:
    """An id of ours in a path. Raises ApiError 404: nothing can have another form of id."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise not_found(what) from None


def project_of(request: HttpRequest, caller: Caller) -> Project:
    """The key's project; for a signed-in user the one that `project` names. Raises ApiError 400."""
    if caller.project_id is not None:
        return Project.objects.get(id=caller.project_id)
    slug = request.GET.get("project", "")
    project = lookup.find_project(slug) if slug and "\0" not in slug else None
    if project is None:
        known = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise bad_parameter("project", f"must name a project, one of {known}; got {slug[:60]!r}")
    return project


def slug_of(caller: Caller, project_id: int) -> str:
    """The slug of the project of something found; one statement for a signed-in user, none for a key."""
    return caller.project_slug or Project.objects.values_list("slug", flat=True).get(id=project_id)


def refuse_project(request: HttpRequest, caller: Caller) -> None:
    """A key reads its own project: naming another one is a mistake that silence would hide. Raises ApiError 400."""
    named = request.GET.get("project")
    if caller.project_id is not None and named not in (None, "", caller.project_slug):
        raise ApiError(
            400, "invalid_parameter", f"project can't be chosen: this key is of {caller.project_slug}", field="project"
        )
