"""The folded panels above the requests of a session: findings, prompt cache, time, and its top requests by cost."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from sessions_app.access import rights
from sessions_app.models import Project
from sessions_app.pages.insights.cache import cache_panel
from sessions_app.pages.insights.composition import session_filled
from sessions_app.pages.insights.costs import costly_requests
from sessions_app.pages.insights.findings import findings_panel
from sessions_app.pages.insights.session import Insights
from sessions_app.pages.insights.time import time_panel
from sessions_app.pages.insights.tool_names import names_for
from sessions_app.pages.session.view import View
from sessions_app.queries.window import Window


def panels(request: HttpRequest, project: Project, shown: View, insights: Insights, window: Window) -> dict[str, Any]:
    """What `_session_panels.html` shows. `window`: what the page has read and written."""
    lines = shown.lines.requests
    everything = [*insights.findings, *(finding for finding, _ in insights.dismissed)]
    return {
        "panel": "costs" if request.GET.get("costs") == "open" else request.GET.get("panel", ""),
        "findings": findings_panel(insights, lines, shown.addresses, names_for(everything, shown.lines, window)),
        "may_dismiss": rights.may(request.user, rights.DISMISS_FINDINGS),
        "cache": cache_panel(project.pk, lines, shown.addresses),
        "time_spent": time_panel(request.GET, shown, insights),
        "costly": shown.once_with_links("costly", lambda: costly_requests(shown)),
        "filled": shown.once_with_links("filled", lambda: session_filled(shown)),
    }
