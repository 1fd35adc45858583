"""Errors of the web server itself, before Django sees the request, in the API's JSON format."""

from __future__ import annotations

import json
from http import HTTPStatus


def error_body(status: int, message: str) -> bytes:
    reason = HTTPStatus(status).phrase
    kind = reason.lower().replace(" ", "_").replace("-", "_")
    return json.dumps({"error": {"type": kind, "message": f"{reason}. {message}".strip()}}).encode()
