"""What the search box suggests: from the language, and from the data of the project."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client

from sessions_app.models import Project, RequestLog
from sessions_app.pages.sessions import suggest
from sessions_app.queries import suggestions
from tests.factories import make_log, make_project, store_logs

ADDRESS = "/p/acme/sessions/suggest/"
TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "get_Weather", "arguments": "{}"}}
RESPONSE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}}]}
LOGS: list[dict[str, Any]] = [
    {"model": "gpt-4o", "user": "Ann Smith", "tags": ["prod", "<b>"], "metadata": {"release": "2026.4", "a b": 1}},
    {"model": "gpt-4o", "user": "ben", "provider": "azure", "metadata": {"release": "2026.5", "env": {"zone": 7}}},
    {"model": "claude-4", "user": "Anna", "tags": ["prod"], "response": RESPONSE},
    {"model": "o3", "status": "error", "error": {"type": "RateLimitError", "message": "Slow down"}},
]
NAMED = {"request_id": "chatcmpl-7", "session_id": "chat-9", "metadata": {"session_name": "Plan a trip"}}


@pytest.fixture
def logs(project: Project) -> None:
    store_logs(project, *[make_log(f"log {n}", **members) for n, members in enumerate([*LOGS, NAMED])])
    # Only LiteLLM's payloads name the one, and only spans the other.
    RequestLog.objects.filter(model="claude-4").update(key_alias="team-a", trace_id="5b8efff7")
    store_logs(make_project("other"), make_log(model="secret-model", user="Anne", tags=["other"]))


def suggested(client: Client, text: str, **more: Any) -> list[str]:
    response = client.get(ADDRESS, {"q": text, **more})
    assert response.status_code in (200, 204)
    return [unescape(found) for found in re.findall(r'data-write="([^"]*)"', response.content.decode())]


def test_it_works(signed_in: Client, project: Project) -> None:
    response = signed_in.get(ADDRESS, {"q": "robot mod -us x", "at": "9"})
    assert response.status_code == 200
    page = response.content.decode()
    assert 'data-start="6" data-end="9"' in page
    assert "<code><bdi>model:</bdi></code><span>a model that was asked for or answered</span>" in page
    assert suggested(signed_in, "robot mod -us x", at=13) == ["user:"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("model:", ["gpt-4o", "claude-4", "o3"]),
        ("model:GPT", ["gpt-4o"]),
        ("model:gpt-4o,", ["claude-4", "o3"]),
        ("-user:ann", ['"Ann Smith"', "Anna"]),
        ('user:"ann s', ['"Ann Smith"']),
        ("provider:", ["azure"]),
        ("key:te", ["team-a"]),
        ("tag:", ["prod", "<b>"]),
        ("tool:get", ["get_Weather"]),
        ("error:", ["RateLimitError"]),
        ("status:", ["ok", "error", "running", "unfinished"]),
        ("has:re", ["reasoning", "retry"]),
        ("cost:>", [">0.05"]),
        ("metadata.", ["metadata.", "metadata.release:", "metadata.env.zone:", "metadata.session_name:"]),
        ("metadata.release:2026", ["2026.4", "2026.5"]),
        ("metadata.env.zone:", ["7"]),
        ("metadata.other:", []),
        ("trace:", ["5b8efff7"]),
        ("request:chat", ["chatcmpl-7"]),
        ("session:", ['"Plan a trip"', "chat-9"]),
        ("robot", []),
    ],
)
def test_values_are_those_of_the_project(signed_in: Client, logs: None, text: str, found: list[str]) -> None:
    assert suggested(signed_in, text) == found


def test_values_of_the_language_say_what_they_mean(signed_in: Client, project: Project) -> None:
    page = signed_in.get(ADDRESS, {"q": "rule:ses"}).content.decode()
    assert "By session id" in page
    assert "From the" not in page


def test_the_foot_says_where_values_are_from_and_that_there_are_more(
    signed_in: Client, logs: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggest, "MOST_SHOWN", 1)
    page = signed_in.get(ADDRESS, {"q": "user:"}).content.decode()
    assert '<p class="faint">From the newest 500 sessions. 2 more: type on.</p>' in page


def test_only_the_newest_are_looked_at(signed_in: Client, logs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestions, "MOST_ROWS", 2)
    assert len(suggested(signed_in, "model:")) < 3


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"q": "x" * 5_000},
        {"q": "model:", "at": "-1"},
        {"q": "model:\0\ud800", "at": "9" * 50},
        {"q": '"', "at": "²"},
    ],
)
def test_odd_parameters_do_no_harm(signed_in: Client, project: Project, parameters: dict[str, str]) -> None:
    query = {name: value.encode("utf-8", "surrogatepass") for name, value in parameters.items()}
    assert signed_in.get(ADDRESS, query).status_code in (200, 204)


def test_only_signed_in_users_may_see_them(client: Client, project: Project, user: AbstractBaseUser) -> None:
    assert client.get(ADDRESS, {"q": "model:"}).status_code == 302
    client.force_login(user)
    assert client.get("/p/none/sessions/suggest/", {"q": "model:"}).status_code == 404
    assert client.post(ADDRESS, {"q": "model:"}).status_code == 405
