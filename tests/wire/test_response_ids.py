"""The provider's id of a response, out of what a LiteLLM proxy makes of it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app.records import Record
from sessions_app.wire import native
from sessions_app.wire.response_ids import unwrapped
from tests.wire.litellm_payloads import a_payload, payloads_of, read, records_of

PROVIDERS = "resp_a63aeabb2c58c717ee412f64"
# Its base64 has characters in which the two alphabets differ.
ODD = "resp_\u00bf\u00be\u00ff?>"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def wrapped(response_id: str, more: str = "", padded: bool = True, url_safe: bool = True) -> str:
    """As LiteLLM wraps an id."""
    text = f"litellm:custom_llm_provider:openai;model_id:035f44;response_id:{response_id}{more}".encode()
    encoded = (base64.urlsafe_b64encode(text) if url_safe else base64.b64encode(text)).decode()
    return "resp_" + (encoded if padded else encoded.rstrip("="))


@pytest.mark.parametrize("inner", [PROVIDERS, PROVIDERS + "0", PROVIDERS + "01", ODD])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("url_safe", [True, False])
def test_wrapped_ids_are_unwrapped(inner: str, padded: bool, url_safe: bool) -> None:
    once = wrapped(inner, padded=padded, url_safe=url_safe)
    assert unwrapped(once) == inner
    assert unwrapped(wrapped(once, padded=padded, url_safe=url_safe)) == inner
    assert unwrapped(wrapped(inner, ";user_id:u1;team_id:t1", padded, url_safe)) == inner


@pytest.mark.parametrize(
    "text", ["resp_bGl0ZWxsbTp", "resp_bGl0ZWxsb*", "resp_bGl0ZWxsbTpub3RoaW5n", "", "resp_x", wrapped("")]
)
def test_a_broken_wrapped_id_stays_as_it_is(text: str) -> None:
    assert unwrapped(text) == text


def test_encrypted_ids_stay_as_they_are() -> None:
    ids = [payload["id"] for payload in payloads_of("responses-chain-of-3-previous_response_id.json")]
    assert [unwrapped(response_id) for response_id in ids] == ids


def test_wrapping_without_end_is_given_up() -> None:
    text = PROVIDERS
    for _ in range(20):
        text = wrapped(text)
    assert unwrapped(text).startswith("resp_bGl0")


def native_log(response_id: Any, previous: Any = None) -> Record:
    request = {"input": "Hi", "previous_response_id": previous}
    raw = json.dumps({"request": request, "response": {"id": response_id, "output": []}}).encode()
    return native.read_log(raw, NOW, "generated")


@pytest.mark.parametrize(
    "wrap", [str, wrapped, lambda text: wrapped(text, padded=False), lambda text: wrapped(wrapped(text))]
)
def test_clients_and_the_proxy_mean_the_same_response(wrap: Any) -> None:
    """A client logs what the proxy gave it; the proxy logs what the provider gave."""
    by_client, by_proxy = native_log(wrap(PROVIDERS)), read(a_payload(response={"id": wrap(PROVIDERS), "output": []}))
    assert by_client.response_id == by_proxy.response_id == PROVIDERS
    assert set(by_client.aliases) == {wrap(PROVIDERS), PROVIDERS}
    assert {wrap(PROVIDERS), PROVIDERS} <= {*by_proxy.aliases, by_proxy.request_id}
    parameters = {"previous_response_id": wrap(PROVIDERS)}
    following = native_log("resp_2", wrap(PROVIDERS)), read(a_payload(model_parameters=parameters))
    assert [record.previous_response_id for record in following] == [PROVIDERS, PROVIDERS]


@pytest.mark.parametrize("file", ["responses-streaming-chain.json", "litellm-1.81.12--responses-streaming-chain.json"])
def test_native_log_of_the_same_call_continues_the_proxys(file: str) -> None:
    first = payloads_of(file)[0]
    assert native_log("resp_9", first["id"]).previous_response_id == records_of(file)[0].response_id


def test_what_cannot_be_stored_in_an_id_is_replaced() -> None:
    assert native_log("resp\x00", "resp\x00").response_id == "resp\ufffd"
    assert native_log("a", "resp\x00").previous_response_id == "resp\ufffd"
