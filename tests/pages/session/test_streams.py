"""Answers that were logged as streams: on pages, in the API, in search; and what was sent comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from sessions_app.content.search_text import hashes_of, terms_of
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog, RequestSearch, Session
from tests.factories import make_log, store_logs
from tests.pages.session.test_session import text
from tests.wire.streams.spoken import STREAMS, Spoken
from tests.wire.streams.test_streams import server_sent

SAID = Spoken(text=["The heron", "wades."])
EVERY_API = pytest.mark.parametrize("api", STREAMS)


def page_of(client: Client, request_id: str) -> str:
    log = RequestLog.objects.get(request_id=request_id)
    return text(client.get(f"/p/acme/sessions/{log.session_id}/").content.decode())


def answer(client: Client, request_id: str) -> Any:
    return client.get(f"/api/v1/requests/{RequestLog.objects.get(request_id=request_id).id}").json()


@EVERY_API
def test_a_follow_up_is_in_the_same_session(signed_in: Client, project: Project, api: str) -> None:
    asked = {"role": "user", "content": "And?"}
    followed = [{"role": "user", "content": "Bird?"}, {"role": "assistant", "content": "The heronwades."}, asked]
    store_logs(
        project,
        make_log("Bird?", request_id="one", response=STREAMS[api](SAID)),
        make_log(request_id="two", request={"messages": followed}),
    )
    assert Session.objects.get().request_count == 2
    page = page_of(signed_in, "one")
    assert "The heronwades." in page
    assert f"Put together from the {len(STREAMS[api](SAID))} events of a stream" in page
    assert "broke off" not in page


def test_a_stream_that_broke_off_says_so(signed_in: Client, project: Project) -> None:
    store_logs(project, make_log(request_id="one", response=STREAMS["anthropic"](SAID)[:4]))
    page = page_of(signed_in, "one")
    assert "The heron" in page
    assert "The stream broke off after 4 events" in page
    assert "No answer was logged" not in page
    found = answer(signed_in, "one")
    assert found["stream"] == {"events": 4, "broken_off": True}
    assert found["problems"] == []
    assert found["status"] == "success"


def test_what_was_sent_comes_back_byte_for_byte(signed_in: Client, project: Project) -> None:
    odd = b'[ {"choices":[{"index":0,"delta":{"content":"The \\u0068eron\\u0000 \\ud83d"}}],"n":1e400},\n'
    odd += b'{"choices":[{"delta":{"content":"\\ude00"},"finish_reason":"stop"}],"big":' + b"9" * 5_000 + b"}]"
    text_of_stream = json.dumps(server_sent(STREAMS["chat"](SAID), "\r\n", done=True)).encode()
    sent = {"odd": odd, "text": text_of_stream}
    logs = [b'{"request_id":"%s","response":%s}' % (name.encode(), raw) for name, raw in sent.items()]
    accept_body(project.pk, "native", b"[" + b",".join(logs) + b"]")
    digest_until_empty()
    for name, raw in sent.items():
        log = RequestLog.objects.get(request_id=name)
        assert signed_in.get(f"/p/acme/requests/{log.id}/raw/response/?download=1").content == raw
    assert log.output_preview == "The heronwades."


def test_the_words_of_the_answer_are_kept_for_search_and_those_of_the_events_are_not(project: Project) -> None:
    store_logs(project, make_log(request_id="one", response=STREAMS["chat"](SAID)))
    (words,) = RequestSearch.objects.values_list("words", flat=True)
    assert set(hashes_of(terms_of("heronwades"), project.pk)) <= set(words)
    assert hashes_of(["chunk"], project.pk)[0] not in words


def test_a_copy_of_the_log_is_the_same_and_an_answer_may_come_later(project: Project) -> None:
    whole = make_log(request_id="one", response=STREAMS["chat"](SAID))
    store_logs(project, {name: value for name, value in whole.items() if name != "response"})
    store_logs(project, whole)
    store_logs(project, whole)
    log = RequestLog.objects.get()
    assert log.output_preview == "The heronwades."
