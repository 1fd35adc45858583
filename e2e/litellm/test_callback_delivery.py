"""examples/litellm/logsui_callback.py with a server that fails on demand: what is lost, kept, counted and logged."""

import asyncio
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import litellm
import pytest
from receiver import Answer, Receiver, ReceiverHandler
from servers import EXAMPLES

sys.path.insert(0, str(EXAMPLES))
import logsui_callback
from logsui_callback import LogsuiCallback


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def make_callback(receiver: Receiver) -> Iterator[Callable[..., LogsuiCallback]]:
    made: list[LogsuiCallback] = []

    def make_callback(**options: Any) -> LogsuiCallback:
        callback = LogsuiCallback(**({"endpoint": receiver.url, "api_key": "key"} | options))
        litellm.callbacks = [callback]
        made.append(callback)
        return callback

    yield make_callback
    litellm.callbacks = []
    litellm.logging_callback_manager._reset_all_callbacks()
    for callback in made:
        callback.exit_seconds = 0.1
        callback.close()


def ask(question: str = "Why?", **options: Any) -> Any:
    given = {"model": "openai/gpt-4o-mini", "api_key": "none-needed", "mock_response": "Because."}
    return litellm.completion(messages=[{"role": "user", "content": question}], **(given | options))


def answers(*statuses: int) -> Answer:
    """These statuses one after another, then always 200."""
    left = list(statuses)
    return lambda body: (left.pop(0) if left else 200, {})


def test_it_works(receiver: Receiver, make_callback: Callable[..., LogsuiCallback]) -> None:
    callback = make_callback()
    ask(metadata={"litellm_trace_id": "conversation-42", "team": "blue"})
    assert callback.flush(10)
    (event,) = receiver.events
    assert event["metadata"]["requester_metadata"] == {"litellm_trace_id": "conversation-42", "team": "blue"}
    assert event["response"]["choices"][0]["message"]["content"] == "Because."


def test_events_that_arrive_during_a_post_go_with_the_next(
    receiver: Receiver, make_callback: Callable[..., LogsuiCallback]
) -> None:
    gate = threading.Event()
    receiver.answer = lambda body: (200, {}) if gate.wait(20) else (500, {})
    callback = make_callback()
    for number in range(40):
        ask(f"Question {number}")
    time.sleep(1.0)
    gate.set()
    assert callback.flush(20)
    assert sorted(receiver.questions()) == sorted(f"Question {number}" for number in range(40))
    assert len(receiver.bodies) <= 3


@pytest.mark.parametrize("status", [401, 404, 408, 429, 500, 503])
def test_post_is_repeated_until_it_is_stored(
    status: int, receiver: Receiver, make_callback: Callable[..., LogsuiCallback]
) -> None:
    receiver.answer = answers(status, status)
    callback = make_callback()
    ask()
    assert callback.flush(20)
    assert len(receiver.events) == 1
    assert len(receiver.bodies) == 3


def test_retry_after_is_respected(receiver: Receiver, make_callback: Callable[..., LogsuiCallback]) -> None:
    first = [(503, {"Retry-After": "2"})]
    receiver.answer = lambda body: first.pop() if first else (200, {})
    callback = make_callback()
    began = time.monotonic()
    ask()
    assert callback.flush(20)
    assert time.monotonic() - began >= 2.0


def test_server_that_is_not_there_yet(make_callback: Callable[..., LogsuiCallback]) -> None:
    late = Receiver()
    late.server_close()
    callback = make_callback(endpoint=late.url)
    ask()
    assert not callback.flush(1)
    with ThreadingHTTPServer(("127.0.0.1", late.server_port), ReceiverHandler) as server:
        server.events, server.bodies, server.answer = [], [], lambda body: (200, {})  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        assert callback.flush(20)
        assert len(server.events) == 1  # type: ignore[attr-defined]
        server.shutdown()


@pytest.mark.parametrize("status", [400, 413, 422])
def test_refused_event_does_not_take_others_with_it(
    status: int, receiver: Receiver, make_callback: Callable[..., LogsuiCallback], caplog: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()

    def answer(body: bytes) -> tuple[int, dict[str, str]]:
        gate.wait(20)
        return (status if b"poison" in body else 200), {}

    receiver.answer = answer
    callback = make_callback()
    for question in ("one", "two", "poison", "three", "four"):
        ask(question)
    time.sleep(0.5)
    gate.set()
    assert callback.flush(20)
    assert sorted(receiver.questions()) == ["four", "one", "three", "two"]
    assert callback.refused == 1
    assert f"answered {status}" in caplog.text


def test_redirect_is_no_success(receiver: Receiver, make_callback: Callable[..., LogsuiCallback]) -> None:
    first = [(302, {"Location": "/elsewhere"})]
    receiver.answer = lambda body: first.pop() if first else (200, {})
    callback = make_callback()
    ask()
    assert callback.flush(20)
    assert (len(receiver.events), receiver.gets) == (1, 0)


@pytest.mark.parametrize("limit", [{"queue_events": 5}, {"queue_bytes": 60_000}])
def test_full_queue_drops_counts_and_says_so(
    limit: dict[str, int], receiver: Receiver, make_callback: Callable[..., LogsuiCallback], caplog: Any
) -> None:
    receiver.answer = lambda body: (503, {})
    callback = make_callback(**limit)
    for number in range(30):
        ask(f"Question {number}")
    assert not callback.flush(1)
    assert callback.dropped >= 15
    assert "queue full" in caplog.text
    receiver.answer = answers()
    assert callback.flush(30)
    assert len(receiver.events) + callback.dropped == 30


def test_event_that_reaches_both_methods_is_posted_once(
    receiver: Receiver, make_callback: Callable[..., LogsuiCallback]
) -> None:
    callback = make_callback()
    payload = {"id": "a", "litellm_call_id": "b", "status": "success", "startTime": 1.0, "messages": [], "metadata": {}}
    kwargs = {"standard_logging_object": payload, "litellm_params": {}}
    callback.log_success_event(kwargs, None, None, None)
    asyncio.run(callback.async_log_success_event(kwargs, None, None, None))
    callback.log_success_event({"standard_logging_object": payload | {"startTime": 2.0}}, None, None, None)
    assert callback.flush(10)
    assert [event["startTime"] for event in receiver.events] == [1.0, 2.0]
    assert "requester_metadata" not in payload["metadata"]


def test_sync_stream_is_posted_once_and_complete(
    receiver: Receiver, make_callback: Callable[..., LogsuiCallback]
) -> None:
    callback = make_callback()
    for _ in ask(stream=True, mock_response="A longer answer, in several pieces."):
        pass
    assert callback.flush(10)
    (event,) = receiver.events
    assert event["response"]["choices"][0]["message"]["content"] == "A longer answer, in several pieces."


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth):
        inner = {"deeper": inner}
    return inner


DESCRIPTIONS = {
    "set": ({2}, [2]),
    "bytes": (b"bytes", "b'bytes'"),
    "key": ({("a", 1): 2, None: 3}, {"('a', 1)": 2, "None": 3}),
    "surrogate": ("\x00\ud83d", "\x00\ud83d"),
    "model": (litellm.Message(content="hi"), litellm.Message(content="hi").model_dump()),
    "hostile": ([Hostile(), 1], ["<Hostile that cannot be described>", 1]),
}


def post_metadata(callback: LogsuiCallback, receiver: Receiver, value: Any) -> Any:
    """What arrives when the caller's metadata has this value."""
    metadata = {"litellm_trace_id": "t", "value": value}
    kwargs = {"standard_logging_object": {"id": "a", "metadata": {}}, "litellm_params": {"metadata": metadata}}
    callback.log_success_event(kwargs, None, None, None)
    assert callback.flush(10)
    (event,) = receiver.events
    assert event["metadata"]["requester_metadata"]["litellm_trace_id"] == "t"
    return event["metadata"]["requester_metadata"]["value"]


@pytest.mark.parametrize(("value", "posted"), DESCRIPTIONS.values(), ids=DESCRIPTIONS)
def test_metadata_of_any_kind_is_posted(
    value: Any, posted: Any, receiver: Receiver, make_callback: Callable[..., LogsuiCallback]
) -> None:
    assert post_metadata(make_callback(), receiver, value) == posted


@pytest.mark.parametrize("depth", [5000, 50_000])
def test_extreme_depth_is_cut_with_litellms_mark(
    depth: int, receiver: Receiver, make_callback: Callable[..., LogsuiCallback]
) -> None:
    assert '"deeper": "MaxDepthExceeded"' in json.dumps(post_metadata(make_callback(), receiver, nested(depth)))


def test_circular_metadata_is_cut_with_litellms_mark(
    receiver: Receiver, make_callback: Callable[..., LogsuiCallback]
) -> None:
    circle: dict[str, Any] = {"one": 1}
    circle["itself"] = [circle, circle]
    mark = "CircularReference Detected"
    assert post_metadata(make_callback(), receiver, circle) == {"one": 1, "itself": [mark, mark]}


def test_proxys_own_metadata_is_not_posted(receiver: Receiver, make_callback: Callable[..., LogsuiCallback]) -> None:
    callback = make_callback()
    params = {"proxy_server_request": {"url": "/v1/messages"}, "metadata": {"user_api_key_auth": "secret"}}
    callback.log_success_event(
        {"standard_logging_object": {"id": "a", "metadata": {}}, "litellm_params": params}, None, None, None
    )
    assert callback.flush(10)
    assert "secret" not in json.dumps(receiver.events)


def test_key_is_sent_and_not_logged(
    receiver: Receiver, make_callback: Callable[..., LogsuiCallback], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answer = answers(401)
    callback = make_callback(api_key="lsk-very-secret")
    ask()
    assert callback.flush(10)
    assert "answered 401" in caplog.text
    assert "lsk-very-secret" not in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_child_posts_its_own_events_only(
    receiver: Receiver, make_callback: Callable[..., LogsuiCallback]
) -> None:
    gate = threading.Event()
    receiver.answer = lambda body: (200, {}) if gate.is_set() else (503, {})
    callback = make_callback()
    ask("of the parent")
    time.sleep(0.5)
    child = os.fork()
    if child == 0:
        callback.log_success_event(
            {"standard_logging_object": {"id": "c", "messages": [{"content": "of the child"}]}}, None, None, None
        )
        os._exit(0 if callback.flush(20) else 1)
    gate.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert callback.flush(20)
    assert sorted(receiver.questions()) == ["of the child", "of the parent"]


START = """
import asyncio, litellm, logsui_callback
litellm.callbacks = [logsui_callback.instance]
logsui_callback.instance.exit_seconds = 2.0
CALL = dict(model="openai/gpt-4o-mini", api_key="x", mock_response="Hi")
"""
SYNC_CALLS = """
for number in range(3):
    litellm.completion(messages=[{"role": "user", "content": str(number)}], **CALL)
"""
ASYNC_CALLS = """
async def main():
    calls = [litellm.acompletion(messages=[{"role": "user", "content": str(n)}], **CALL) for n in range(50)]
    await asyncio.gather(*calls)
    FLUSH
asyncio.run(main())
"""


def run_to_its_end(source: str, url: str, tmp_path: Path) -> tuple[str, float]:
    """The error output of the program, and how many seconds it ran."""
    script = tmp_path / "script.py"
    script.write_text(START + source)
    environment = {"LOGSUI_ENDPOINT": url, "LOGSUI_API_KEY": "key", "PYTHONPATH": str(EXAMPLES)}
    environment |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(script)], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stderr, time.monotonic() - began


def test_async_calls_are_flushed_by_the_coroutine(receiver: Receiver, tmp_path: Path) -> None:
    flush = "assert await logsui_callback.instance.aflush()"
    errors, _ = run_to_its_end(ASYNC_CALLS.replace("FLUSH", flush), receiver.url, tmp_path)
    assert len(receiver.events) == 50
    assert "did not report" not in errors


def test_async_calls_that_litellm_gave_up_are_reported(receiver: Receiver, tmp_path: Path) -> None:
    errors, _ = run_to_its_end(ASYNC_CALLS.replace("FLUSH", "pass"), receiver.url, tmp_path)
    reported = sum(int(count) for count in re.findall(r"did not report (\d+) calls", errors))
    # LiteLLM's own exit handler may still report some of them.
    assert reported >= 50 - len(receiver.events)


def test_end_of_the_program_delivers_the_queue(receiver: Receiver, tmp_path: Path) -> None:
    run_to_its_end(SYNC_CALLS, receiver.url, tmp_path)
    assert sorted(receiver.questions()) == ["0", "1", "2"]


def test_end_of_the_program_waits_for_a_failing_server_only_so_long(receiver: Receiver, tmp_path: Path) -> None:
    receiver.answer = lambda body: (503, {})
    errors, seconds = run_to_its_end(SYNC_CALLS, receiver.url, tmp_path)
    assert "3 events are lost, not sent before the program ended" in errors
    assert seconds < 30


def test_end_of_the_program_does_not_wait_for_a_wrong_key(receiver: Receiver, tmp_path: Path) -> None:
    receiver.answer = lambda body: (401, {})
    errors, _ = run_to_its_end(SYNC_CALLS, receiver.url, tmp_path)
    assert "answered 401" in errors
    assert len(receiver.bodies) <= 6


def test_retry_delays_grow_and_are_bounded() -> None:
    delays = [logsui_callback.retry_delay_seconds(attempt) for attempt in range(40)]
    assert delays[0] <= 0.25
    assert 11 <= min(delays[10:]) <= max(delays) <= 15
