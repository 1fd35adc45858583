"""What pages say of the samples that have something to show."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog
from sessions_app.samples import all_samples, bodies
from sessions_app.samples.loading import put, session_of
from tests.factories import START, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(client: Client) -> Project:
    client.force_login(make_user())
    return make_project("demo")


def stored(project: Project, key: str) -> list[RequestLog]:
    """The requests of a sample in order."""
    sample = next(sample for sample in all_samples() if sample.key == key)
    for body in bodies(sample, START):
        put(project, sample, body)
    digest_until_empty()
    return list(RequestLog.objects.filter(session_id=session_of(project, sample), step=False).order_by("started_at"))


def words_of_page(client: Client, project: Project, request: RequestLog) -> str:
    page = client.get(reverse("session", args=[project.slug, request.session_id]))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.content.decode())).split())


def test_an_agent_with_a_compaction_and_two_sub_agents_at_the_same_time(client: Client, project: Project) -> None:
    requests = stored(project, "kontor-invoices-0419")
    words = words_of_page(client, project, requests[0])
    assert "messages replaced by a summary (by the client, Claude Code)" in words
    assert len(re.findall(r"Sub-agent: requests [\d, –]+, started by Task of request 6", words)) == 2
    most = max(request.input_tokens or 0 for request in requests)
    assert most > 10 * (requests[25].input_tokens or 0) > 0


def test_a_trace_with_agents_within_tools_at_the_same_time(client: Client, project: Project) -> None:
    words = words_of_page(client, project, stored(project, "market-brief-2026-47")[0])
    assert words.count("Within the tool researcher : requests") == 2
    assert "attempt 2 of 2" in words


def test_the_cache_misses_once_for_each_cause(project: Project) -> None:
    requests = stored(project, "claims-desk-5521")
    cached = [bool(request.cached_tokens) for request in requests]
    misses = [number for number, hit in enumerate(cached, 1) if not hit]
    # The first request, a new system prompt, a changed tool, another model, four hours idle, and no cause to see.
    assert misses == [1, 4, 6, 9, 11, 13]
    rewritten, before = requests[7], requests[6]
    assert 0 < (rewritten.cached_tokens or 0) < (before.cached_tokens or 0)
    assert all((request.input_tokens or 0) >= 1024 for request in requests)


def test_a_context_near_its_limit_with_an_answer_that_was_cut(project: Project) -> None:
    requests = stored(project, "report-writer-2290")
    assert max(request.input_tokens or 0 for request in requests) > 0.85 * 8192
    assert [request.finish_reason for request in requests].count("length") == 1
    assert [request.http_status for request in requests].count(429) == 3
