"""What filled the context, on the pages of a session and in the facts of a request: from stored profiles alone."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.models import Project, RequestLog, Session
from sessions_app.pages.insights import composition
from tests.factories import make_log, make_session, store_logs
from tests.pages.conversations import agent, turns
from tests.pages.request.test_prompt import rows
from tests.pages.request.test_request import address, get, stored
from tests.pages.session.test_session import text


def panel(client: Client, session: Session, query: str = "") -> str:
    page = client.get(f"/p/acme/sessions/{session.id}/{query}").content.decode()
    found = re.search(r'<details class="panel-fold" id="filled".*?</details>', page, re.DOTALL)
    return found[0] if found else ""


def test_it_works(signed_in: Client, project: Project) -> None:
    logs = agent()
    for log, tokens in zip(logs, (40, 80), strict=True):
        log["usage"] = {"input_tokens": tokens, "output_tokens": 5}
    session = make_session(project, "run-7", *logs)
    found = panel(signed_in, session)

    kinds = re.findall(r'<path class="filled-path" data-class="(\w+)"', found)
    assert kinds == ["system", "tools", "user", "assistant", "results"]
    assert f'<a href="/p/acme/sessions/{session.id}/#r2" title="Request 2: 80 tokens; Tool definitions' in found
    assert "The highest column is 80 input tokens." in text(found)
    assert "not known" not in text(found)
    assert " open" not in found.split(">")[0]
    assert " open" in panel(signed_in, session, "?panel=filled").split(">")[0]


def test_columns_of_the_drawing_are_as_high_as_their_tokens(signed_in: Client, project: Project) -> None:
    logs = turns(["One", "Two"], system="")
    for log, tokens in zip(logs, (50, 100), strict=True):
        log["usage"] = {"input_tokens": tokens, "output_tokens": 5}
    found = panel(signed_in, make_session(project, "run-7", *logs))
    heights = {0: 0.0, 10: 0.0}
    for x, _, height in re.findall(r"M(\d+) ([\d.]+)h9v([\d.]+)h-9z", found):
        heights[int(x)] += float(height)
    assert heights == pytest.approx({0: 50.0, 10: 100.0}, abs=0.3)


def test_facts_of_a_request_agree_with_its_prompt(signed_in: Client, project: Project) -> None:
    logs = agent()
    logs[1]["usage"] = {"input_tokens": 80, "output_tokens": 5}
    make_session(project, "run-7", *logs)
    overview = get(signed_in, stored()).split('id="overview"')[1]
    assert rows(overview) == rows(get(signed_in, stored(), "prompt/"))
    assert f'href="{address(stored())}prompt/"' in overview


def test_facts_know_the_history_that_the_provider_keeps(signed_in: Client, project: Project) -> None:
    answers: list[list[dict[str, object]]] = [
        [{"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"at":"sea"}'}],
        [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is mild."}]}],
        [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Bye."}]}],
    ]
    inputs: list[object] = [
        "How warm is it?",
        [{"type": "function_call_output", "call_id": "call_1", "output": "14 degrees"}],
        "Thanks, that is all.",
    ]
    logs = [
        make_log(
            request={"instructions": "You are kind.", "input": sent, "previous_response_id": f"resp_{number - 1}"}
            if number
            else {"instructions": "You are kind.", "input": sent},
            response={"id": f"resp_{number}", "output": output},
            started_at=f"2026-11-20T10:0{number}:00Z",
            usage={"input_tokens": 40, "output_tokens": 5},
        )
        for number, (sent, output) in enumerate(zip(inputs, answers, strict=True))
    ]
    session = make_session(project, "run-7", *logs)
    last = RequestLog.objects.order_by("-started_at")[0]
    overview = get(signed_in, last).split('id="overview"')[1]

    assert rows(overview) == rows(get(signed_in, last, "prompt/"))
    assert "Assistant" in text(overview)
    assert "Not in the log" not in text(overview)
    assert "Not in the log" not in text(panel(signed_in, session))


def test_unknown_profiles_are_said_and_take_no_statement(signed_in: Client, project: Project) -> None:
    logs = turns(["One", "Two", "Three"], usage={"input_tokens": 90, "output_tokens": 5})
    session = make_session(project, "run-7", *logs)
    with CaptureQueriesContext(connection) as with_profiles:
        panel(signed_in, session)
    RequestLog.objects.filter(id=stored().id).update(profile=b"")
    Session.objects.update(revision=F("revision") + 1)
    found = panel(signed_in, session)
    assert "Of 1 request it is not known what filled the context." in text(found)
    assert 'data-class="unknown"' in found
    assert "what filled it is not known" in found
    RequestLog.objects.update(profile=b"")
    Session.objects.update(revision=F("revision") + 1)
    with CaptureQueriesContext(connection) as without:
        assert not panel(signed_in, session)
    assert len(with_profiles) == len(without)


def test_history_that_the_provider_keeps_is_unknown(signed_in: Client, project: Project) -> None:
    request = {"model": "gpt-4o", "input": "x" * 400, "previous_response_id": "resp_lost"}
    store_logs(project, make_log(request=request, usage={"input_tokens": 1_000, "output_tokens": 5}))
    page = get(signed_in, stored())
    assert rows(page)["user"] == ["400", "100", "10%"]
    assert rows(page)["unknown"] == ["–", "900", "90%"]


def test_long_session_has_some_columns(signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composition, "MOST_COLUMNS", 3)
    found = panel(signed_in, make_session(project, "run-7", *turns([f"Question {n}" for n in range(7)])))
    assert re.findall(r"#r(\d+)", found) == ["1", "4", "7"]
    assert "One of 3 requests is drawn." in text(found)
