"""Long values without a space, in all places of a log, make no page wider than its window."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from benchmarks.screenshots import WIDER
from sessions_app.models import RequestLog
from tests.factories import make_log, make_project, make_session
from tests.pages.conversations import assistant, call, result, user

pytestmark = pytest.mark.django_db(transaction=True)

NAME, TEXT = "m" * 200, "w" * 2_000
MARKDOWN = f"{TEXT}\n\n# {TEXT}\n\n- {TEXT}\n\n| {TEXT} | b |\n|-|-|\n| {TEXT} | c |\n\n`{TEXT}`\n\n[{TEXT}](https://{TEXT}.org)"


def test_no_page_is_wider_than_its_window(visitor: Page, live_server: LiveServer, transactional_db: None) -> None:
    tool = {
        "type": "function",
        "function": {"name": NAME, "description": TEXT, "parameters": {"properties": {NAME: {}}}},
    }
    asked = assistant(None, tool_calls=[call(NAME, NAME, json.dumps({NAME: TEXT}))])
    odd = {"role": NAME, "name": NAME, "content": [{"type": NAME, NAME: TEXT}]}
    messages = [{"role": "system", "content": TEXT}, user(TEXT), asked, result(NAME, TEXT), odd]
    long = {
        "model": NAME,
        "user": NAME,
        "tags": ["t" * 90],
        "request": {"model": NAME, "messages": messages, "tools": [tool]},
    }
    answer = {"choices": [{"message": assistant(MARKDOWN), "finish_reason": NAME}]}
    failure = {"type": NAME, "message": TEXT}
    session = make_session(
        make_project(),
        NAME,
        make_log(**long, response=answer),
        make_log(**long, response=None, status="error", error=failure),
    )
    request = RequestLog.objects.filter(session_id=session.id, status="success").get()
    of_session, of_request = f"sessions/{session.id}/", f"requests/{request.id}/"
    nothing = "a" * 400
    found = []
    for path in (
        *("sessions/", f"sessions/?q={nothing}", f"sessions/?tag={nothing}", "requests/", f"requests/?q={nothing}"),
        *(of_session, f"{of_session}?dense=1", f"{of_session}?dense=0&view={nothing}", f"{of_session}?find={nothing}"),
        *(f"{of_session}?view=waterfall", f"{of_session}?view=table", f"{of_session}tags/", f"{of_session}name/"),
        *(of_request, f"{of_request}prompt/", f"{of_request}?raw=request"),
    ):
        visitor.goto(f"{live_server.url}/p/acme/{path}")
        for width in (1440, 390):
            visitor.set_viewport_size({"width": width, "height": 900})
            if (wider := visitor.evaluate(WIDER)) > 0:
                found.append(f"{path[:80]} at {width}: {wider} px wider than the window")
    assert not found, "\n".join(found)
