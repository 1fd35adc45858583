"""What coding agents really send through a proxy, as the pages show it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.test import Client

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, Session
from tests.pages.session.test_session import article, get, text
from tests.pages.session.test_session_structure import marks

FOLDER = Path(__file__).parents[1] / "payloads" / "agents"


def sessions_of(project: Project, name: str) -> list[Session]:
    """The sessions of a captured conversation, the longest first."""
    file = next(FOLDER.glob(f"{name}*.json"))
    logs: list[dict[str, Any]] = json.loads(file.read_bytes())["payloads"]
    assert not accept_body(project.pk, "litellm", json.dumps(logs).encode()).rejected
    digest_until_empty()
    return list(Session.objects.filter(project_id=project.pk).order_by("-request_count"))


def test_failure_that_litellm_posts_with_a_later_start_is_the_first_attempt(
    signed_in: Client, project: Project
) -> None:
    [session, *_] = sessions_of(project, "07_retries")
    page = get(signed_in, session)

    assert session.retry_count == 1
    assert "attempt 2 of 2, after a 500" in text(article(page, 2))
    assert "The server had an error" in text(article(page, 2))
    assert not re.search(r'class="parallel"', page)
    assert "retry 1" in text(page)


def test_codex_goes_on_from_a_summary_behind_what_the_user_said(signed_in: Client, project: Project) -> None:
    [session] = sessions_of(project, "08_codex")
    page = get(signed_in, session)

    assert "rewrites the history of request 2 : 13 messages replaced by a summary (by the client)" in marks(page, 3)
    assert "Please fix the failing test" not in text(article(page, 3))
    assert "<state_snapshot>" in text(article(page, 3))


def test_run_of_an_agent_as_a_tool_is_in_the_session_of_its_call(signed_in: Client, project: Project) -> None:
    [session] = sessions_of(project, "09_sub_agent")
    page = get(signed_in, session)

    assert 'class="run"' in page
    assert "ask_investigator started a sub-agent: requests 2–4" in marks(page, 1)
    assert "started by a tool call of request 1" in marks(page, 2)
    assert "continues" not in marks(page, 5)
