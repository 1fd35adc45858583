"""Clients that send the last messages of a conversation alone: what continues what is known in one session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sessions_app.models import Project, RequestLog, Session
from sessions_app.queries.session import find_session, load_all_lines
from tests.factories import START, make_log, store_logs

pytestmark = pytest.mark.django_db


def chat(kept: int, turns: int = 8, text: str = "Answer {}.", **members: Any) -> list[dict[str, Any]]:
    """The logs of a conversation of which the system prompt and the last messages are sent, so many of them."""
    logs, history = [], [{"role": "user", "content": "Question 0"}]
    for number in range(turns):
        system = {"role": "system", "content": "Be brief."}
        answer = {"role": "assistant", "content": text.format(number)}
        body = {"model": "gpt-4o", "messages": [system, *history[-kept:]]}
        at = START + timedelta(minutes=number)
        logs.append(make_log(request=body, response={"choices": [{"message": answer}]}, started_at=at, **members))
        history += [answer, {"role": "user", "content": f"Question {number + 1}"}]
    return logs


def continued(session: Session) -> list[int | None]:
    """For each request the one that it continues."""
    facts = find_session(session.project_id, session.pk)
    assert facts
    return load_all_lines(facts).structure.continues


@pytest.mark.parametrize("kept", [4, 5, 20])
def test_each_continues_the_one_before(project: Project, kept: int) -> None:
    store_logs(project, *chat(kept, session_id="s"))
    assert continued(Session.objects.get()) == [None, *range(7)]


def test_equal_answers_continue_the_latest(project: Project) -> None:
    store_logs(project, *chat(4, text="Yes.", session_id="s"))
    assert continued(Session.objects.get()) == [None, *range(7)]


def test_without_an_id_the_last_turns_are_no_evidence(project: Project) -> None:
    """Others may have said the same."""
    store_logs(project, *chat(4, turns=4))
    assert Session.objects.count() == 3
    assert set(RequestLog.objects.values_list("rule", flat=True)) == {"own", "conversation"}
