"""What the web server itself refuses, before Django sees it: in JSON, as the API's errors are."""

from __future__ import annotations

import json
from http import HTTPStatus


def error_body(status: int, message: str) -> bytes:
    reason = HTTPStatus(status).phrase
    kind = reason.lower().replace(" ", "_").replace("-", "_")
    return json.dumps({"error": {"type": kind, "message": f"{reason}. {message}".strip()}}).encode()
