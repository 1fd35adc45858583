"""Errors of the web server itself, before Django sees the request: the API's JSON, and a page for an address."""

from __future__ import annotations

import json
from http import HTTPStatus

from django.apps import apps
from django.template.loader import render_to_string

# Where programs ask, which read JSON.
OF_PROGRAMS = (b"/api/", b"/v1/")


def error_body(status: int, message: str) -> bytes:
    reason = HTTPStatus(status).phrase
    kind = reason.lower().replace(" ", "_").replace("-", "_")
    return json.dumps({"error": {"type": kind, "message": f"{reason}. {message}".strip()}}).encode()


def error_page(status: int, begun: bytes) -> bytes | None:
    """The page for a browser; None for a program, or without an application. `begun`: how the request begins."""
    method, _, address = begun.partition(b" ")
    if method != b"GET" or address.startswith(OF_PROGRAMS) or not apps.ready:
        return None
    return render_to_string(f"{status}.html").encode()
