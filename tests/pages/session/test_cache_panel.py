"""What the session's page says of the prompt cache."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from sessions_app.models import ModelPrice, Project, RequestLog
from tests.factories import make_session
from tests.pages.conversations import assistant, call, chat, result, user
from tests.pages.session.test_findings import MOST_STATEMENTS, page_of

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("look", "write")]


def conversation() -> list[Any]:
    """Four requests of 10,000 tokens: the second hits the cache, then a tool changes, then the history is edited."""
    messages = [{"role": "system", "content": "Be brief."}, user("Look")]
    logs = []
    changed = [TOOLS[0], {"type": "function", "function": {"name": "write", "description": "new"}}]
    for number, (cached, tools) in enumerate([(0, TOOLS), (9_984, TOOLS), (0, changed), (0, changed)]):
        if number == 3:
            messages[1] = user("Look again")
        usage = {"input_tokens": 10_000, "output_tokens": 10, "cached_tokens": cached}
        call_id = f"call_long_enough_to_be_unique_{number}"
        answer = assistant("", tool_calls=[call(call_id, "look", f'{{"at": {number}}}')])
        logs.append(chat(messages, answer, at=20 * number, usage=usage, body={"tools": tools}))
        messages = [*messages, answer, result(call_id, f"result {number}")]
    return logs


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_it_works(signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    session = make_session(project, "a", *conversation())
    with django_assert_max_num_queries(MOST_STATEMENTS):
        html = page_of(signed_in, session)
    said = text(html)
    # 1.25 dollars less for a million tokens of gpt-4o that are cached.
    assert "1 hit, 0 partly, 2 misses, 1 without a verdict, missed for $0.025" in said
    assert "where cached tokens were not reported: 1 of 4 requests." in said
    assert "Tool definitions changed 3 10.0k $0.012" in said
    assert "History came back changed 4 up to 10.0k up to $0.012" in said
    assert html.count('class="req-hint"') == 2
    assert "Prompt cache missed: 0 of 10.0k repeated tokens; tool definitions changed" in html


@pytest.mark.parametrize("view", ["dense=1", "view=waterfall", "view=table"])
def test_each_view_marks_the_misses(signed_in: Client, project: Project, view: str) -> None:
    session = make_session(project, "a", *conversation())
    with CaptureQueriesContext(connection) as statements:
        html = page_of(signed_in, session, f"?{view}")
    assert len(statements) <= MOST_STATEMENTS
    rows = re.findall(r'(?s)<(article|li|tr) ([^>]* id="[rw]\d+"[^>]*)>(.*?)</\1>', html)
    assert ["cache missed" in text(row) for _, _, row in rows] == [False, False, True, True]
    assert html.count("of 10.0k repeated tokens; tool definitions changed") == 1


def test_the_facts_of_a_request_say_which_tool_changed(signed_in: Client, project: Project) -> None:
    make_session(project, "a", *conversation())
    requests = RequestLog.objects.order_by("started_at")
    facts = [text(unescape(signed_in.get(f"/p/acme/requests/{one.pk}/").content.decode())) for one in requests]
    assert "Prompt cache" not in facts[0]
    assert "Hit 9,984 of the 10,000 tokens that it repeats of request 1 were cached." in facts[1]
    assert "Miss none of the 10,000 tokens that it repeats of request 2 were cached. Cause" in facts[2]
    assert "tool definitions changed: write" in facts[2]
    assert "history came back changed: message 2 edited, from message 2 on ( compare )" in facts[3]


def test_without_reported_cached_tokens_nothing_is_said(signed_in: Client, project: Project) -> None:
    logs = [log | {"usage": {"input_tokens": 10_000, "output_tokens": 10}} for log in conversation()]
    html = page_of(signed_in, make_session(project, "a", *logs))
    assert 'id="cache"' not in html
    assert "req-hint" not in html


def test_an_unknown_price_is_said(signed_in: Client, project: Project) -> None:
    logs = conversation()
    for log in logs:
        log["model"] = log["request"]["model"] = "mine"
    said = text(page_of(signed_in, make_session(project, "a", *logs)))
    assert "missed for" not in said
    assert "No price is known for 2 of the misses" in said


def test_a_price_that_another_process_changed_counts_at_once(signed_in: Client, project: Project) -> None:
    session = make_session(project, "a", *conversation())
    assert "missed for $0.025" in text(page_of(signed_in, session))
    ModelPrice.objects.create(project=project, pattern="gpt-4o", valid_from="2026-01-01", input=1000, cached=0)
    assert "missed for $20" in text(page_of(signed_in, session))
    ModelPrice.objects.update(input=2000)
    assert "missed for $40" in text(page_of(signed_in, session))
    ModelPrice.objects.all().delete()
    assert "missed for $0.025" in text(page_of(signed_in, session))
