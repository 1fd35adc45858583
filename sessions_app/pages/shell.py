"""What all pages share: who may see them, their project, the viewer's time zone, and whole page or partial."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from datetime import tzinfo
from functools import wraps
from typing import Any, cast
from urllib.parse import unquote

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from sessions_app.access import rights
from sessions_app.access.rights import Right
from sessions_app.models import Project
from sessions_app.pages.html import text_form
from sessions_app.pages.moved import redirect_to_survivor
from sessions_app.queries.projects import find_project, listed_projects

ZONE_COOKIE = "logsui_zone"
PROJECT_COOKIE = "logsui_project"
TEXT_COOKIE = "logsui_text"
COOKIE_SECONDS = 365 * 24 * 3600

Page = Callable[..., HttpResponse]
READING, FORMS = ("GET", "HEAD"), ("GET", "HEAD", "POST")


def changes(right: Right, *, all_may_read: bool = False) -> Callable[[Page], Page]:
    """A page with a form, for users with this right; others get 403. With `all_may_read`, everybody may see the page.

    Put it below `signed_in_page` or `project_page`: they answer 405 to POST on pages without it.
    """

    def decorate(view: Page) -> Page:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not (all_may_read and request.method in READING):
                rights.demand(request.user, right)
            return view(request, *args, **kwargs)

        wrapper.__dict__["right"] = right
        return wrapper

    return decorate


def own(view: Page) -> Page:
    """A page with a form that any signed-in user may send: it changes what is their own, or checks rights itself."""
    view.__dict__["right"] = None
    return view


def signed_in_page(view: Page) -> Page:
    """A page for signed-in users, with times in the viewer's zone. POST is allowed only on pages with `changes` or
    `own`."""
    methods = FORMS if hasattr(view, "right") else READING

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        if not request.user.is_authenticated:
            # htmx would put the sign-in page where the partial goes, so the browser loads the whole page anew.
            return HttpResponseClientRefresh() if htmx_of(request) else redirect_to_login(request.get_full_path())
        with timezone.override(viewer_zone(request)):
            response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return wrapper


def project_page(view: Page) -> Page:
    """A signed-in page of the project whose slug is in the address: `view(request, project, ...)`.

    When the view does not find a session or request that was merged or moved, this redirects to where it is now.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
        project = find_project(slug)
        if project is None:
            raise Http404
        request.text_form = form = text_form_of(request)  # type: ignore[attr-defined]
        try:
            with text_form.writing(form):
                response = view(request, project, *args, **kwargs)
        except Http404:
            moved = redirect_to_survivor(request, project, kwargs)
            if moved is None:
                raise
            response = moved
        if response.status_code == 404:
            response = redirect_to_survivor(request, project, kwargs) or response
        if request.COOKIES.get(PROJECT_COOKIE) != slug:
            response.set_cookie(PROJECT_COOKIE, slug, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True)
        if form != request.COOKIES.get(TEXT_COOKIE, text_form.FORMATTED):
            response.set_cookie(TEXT_COOKIE, form, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True)
        return response

    return signed_in_page(wrapper)


def text_form_of(request: HttpRequest) -> str:
    """How messages are shown: as the address says (`text=`), else as it said last."""
    form = request.GET.get("text") or request.COOKIES.get(TEXT_COOKIE)
    return text_form.RAW if form == text_form.RAW else text_form.FORMATTED


def htmx_of(request: HttpRequest) -> HtmxDetails:
    """What htmx says of a request, false when the browser itself asks; django_htmx's middleware puts it there."""
    return cast("HtmxRequest", request).htmx


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


def viewer_zone(request: HttpRequest) -> tzinfo:
    """The time zone that the viewer's browser reported, else UTC."""
    name = unquote(request.COOKIES.get(ZONE_COOKIE, ""))
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return zoneinfo.ZoneInfo("UTC")


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], project: Project | None = None, status: int = 200
) -> HttpResponse:
    """Render a page that extends base.html."""
    return render(request, template, page_context(project) | context, status=status)


def render_page_or_partial(
    request: HttpRequest, page: str, partial: str, context: dict[str, Any], project: Project | None = None
) -> HttpResponse:
    """The partial for htmx, the whole page for a browser. htmx needs the whole page too when it boosts a link or goes
    back in the history.
    """
    htmx = htmx_of(request)
    wants_partial = htmx and not htmx.boosted and not htmx.history_restore_request
    response = render(request, partial if wants_partial else page, page_context(project) | context)
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response


def page_context(project: Project | None) -> dict[str, Any]:
    """What base.html shows: the project, and the list of all (queried only when the template uses it)."""
    return {"project": project, "projects": SimpleLazyObject(listed_projects)}
