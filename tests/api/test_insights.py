"""What rules say of a session and of its requests: the same in the API as on the page."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.api import export
from sessions_app.models import ModelPrice, Project, RequestLog, Session
from sessions_app.storage.dismissals import dismiss
from tests.factories import make_log, make_project, make_session, make_user
from tests.pages.conversations import assistant, call, chat, png, result, turns, user
from tests.pages.session.test_cache_panel import conversation
from tests.pages.session.test_findings import loop


def insights(client: Client, session: Session, query: str = "") -> dict[str, Any]:
    response = client.get(f"/api/v1/sessions/{session.pk}/insights{query}")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def of_requests(client: Client, session: Session, query: str = "") -> list[Any]:
    page = client.get(f"/api/v1/sessions/{session.pk}/requests?include=insights{query}")
    assert page.status_code == 200, page.content
    return [one["insights"] for one in page.json()["results"]]


def test_findings(client: Client, project: Project) -> None:
    session = make_session(project, "a", *loop())
    found = insights(client, session)
    assert (found["session_id"], found["request_count"], found["looked_at"]) == (str(session.pk), 4, 4)
    (finding,) = found["findings"]
    key = finding.pop("key")
    assert finding == {
        "rule": "repeated_calls",
        "requests": [1, 2, 3],
        "more_requests": 0,
        "count": 3,
        "size": 1,
        "tools": ["<ls>"],
        "cost": "2",
        "cost_share": 0.5,
        "dismissed_by": None,
    }
    shown = [one["findings"] for one in of_requests(client, session)]
    assert shown == [*([[{"rule": "repeated_calls", "key": key, "dismissed": False}]] * 3), []]

    dismiss(project.pk, session.pk, ("repeated_calls", key), "alice")
    assert insights(client, session)["findings"][0]["dismissed_by"] == "alice"
    assert of_requests(client, session)[0]["findings"][0]["dismissed"] is True


def test_dismissed_findings_come_last(client: Client, project: Project) -> None:
    logs = loop(3, "look")
    logs += [chat([user("Deploy")], "I beg", at=100, finish="length")]
    logs += [chat([user("Deploy"), assistant("I beg"), user("Go on")], "", at=110, finish="content_filter")]
    session = make_session(project, "a", *logs)
    before = insights(client, session)["findings"]
    assert [one["rule"] for one in before] == ["repeated_calls", "withheld_answers", "cut_answers"]
    dismiss(project.pk, session.pk, (before[0]["rule"], before[0]["key"]), "alice")
    found = insights(client, session)["findings"]
    assert [one["rule"] for one in found] == ["withheld_answers", "cut_answers", "repeated_calls"]


def test_prompt_cache(client: Client, project: Project) -> None:
    session = make_session(project, "a", *conversation())
    found = insights(client, session)["prompt_cache"]
    causes = [(one["causes"], one["requests"], one["tokens"], one["at_most"], one["cost"]) for one in found["by_cause"]]
    assert causes == [(["tools"], [3], 10_000, False, "0.0125"), (["rewritten"], [4], 10_000, True, "0.0125")]
    assert (found["hits"], found["partly"], found["misses"], found["lost_cost"]) == (1, 0, 2, "0.025")

    verdicts = [one["prompt_cache"] for one in of_requests(client, session)]
    assert verdicts[0] is None
    assert [one["verdict"] for one in verdicts[1:]] == ["hit", "miss", "miss"]
    assert (verdicts[2]["base"], verdicts[2]["causes"], verdicts[2]["cached_tokens"]) == (2, ["tools"], 0)
    # A price that another process sets counts at once, and what misses cost has no float's tail.
    ModelPrice.objects.create(project=project, pattern="gpt-4o", valid_from="2026-01-01", input="0.7", cached="0.6")
    assert insights(client, session)["prompt_cache"]["lost_cost"] == "0.002"


def test_what_filled_the_context(client: Client, project: Project) -> None:
    media = [{"type": "image_url", "image_url": {"url": png()}}, {"type": "text", "text": "x" * 40}]
    session = make_session(
        project,
        "a",
        chat([{"role": "system", "content": "s" * 300}, user("u" * 100)], "Hi", usage={"input_tokens": 100}),
        chat([user("u" * 40)], "Hi", at=10, usage={"input_tokens": 5_000}),
        chat([user("Hello")], "Hi", at=20, usage=None),
        chat([user(media)], "Hi", at=30, usage={"input_tokens": 500}),
    )
    contexts = [one["context"] for one in of_requests(client, session)]
    classes = [[(c["class"], c["chars"], c["count"], c["tokens"]) for c in one["classes"]] for one in contexts]
    assert classes == [
        [("system", 300, None, 75), ("user", 100, None, 25)],
        [("user", 40, None, 10)],
        [("user", 5, None, None)],
        [("user", 40, None, 10), ("media", None, 1, None)],
    ]
    assert [(one["unknown_tokens"], one["scaled"]) for one in contexts] == [
        (0, True),
        (4_990, False),
        (None, None),
        (490, False),
    ]


def test_time(client: Client, project: Project) -> None:
    session = make_session(project, "a", *turns(["one", "two", "three", "four"], usage={"output_tokens": 60}))
    found = insights(client, session)["time"]
    parts = {one["kind"]: (one["ms"], one["share"]) for one in found["parts"]}
    assert parts == {"models": (8_000, 0.25), "person": (24_000, 0.75)}
    assert (found["wall_ms"], found["since"], found["until"], found["tokens_per_second"]) == (32_000, 1, 4, 30)
    part = insights(client, session, "?since=2&until=3")["time"]
    assert (part["wall_ms"], part["since"], part["until"]) == (12_000, 2, 3)
    assert of_requests(client, session)[0]["time"] == {
        "duration_ms": 2_000,
        "first_token_ms": None,
        "tokens_per_second": 30,
        "usual_tokens_per_second": None,
    }


def test_a_slow_request_says_what_is_usual(client: Client, project: Project) -> None:
    logs = [make_log(f"Hi {n}", seconds=2, usage={"input_tokens": 8, "output_tokens": 100}) for n in range(5)]
    slow = make_log("Hi", seconds=20, usage={"input_tokens": 8, "output_tokens": 100})
    session = make_session(project, "a", *logs, slow)
    (number,) = insights(client, session)["time"]["slow_requests"]
    found = of_requests(client, session)[number - 1]["time"]
    assert (found["tokens_per_second"], found["usual_tokens_per_second"]) == (5, 50)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=0", "since"),
        ("since=x", "since"),
        ("until=5", "until"),
        ("since=5", "since"),
        ("since=3&until=2", "until"),
    ],
)
def test_numbers_that_make_no_sense(client: Client, project: Project, query: str, field: str) -> None:
    session = make_session(project, "a", *turns(["one", "two", "three", "four"]))
    answer = client.get(f"/api/v1/sessions/{session.pk}/insights?{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


@pytest.mark.parametrize("path", ["requests/{request}", "sessions/{session}/requests", "sessions.jsonl"])
def test_what_cannot_be_included(client: Client, project: Project, path: str) -> None:
    session = make_session(project, "a")
    address = path.format(request=RequestLog.objects.get().pk, session=session.pk)
    for value in ("everything", "", "insights&include=everything"):
        answer = client.get(f"/api/v1/{address}?include={value}")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "include"), value


@pytest.mark.parametrize("query", ["include=steps", "limit=5", "order=cost", "q=robot", "foo=1"])
@pytest.mark.parametrize("path", ["sessions/{session}", "sessions/{session}/insights"])
def test_a_parameter_that_would_be_ignored_is_refused(client: Client, project: Project, path: str, query: str) -> None:
    address = path.format(session=make_session(project, "a").pk)
    answer = client.get(f"/api/v1/{address}?{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, query.partition("=")[0])


def test_nothing_is_known_of_nothing(client: Client, project: Project) -> None:
    session = make_session(project, "a", make_log(started_at=None, usage=None))
    found = insights(client, session)
    assert (found["findings"], found["prompt_cache"], found["time"]) == ([], None, None)


def test_one_request_and_the_export_say_the_same(
    client: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The test's transaction is not seen in other threads.
    monkeypatch.setattr(export, "in_threads", lambda pieces: pieces)
    session = make_session(project, "a", *conversation())
    listed = of_requests(client, session)
    for request, said in zip(RequestLog.objects.order_by("started_at"), listed, strict=True):
        assert client.get(f"/api/v1/requests/{request.pk}?include=insights").json()["insights"] == said
        assert "insights" not in client.get(f"/api/v1/requests/{request.pk}").json()
    answer: Any = client.get("/api/v1/sessions.jsonl?include=insights")
    (exported,) = map(json.loads, b"".join(answer.streaming_content).splitlines())
    assert exported["insights"] == insights(client, session)
    assert [one["insights"] for one in exported["requests"]] == listed


def test_the_page_says_the_same(client: Client, project: Project) -> None:
    session = make_session(project, "a", *loop(5), *turns(["x", "y"], cost=0.1))
    found = insights(client, session)
    person = Client()
    person.force_login(make_user())
    html = person.get(f"/p/acme/sessions/{session.pk}/").content.decode()
    assert html.count('<li id="finding-') == len(found["findings"]) == 1
    assert f"{100 * found['findings'][0]['cost_share']:.0f}" in re.sub(
        r"<[^>]*>", " ", html.split('<li id="finding-')[1]
    )


def test_a_constant_number_of_statements(client: Client, project: Project) -> None:
    client.get("/api/v1/sessions")  # The first use of a key is noted.
    counted = []
    for key, times in (("short", 4), ("long", 40)):
        # The tools are named nowhere but in the answers.
        session = make_session(project, key, *loop(times, "look"))
        for address in (f"sessions/{session.pk}/insights", f"sessions/{session.pk}/requests?include=insights&limit=2"):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(f"/api/v1/{address}").status_code == 200
            counted.append(len(captured))
    # The key, the session twice, its lines, what was dismissed, and two for the names of tools.
    assert counted[0] == 7
    assert counted[:2] == counted[2:]


def test_sessions_of_other_projects_are_not_found(client: Client) -> None:
    session = make_session(make_project("other"), "a", *loop())
    assert client.get(f"/api/v1/sessions/{session.pk}/insights").status_code == 404


def test_calls_and_results_of_another_tool(client: Client, project: Project) -> None:
    """The evidence of a large result is what brought it; its tool is named in the answer before."""
    first = [user("Read")]
    answer = assistant("", tool_calls=[call("c1", "read_file", '{"path": "a"}')])
    second = [*first, answer, result("c1", "word " * 60_000)]
    logs = [chat(first, answer, finish="tool_calls"), chat(second, "Done.", at=5, usage={"input_tokens": 75_000})]
    (finding,) = insights(client, make_session(project, "a", *logs))["findings"]
    assert (finding["rule"], finding["tools"], finding["requests"]) == ("large_results", ["read_file"], [2])
