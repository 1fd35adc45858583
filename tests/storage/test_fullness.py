"""The inbox's shares: what is refused, what the answer says, and that the figures are those of the inbox."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import InboxEntry, InboxUsage, Project
from sessions_app.storage import fullness
from sessions_app.storage.deletion import delete_project
from sessions_app.storage.fullness import Fullness, InboxFull, Level, waiting_bytes

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 2**20


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fullness, "CHECK_SECONDS", 0.0)
    fullness.FULLNESS.forget()


def post(project: Project, size: int = 400_000) -> None:
    accept_body(project.id, "native", json.dumps({"request": {"input": "x" * size}}).encode())


def test_a_project_is_refused_at_its_share_and_others_are_not(settings: Any) -> None:
    settings.LOGSUI_INBOX_MAX_BYTES, settings.LOGSUI_INBOX_PROJECT_PERCENT = MIB, 50
    greedy, modest = (Project.objects.create(slug=slug) for slug in ("greedy", "modest"))
    post(greedy)
    post(greedy)
    with pytest.raises(InboxFull, match=r"of this project.*LOGSUI_INBOX_PROJECT_PERCENT.*524,288"):
        post(greedy)
    post(modest, size=10)


def test_what_a_process_puts_counts_before_it_looks_again(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LOGSUI_INBOX_MAX_BYTES, settings.LOGSUI_INBOX_PROJECT_PERCENT = MIB, 50
    greedy, modest = (Project.objects.create(slug=slug) for slug in ("greedy", "modest"))
    post(modest, size=10)
    monkeypatch.setattr(fullness, "CHECK_SECONDS", 3_600.0)
    post(greedy)
    post(greedy)
    with pytest.raises(InboxFull, match="of this project"):
        post(greedy)
    post(modest, size=10)


def test_all_projects_together_are_refused_at_the_whole(settings: Any) -> None:
    settings.LOGSUI_INBOX_MAX_BYTES, settings.LOGSUI_INBOX_PROJECT_PERCENT = MIB, 90
    projects = [Project.objects.create(slug=f"p{n}") for n in range(4)]
    for project in projects[:3]:
        post(project)
    with pytest.raises(InboxFull, match=r"of all projects.*and LOGSUI_INBOX_MAX_BYTES allows 1,048,576"):
        post(projects[3], size=10)


def test_there_is_room_again_when_it_is_digested(settings: Any) -> None:
    settings.LOGSUI_INBOX_MAX_BYTES = MIB
    project = Project.objects.create(slug="acme")
    post(project, size=600_000)
    with pytest.raises(InboxFull):
        post(project)
    digest_until_empty()
    post(project)


def test_the_figures_are_those_of_the_inbox() -> None:
    projects = [Project.objects.create(slug=f"p{n}") for n in range(3)]
    for n, project in enumerate(projects):
        for _ in range(n + 1):
            post(project, size=n)
    rows = InboxEntry.objects.values_list("project_id", "raw_bytes")
    for project in projects:
        assert waiting_bytes()[project.id] == (sum(size for id, size in rows if id == project.id), 0)
    digest_until_empty()
    assert [waiting for waiting, _ in waiting_bytes().values()] == [0, 0, 0]
    delete_project(projects[0])
    assert not InboxUsage.objects.filter(project_id=projects[0].id).exists()


def test_a_look_reads_few_rows_however_many_bodies_wait() -> None:
    project = Project.objects.create(slug="acme")
    for _ in range(50):
        post(project, size=1)
    assert InboxUsage.objects.count() == 1
    with CaptureQueriesContext(connection) as captured:
        Fullness().check(project.id)
    assert not [query for query in captured if "FROM inbox " in query["sql"]]


# --- Retry-After ----------------------------------------------------------------------------------------------------


def level(*looks: tuple[float, int, int]) -> Level:
    made = Level()
    for now, waiting, digested in looks:
        made.note(now, waiting, digested)
    return made


def test_retry_after_follows_the_rate() -> None:
    """100 bytes a second, 1,000 too many."""
    assert level((0, 3_000, 0), (5, 2_500, 500), (10, 2_000, 1_000)).retry_after(1_000) == 10


def test_retry_after_is_bounded() -> None:
    assert level((0, 1_000, 0), (1, 1_000, 500)).retry_after(1_000) == fullness.LEAST_RETRY_SECONDS
    assert level((0, 10**12, 0), (10, 10**12, 1)).retry_after(1_000) == fullness.MOST_RETRY_SECONDS


def test_without_a_digester_it_grows_with_the_time_that_nothing_was_digested() -> None:
    still = level(*((second, 5_000, 70) for second in range(61)))
    assert still.retry_after(1_000) == 60
    assert len(still.digested) == 2
    assert level(*((second, 5_000, 70) for second in range(0, 1_000, 10))).retry_after(1) == fullness.MOST_RETRY_SECONDS


def test_the_time_in_which_nothing_waited_does_not_slow_the_rate() -> None:
    assert level((0, 0, 0), (1_000, 0, 0), (1_001, 3_000, 0), (1_011, 2_000, 1_000)).retry_after(1_000) <= 11


def test_first_look_knows_no_rate() -> None:
    assert level((0, 5_000, 0)).retry_after(1_000) == fullness.FIRST_RETRY_SECONDS
