"""The theme: light, dark, or what the system says. A cookie, so that it holds before signing in too."""

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
    """Store the choice and return to the page it was made on."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    response = redirect(target)
    if request.POST.get("theme") in THEMES:
        # Script sets the cookie too, so that it is not HttpOnly; it holds nothing secret.
        response.set_cookie(COOKIE, request.POST["theme"], max_age=COOKIE_SECONDS, samesite="Lax")
    return response
