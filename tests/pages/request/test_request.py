"""The request page as the server renders it, and the pieces it loads."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog
from tests.factories import START, make_log, make_project, make_session, store_logs
from tests.pages.conversations import agent, chat, turns, user
from tests.pages.session.test_session import MOST_STATEMENTS, more_links, text


def stored(session_key: str = "") -> RequestLog:
    """The latest request (of a session)."""
    found = RequestLog.objects.order_by("started_at")
    return found.filter(session_id__in=_sessions(session_key)).last() if session_key else found.last()  # type: ignore[return-value]


def _sessions(key: str) -> Any:
    from sessions_app.models import Session

    return Session.objects.filter(session_key=key).values("id")


def address(log: RequestLog, path: str = "") -> str:
    return f"/p/acme/requests/{log.id}/{path}"


def get(client: Client, log: RequestLog, path: str = "", **headers: str) -> str:
    response = client.get(address(log, path), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def section(page: str, name: str) -> str:
    """The HTML of one part of the page."""
    found = re.search(rf'<(section|aside) [^>]*id="{name}".*?</\1>(?!\s*</\1>)', page, re.DOTALL)
    assert found, f"no {name} on the page"
    return page[found.start() :] if name == "overview" else found[0]


def test_it_works(signed_in: Client, project: Project) -> None:
    members = {"user": "alice", "tags": ["ci"], "metadata": {"run": 4812, "nested": {"a": [1]}}, "provider": "openai"}
    logs = turns(["One", "Two"], cost=0.25, usage={"input_tokens": 900, "output_tokens": 40}, **members)
    logs[1]["request"]["temperature"] = 0.5
    make_session(project, "run-7", *logs)
    page = get(signed_in, stored())

    assert "Request 2 of 2" in text(page)
    assert [word in text(section(page, "input")) for word in ("Be brief.", "One", "Answer 1", "Two")] == [True] * 4
    assert "Answer 2" in text(section(page, "output"))
    assert "temperature 0.5" in text(section(page, "parameters"))
    metadata = text(section(page, "metadata"))
    assert "run 4812" in metadata
    assert 'nested {"a": [1]}' in metadata
    overview = text(section(page, "overview"))
    for fact in (
        "Continues 1 , 1 new of 4",
        "Provider openai",
        "grouped by session_id",
        "Input 900",
        "Total 940 $0.00265",
    ):
        assert fact in overview, fact
    assert "Session up to here $0.500" in overview
    assert f'data-copy="{stored().request_id}"' in page


def test_only_new_messages_on_demand(signed_in: Client, project: Project) -> None:
    make_session(project, "s", *turns(["One", "Two"]))
    new = text(section(get(signed_in, stored(), "?input=new"), "input"))

    assert "Two" in new
    assert "Answer 1" not in new


def test_retry_sent_nothing_new(signed_in: Client, project: Project) -> None:
    logs = [make_log("One", started_at=START + timedelta(seconds=n)) for n in range(2)]
    make_session(project, "s", *logs)

    assert "No new messages." in text(section(get(signed_in, stored(), "?input=new"), "input"))


def test_tool_calls_of_the_input_stand_with_their_results(signed_in: Client, project: Project) -> None:
    make_session(project, "s", *agent())
    page = get(signed_in, stored())

    assert "shown with their calls above" in text(section(page, "input"))
    assert re.search(r"1 tool \d+ B read_file", text(section(page, "input")))


def test_neighbours_and_session_are_linked(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *turns(["One", "Two", "Three"]))
    first, second, third = RequestLog.objects.order_by("started_at")
    page = get(signed_in, second)

    assert f'data-key="k" href="{address(first)}"' in page
    assert f'data-key="j" href="{address(third)}"' in page
    assert f'href="/p/acme/sessions/{session.id}/#r2"' in page
    assert 'data-key="k"' not in get(signed_in, first)
    assert 'data-key="j"' not in get(signed_in, third)


def test_link_to_a_session_names_the_block(signed_in: Client, project: Project) -> None:
    logs = [make_log(f"Text {n}", started_at=START + timedelta(seconds=n * 3)) for n in range(130)]
    session = make_session(project, "s", *logs)

    assert f'href="/p/acme/sessions/{session.id}/?from=126#r130"' in get(signed_in, stored())


def test_facts_for_the_inspector(signed_in: Client, project: Project) -> None:
    make_session(project, "s", *turns(["One", "Two"]))
    facts = get(signed_in, stored(), "facts/", **{"HX-Request": "true"})

    assert facts.lstrip().startswith('<aside class="inspector" id="inspector"')
    assert "Continues 1 , 1 new of 4" in text(facts)
    assert signed_in.get(address(stored(), "facts/")).headers["Location"] == address(stored())


def test_times_of_the_answer_are_drawn(signed_in: Client, project: Project) -> None:
    store_logs(project, make_log(first_token_at=START + timedelta(seconds=0.5), usage={"output_tokens": 30}))
    page = get(signed_in, stored())

    assert "0.5 s to the first token, then 1.5 s of generation".replace("0.5 s", "500 ms") in text(
        page.replace('aria-label="', ">").replace('">', " ")
    )
    assert "Speed 20 tok/s" in text(page)


def test_request_without_anything_known(signed_in: Client, project: Project) -> None:
    store_logs(project, {"error": "it broke"})
    page = get(signed_in, stored())

    assert "it broke" in text(section(page, "output"))
    assert "No input was logged" in text(section(page, "input"))
    assert "No parameters were logged" in text(section(page, "parameters"))
    assert "The log has no metadata" in text(section(page, "metadata"))
    assert "No command" in text(section(page, "curl"))


@pytest.mark.parametrize(
    ("model", "facts"),
    [("asked", "Model asked Endpoint"), ("other", "Request model asked Response model other Endpoint")],
)
def test_response_model_is_only_told_if_it_differs(signed_in: Client, project: Project, model: str, facts: str) -> None:
    make_session(project, "s", make_log(request={"model": "asked", "messages": [user("Hi")]}, model=model))
    page = text(get(signed_in, stored()))
    assert facts in " ".join(page[page.index("Continues no") :].split())


def test_stream_is_a_fact_and_no_warning(signed_in: Client, project: Project) -> None:
    chunks = [{"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}]
    log = make_log(request={"model": "gpt-4o", "messages": [user("Hi")], "stream": True}, response=chunks)
    make_session(project, "s", log)
    page = text(get(signed_in, stored()))
    assert "Stream 1 event, broken off" in page
    assert "events of a stream: " not in page


def test_many_messages_come_in_blocks(signed_in: Client, project: Project) -> None:
    store_logs(project, chat([user(f"Message {n}.") for n in range(250)], "Read."))
    page = section(get(signed_in, stored()), "input")

    assert "Message 99." in page
    assert "Message 100." not in page
    assert more_links(page) == {"Show 150 more messages": f"{address(stored())}?from=101#input"}
    second = section(get(signed_in, stored(), "?from=101"), "input")
    assert "Message 100." in second
    assert list(more_links(second)) == ["Show 100 more messages", "Show 50 more messages"]
    assert "Message 249." in section(get(signed_in, stored(), "?from=9999"), "input")


def test_statements_are_few(
    signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_session(project, "s", *turns([f"Text {n}" for n in range(60)]))
    log = stored()
    get(signed_in, log)

    for path in ("", "facts/", "messages/?from=0&to=50", "raw/log/"):
        with django_assert_max_num_queries(MOST_STATEMENTS):
            get(signed_in, log, path, **{"HX-Request": "true"})


# --- raw JSON -------------------------------------------------------------------------------------------------------


def raw_text(page: str) -> str:
    code = re.search(r'<code id="raw-text">(.*?)</code>', page, re.DOTALL)
    assert code
    return unescape(re.sub(r"<[^>]*>", "", code[1]))


@pytest.mark.parametrize("which", ["request", "response", "log"])
def test_raw_json(signed_in: Client, project: Project, which: str) -> None:
    sent = make_log("Hello\u2028 \u0000", cost=1e-7, metadata={"big": 10**30})
    store_logs(project, sent)
    expected = json.loads(json.dumps(sent, default=str)) if which == "log" else sent[which]
    if which == "log":
        expected["started_at"], expected["ended_at"] = (sent[name].isoformat() for name in ("started_at", "ended_at"))

    assert json.loads(raw_text(get(signed_in, stored(), f"?raw={which}"))) == expected
    assert json.loads(raw_text(get(signed_in, stored(), f"raw/{which}/", **{"HX-Request": "true"}))) == expected
    download = signed_in.get(address(stored(), f"raw/{which}/?download=1"))
    assert json.loads(download.content) == expected
    assert download.headers["Content-Type"] == "application/json"
    assert download.headers["Content-Disposition"].startswith("attachment")


def test_raw_json_keeps_every_literal(signed_in: Client, project: Project) -> None:
    body = b'{"request": {"messages": ["a"], "x": 1e400, "y": 1.10, "z": "\\ud800\\u0000", "k": 100000000000000000000}}'
    accept_body(project.pk, "native", body)
    digest_until_empty()

    shown = raw_text(get(signed_in, stored(), "?raw=request"))
    for literal in ("1e400", "1.10", '"\\ud800\\u0000"', "100000000000000000000"):
        assert literal in shown
    assert b"1e400" in signed_in.get(address(stored(), "raw/request/?download=1")).content


def test_large_raw_json_comes_in_pieces(signed_in: Client, project: Project) -> None:
    store_logs(project, make_log("x" * 150_000))
    page = section(get(signed_in, stored(), "?raw=request"), "raw")
    assert 'data-copy-from="raw-text"' not in page
    (url,) = re.findall(r'hx-get="([^"]+offset=[^"]+)"', page)
    total = len(raw_text(page))
    for _ in range(5):
        piece = signed_in.get(url, headers={"HX-Request": "true"}).content.decode()
        total += sum(map(len, re.findall(r"<code>(.*?)</code>", piece, re.DOTALL)))
        more = re.findall(r'hx-get="([^"]+)"', piece)
        if not more:
            break
        (url,) = more
    assert total > 150_000
    assert not more


def test_document_that_the_log_has_not(signed_in: Client, project: Project) -> None:
    store_logs(project, make_log(response=None, status="error"))

    assert signed_in.get(address(stored(), "raw/response/?download=1")).status_code == 404
    assert "Response" not in text(section(get(signed_in, stored(), "?raw=response"), "raw"))


# --- curl -----------------------------------------------------------------------------------------------------------


def curl_of(page: str) -> str:
    code = re.search(r'<code id="curl-text">(.*?)</code>', page, re.DOTALL)
    assert code
    return unescape(code[1])


def run(command: str) -> list[str]:
    """What a POSIX shell would hand to curl."""
    script = 'curl() { for word in "$@"; do printf \'%s\\0\' "$word"; done; }\n' + command
    found = subprocess.run(["sh", "-c", script], capture_output=True, check=True, env={"API_KEY": "sk-test"})
    return found.stdout.decode().split("\0")[:-1]


def test_curl_sends_the_very_body(signed_in: Client, project: Project) -> None:
    evil = 'it\'s $(rm -rf /) `id` "quoted" \\ \n $HOME !x ünï'
    body = {"model": "gpt-4o", "messages": [user(evil)], "temperature": 0}
    store_logs(project, make_log(request=body, provider="openai"))
    command = curl_of(get(signed_in, stored()))
    url, *words = run(command)

    assert url == "https://api.openai.com/v1/chat/completions"
    assert words[:4] == ["-H", "Authorization: Bearer sk-test", "-H", "Content-Type: application/json"]
    assert words[4] == "-d"
    assert json.loads(words[5]) == body
    assert "$API_KEY" in command


@pytest.mark.parametrize(
    ("members", "url"),
    [
        ({"request": {"model": "claude", "system": "x", "messages": []}}, "https://api.anthropic.com/v1/messages"),
        ({"request": {"model": "o3", "input": "x", "store": True}}, "https://api.openai.com/v1/responses"),
        (
            {"request": {"model": "text-embed", "input": ["x"]}, "kind": "embedding"},
            "https://api.openai.com/v1/embeddings",
        ),
        ({"request": {"prompt": "x"}, "provider": "mistral"}, "https://api.mistral.ai/v1/completions"),
        (
            {"request": {"contents": []}, "model": "gemini-2.5-pro"},
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
        ),
        (
            {"request": {"contents": []}, "model": "$(id)"},
            "https://generativelanguage.googleapis.com/v1beta/models/MODEL:generateContent",
        ),
        (
            {"request": {"model": "m", "messages": []}, "provider": "$(id)"},
            "https://api.openai.com/v1/chat/completions",
        ),
    ],
)
def test_curl_goes_to_the_endpoint_of_the_call(
    signed_in: Client, project: Project, members: dict[str, Any], url: str
) -> None:
    store_logs(project, make_log(**members))
    assert run(curl_of(get(signed_in, stored())))[0] == url


def test_curl_takes_a_large_body_from_a_file(signed_in: Client, project: Project) -> None:
    store_logs(project, make_log("x" * 150_000))
    page = get(signed_in, stored())

    assert run(curl_of(page))[-2:] == ["--data-binary", "@request.json"]
    assert f'href="{address(stored())}raw/request/?download=1" download="request.json"' in page


def test_curl_has_no_control_characters(signed_in: Client, project: Project) -> None:
    store_logs(project, make_log("a\x9b31m\u202eb\x7f"))
    command = curl_of(get(signed_in, stored()))

    assert not re.search("[\x7f-\x9f\u202e]", command)
    assert json.loads(run(command)[-1])["messages"][0]["content"] == "a\x9b31m\u202eb\x7f"


# --- who and where --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "facts/", "messages/", "raw/log/", "text/0000000000000000/0/"])
def test_not_for_strangers(client: Client, project: Project, path: str) -> None:
    make_session(project, "s")
    response = client.get(address(stored(), path))

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/")


@pytest.mark.parametrize("path", ["", "facts/", "messages/?from=0&to=1", "raw/log/", "raw/log/?download=1"])
def test_request_of_another_project_is_gone(signed_in: Client, project: Project, path: str) -> None:
    make_session(make_project("other"), "s")
    response = signed_in.get(address(stored(), path), headers={"HX-Request": "true"} if path else {})

    assert response.status_code == 404
    assert b"Hi there." not in response.content
