"""Pages claim that something is absent only where it is: small inputs as they were sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.test import Client

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog
from tests.pages.html.test_messages import text

REPORTS = Path(__file__).parents[2] / "payloads" / "reports"


def send(project: Project, body: Any, source: str = "native") -> None:
    accepted = accept_body(project.pk, source, json.dumps(body).encode())
    assert not accepted.rejected
    digest_until_empty()


def pages_of(client: Client, log: RequestLog) -> list[str]:
    """The texts of the page of a request and of its session."""
    paths = (f"/p/acme/requests/{log.pk}/", f"/p/acme/sessions/{log.session_id}/")
    return [re.sub(r"\s+", " ", text(client.get(path).content.decode())) for path in paths]


def test_results_of_reused_ids_stand_under_their_calls(signed_in: Client, project: Project) -> None:
    send(project, json.loads((REPORTS / "01-reused-tool-call-ids.json").read_text())["body"])
    for page in pages_of(signed_in, RequestLog.objects.get()):
        for town, weather in (("Aa", "rain in Aa"), ("Bb", "sun in Bb"), ("Cc", "snow in Cc")):
            assert f"weather town: {town} {weather}" in page
        assert "no result" not in page
        assert "tool result" not in page
