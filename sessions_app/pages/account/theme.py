"""The theme: light, dark, or that of the system. It is in a cookie, so that the sign-in page has it too."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from sessions_app.pages.shell import COOKIE_SECONDS

COOKIE = "logsui_theme"
THEMES = ("system", "light", "dark")


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Store the choice and redirect to the page on which it was made."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    response = redirect(target)
    if request.POST.get("theme") in THEMES:
        # Not HttpOnly, because the script sets it too; it is not secret.
        response.set_cookie(COOKIE, request.POST["theme"], max_age=COOKIE_SECONDS, samesite="Lax")
    return response
