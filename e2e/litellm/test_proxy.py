"""What a LiteLLM proxy logs under the documented settings: failures, streams, bursts, and outages of logsui."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from servers import EXAMPLES, MASTER_KEY, Logsui, Proxy

BURST = 50
# By default, LiteLLM cancels a callback after 20 seconds, even between retries.
OUTAGE_SECONDS = 23.0


def client_of(proxy: Proxy) -> openai.OpenAI:
    return openai.OpenAI(base_url=proxy.url, api_key=MASTER_KEY, max_retries=0, timeout=60)


def ask(client: openai.OpenAI, trace_id: str, question: str = "Why?", **options: Any) -> Any:
    return client.chat.completions.create(
        model=options.pop("model", "gpt-4o-mini"),
        messages=[{"role": "user", "content": question}],
        extra_body={"metadata": {"litellm_trace_id": trace_id}},
        **options,
    )


def in_parallel(function: Callable[[int], Any], count: int) -> list[Any]:
    with ThreadPoolExecutor(25) as pool:
        return list(pool.map(function, range(count)))


def test_failure_is_an_error_of_the_session(logsui: Logsui, proxy: Proxy, trace_id: str) -> None:
    ask(client_of(proxy), trace_id)
    with pytest.raises(openai.RateLimitError):
        ask(client_of(proxy), trace_id, model="always-rate-limited")
    session = logsui.wait_for_session(trace_id, 2)
    assert session["error_count"] == 1
    good, failed = logsui.requests(session)
    assert (good["status"], good["error"]) == ("success", None)
    assert (failed["status"], failed["status_code"]) == ("error", 429)
    assert failed["error"]["type"] == "RateLimitError"
    assert "mock rate limit error" in failed["error"]["message"]


def test_stream_is_one_request_with_the_whole_answer(logsui: Logsui, proxy: Proxy, trace_id: str) -> None:
    pieces = [chunk.choices[0].delta.content or "" for chunk in ask(client_of(proxy), trace_id, stream=True)]
    assert len(pieces) > 1
    (streamed,) = logsui.requests(logsui.wait_for_session(trace_id, 1))
    document = logsui.get(f"requests/{streamed['id']}")
    assert document["response"]["choices"][0]["message"]["content"] == "".join(pieces)
    assert streamed["output_tokens"] > 0


def test_burst_loses_nothing_and_stores_nothing_twice(logsui: Logsui, proxy: Proxy, trace_id: str) -> None:
    client = client_of(proxy)
    answers = in_parallel(lambda number: ask(client, trace_id, f"Question {number}"), BURST)
    session = logsui.wait_for_session(trace_id, BURST)
    responses = [logsui.get(f"requests/{each['id']}")["response"] for each in logsui.requests(session)]
    assert sorted(response["id"] for response in responses) == sorted(answer.id for answer in answers)


def test_outage_of_logsui_loses_nothing(logsui: Logsui, proxy: Proxy, trace_id: str) -> None:
    client = client_of(proxy)
    ask(client, trace_id)
    logsui.stop()
    try:
        in_parallel(lambda number: ask(client, trace_id, f"Question {number}"), BURST)
        time.sleep(OUTAGE_SECONDS)
    finally:
        logsui.start()
    # LiteLLM doubles its pauses between attempts, so after half a minute of outage it may wait another half.
    logsui.wait_for_session(trace_id, 1 + BURST, seconds=90)


THREE_LINES = """
model_list:
  - model_name: gpt-4o-mini
    litellm_params: {model: openai/gpt-4o-mini, api_key: none-needed, mock_response: Hello.}
litellm_settings:
  callbacks: ["generic_api"]
"""


def test_three_lines_are_enough(logsui: Logsui, tmp_path: Path, trace_id: str) -> None:
    """One line in the configuration and two environment variables; everything else is LiteLLM's default."""
    config = tmp_path / "config.yaml"
    config.write_text(THREE_LINES)
    environment = {
        "GENERIC_LOGGER_ENDPOINT": logsui.endpoint,
        "GENERIC_LOGGER_HEADERS": f"Authorization=Bearer {logsui.api_key}",
    }
    proxy = Proxy(tmp_path, environment, config)
    proxy.start()
    try:
        ask(client_of(proxy), trace_id)
        ask(client_of(proxy), trace_id)
        logsui.wait_for_session(trace_id, 2)
    finally:
        proxy.stop()


CALLBACK_FILE = """
model_list:
  - model_name: gpt-4o-mini
    litellm_params: {model: openai/gpt-4o-mini, api_key: none-needed, mock_response: Hello.}
litellm_settings:
  callbacks: logsui_callback.instance
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
"""


def test_callback_file_in_a_proxy_delivers_on_sigterm(logsui: Logsui, tmp_path: Path, trace_id: str) -> None:
    """A proxy that is stopped while events are queued, which `generic_api` does not survive."""
    config = tmp_path / "config.yaml"
    config.write_text(CALLBACK_FILE)
    (tmp_path / "logsui_callback.py").write_text((EXAMPLES / "logsui_callback.py").read_text())
    proxy = Proxy(tmp_path, {"LOGSUI_ENDPOINT": logsui.endpoint, "LOGSUI_API_KEY": logsui.api_key}, config)
    proxy.start()
    try:
        client = client_of(proxy)
        in_parallel(lambda number: ask(client, trace_id, f"Question {number}"), BURST)
    finally:
        proxy.stop()
    session = logsui.wait_for_session(trace_id, BURST)
    assert all("metadata.litellm_trace_id" in each["grouped_by"]["detail"] for each in logsui.requests(session))
