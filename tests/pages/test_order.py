"""Requests whose logs say no start stand in the same order in the list, on the page and in the API."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from django.test import Client

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, Session
from sessions_app.queries.requests import list_requests
from sessions_app.queries.session import find_session, load_all_lines, structure_of
from sessions_app.storage import rollups
from sessions_app.storage.connections import binary_cursor
from tests.factories import make_project
from tests.pages.conversations import turns

pytestmark = pytest.mark.django_db
TEXTS = ["One", "Two", "Three", "Four", "Five"]


def untimed(**members: Any) -> list[dict[str, Any]]:
    """Five turns of a conversation."""
    return [
        {name: value for name, value in log.items() if name not in ("started_at", "ended_at", "request_id")} | members
        for log in turns(TEXTS)
    ]


def post(project: Project, *bodies: Sequence[dict[str, Any]]) -> None:
    for body in bodies:
        assert not accept_body(project.pk, "native", json.dumps(body).encode()).rejected


def shown(session: Session, limit: int = 2) -> list[str]:
    """What the requests asked, as the API lists them, a few at a time."""
    found, cursor = [], None
    while True:
        page = list_requests(session, limit, cursor, with_steps=True)
        found += [row.id for row in page.results]
        cursor = page.next_cursor
        if cursor is None:
            break
    lines = load_all_lines(facts(session)).requests
    assert found == [line.id for line in lines]
    return [line.input_preview for line in lines]


def facts(session: Session) -> Any:
    return find_session(session.project_id, session.pk)


def recomputed(session: Session) -> set[Any]:
    """The session's id if its roll-up is wrong."""
    with binary_cursor() as cursor:
        return rollups.recompute(cursor, [session.pk], are_changed=False)


@pytest.mark.parametrize("key", [None, "chat"])
def test_turns_of_one_body_follow_each_other(key: str | None) -> None:
    logs = untimed(session_id=key)
    for number, order in enumerate(permutations(range(5))):
        if number % 7 and key:
            continue
        project = make_project(f"p{number}")
        post(project, [logs[index] for index in order])
        digest_until_empty()
        session = Session.objects.get(project_id=project.pk)

        assert shown(session) == TEXTS
        assert (session.title, session.preview) == ("One", "Answer 5")
        assert structure_of(load_all_lines(facts(session)).requests).continues == [None, 0, 1, 2, 3]
        assert recomputed(session) == set()


def test_turns_of_several_bodies_follow_each_other() -> None:
    logs = untimed(session_id="chat")
    for number, order in enumerate(permutations(range(5))):
        if number % 5:
            continue
        project = make_project(f"p{number}")
        for index in order:
            post(project, [logs[index]])
            if number % 2:
                digest_until_empty()
        digest_until_empty()
        session = Session.objects.get(project_id=project.pk)

        assert shown(session, limit=5) == TEXTS
        assert (session.title, session.preview) == ("One", "Answer 5")
        assert recomputed(session) == set()


def test_unrelated_requests_stand_as_in_their_body(project: Project) -> None:
    texts = [f"Question {number}" for number in range(12)]
    logs = [turns([text])[0] for text in texts]
    for log in logs:
        del log["started_at"], log["ended_at"]
    post(project, [log | {"session_id": "s"} for log in logs])
    digest_until_empty()

    assert shown(Session.objects.get()) == texts
    assert Session.objects.get().title == texts[0]


def test_page_says_nothing_between_turns_that_arrived_backwards(signed_in: Client, project: Project) -> None:
    post(project, untimed(session_id="s")[::-1])
    digest_until_empty()
    page = signed_in.get(f"/p/{project.slug}/sessions/{Session.objects.get().pk}/").content.decode()

    assert re.findall(r'id="r(\d+)"', page) == ["1", "2", "3", "4", "5"]
    assert "continues" not in page.split("<main")[1].split("</main>")[0]
    assert "same input" not in page
    assert "ends before it starts" not in page


def test_end_without_a_start_is_no_contradiction(project: Project) -> None:
    post(project, [untimed()[0] | {"ended_at": "2026-03-14T09:00:00Z"}])
    digest_until_empty()
    [line] = load_all_lines(facts(Session.objects.get())).requests

    assert line.time_problems == ()


def test_log_that_comes_again_changes_nothing(project: Project) -> None:
    logs = [log | {"request_id": f"r{number}"} for number, log in enumerate(untimed())]
    for _ in range(2):
        post(project, logs[::-1])
        digest_until_empty()

    assert Session.objects.get().request_count == 5
    assert shown(Session.objects.get()) == TEXTS
