"""What a session is called where no person and no log names it."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import connection

from sessions_app.content.summaries import SUMMARY_TAGS, is_summary_line
from sessions_app.models import Project, Session
from sessions_app.storage.checking import check_rollups
from tests.factories import START, make_log, store_logs

SUMMARY = "This session is being continued from a previous conversation that ran out of context."


@pytest.mark.parametrize("order", permutations(range(3)))
@pytest.mark.parametrize("at_once", [True, False])
def test_a_summary_is_no_title(project: Project, order: tuple[int, ...], at_once: bool) -> None:
    said = (SUMMARY, "Fix the build", "And the docs")
    logs = [
        make_log(text, session_id="s", started_at=START + timedelta(minutes=minute)) for minute, text in enumerate(said)
    ]
    arrived = [logs[place] for place in order]
    for some in [arrived] if at_once else [[log] for log in arrived]:
        store_logs(project, *some)
    session = Session.objects.get()
    assert session.title == "Fix the build"
    assert session.title_at == START + timedelta(minutes=1)
    assert not [one for found in check_rollups() for one in found]


def test_a_summary_is_the_title_where_nothing_else_was_said(project: Project) -> None:
    silent = make_log("", session_id="s", started_at=START - timedelta(minutes=1), request={"model": "m"})
    store_logs(project, make_log(SUMMARY, session_id="s"))
    store_logs(project, silent)
    assert Session.objects.get().title == SUMMARY
    assert not [one for found in check_rollups() for one in found]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        (SUMMARY, True),
        ("Another language model started to solve this problem and", True),
        ("You were originally given instructions from a user over one or more turns.", True),
        *[(f"<{tag}> <goal>", True) for tag in SUMMARY_TAGS.split("|")],
        ("<stateXsnapshot>", False),
        ("<summary>", True),
        ("[Context compacted]", True),
        ("Conversation summary: it works", True),
        ("conversation summary", False),
        (f"Why does it say '{SUMMARY}'?", False),
        (f"Yes\n{SUMMARY}", False),
        ("", False),
    ],
)
def test_the_database_tells_summaries_in_the_same_way(line: str, is_one: bool) -> None:
    assert is_summary_line(line) is is_one
    with connection.cursor() as cursor:
        cursor.execute("SELECT is_summary(%s)", [line])
        assert cursor.fetchone() == (is_one,)
