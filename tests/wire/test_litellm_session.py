"""Where a caller's id can stand in a payload, which place wins, and what counts as chosen."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_app.records import RULE_SESSION_ID, RULE_TRACE_ID, SessionClaim, WireFormatError
from tests.wire.litellm_payloads import a_payload, read, records_of, with_metadata

RANDOM = "8e4b9d67-2448-4d4f-abc2-776040a5a87a"


def claim_of(
    caller: dict[str, Any] | None = None, custom: dict[str, str] | None = None, **changes: Any
) -> SessionClaim:
    """The claim of a payload whose caller's metadata and custom headers are these."""
    metadata = {"requester_metadata": caller, "requester_custom_headers": custom or {}}
    return read(with_metadata(metadata, **({"trace_id": RANDOM} | changes))).claim


@pytest.mark.parametrize(
    ("file", "rule", "detail"),
    [
        ("openai-sdk-metadata-litellm_trace_id.json", RULE_TRACE_ID, "metadata.litellm_trace_id"),
        ("openai-sdk-metadata-litellm_session_id.json", RULE_SESSION_ID, "metadata.litellm_session_id"),
        ("openai-sdk-metadata-session_id.json", RULE_SESSION_ID, "metadata.session_id"),
        ("openai-sdk-metadata-trace_id.json", RULE_TRACE_ID, "metadata.trace_id"),
        ("openai-sdk-body-litellm_session_id.json", RULE_TRACE_ID, "trace_id"),
        ("correlation-mode--basic-mix.json", RULE_SESSION_ID, "session_id"),
        ("header-x-litellm-trace-id.json", RULE_TRACE_ID, "header x-litellm-trace-id"),
        ("header-x-litellm-session-id.json", RULE_SESSION_ID, "header x-litellm-session-id"),
        ("header-x-vendor-session-id.json", RULE_SESSION_ID, "header x-claude-code-session-id"),
        ("header-x-session-id.json", RULE_SESSION_ID, "header x-session-id"),
        ("header-codex-session-id.json", RULE_SESSION_ID, "header session-id"),
        ("header-langfuse_session_id.json", RULE_SESSION_ID, "header langfuse_session_id"),
        ("header-langfuse_trace_id.json", RULE_TRACE_ID, "header langfuse_trace_id"),
        ("header-w3c-traceparent.json", RULE_TRACE_ID, "header traceparent"),
        ("header-w3c-baggage-session.id.json", RULE_SESSION_ID, "header baggage (session.id)"),
        ("header-beats-body.json", RULE_TRACE_ID, "header x-litellm-trace-id"),
        ("anthropic-v1-messages.json", RULE_SESSION_ID, "header x-litellm-session-id"),
        ("anthropic-v1-messages-claude-code-user_id.json", RULE_SESSION_ID, "metadata.user_id"),
        ("pass-through-endpoints.json", RULE_SESSION_ID, "header x-litellm-session-id"),
        ("litellm-1.81.12--header-x-litellm-trace-id.json", RULE_TRACE_ID, "header x-litellm-trace-id"),
        ("litellm-1.81.12--header-x-litellm-session-id.json", RULE_SESSION_ID, "header x-litellm-session-id"),
    ],
)
def test_rule_and_place_of_captured_payloads(file: str, rule: str, detail: str) -> None:
    claim = records_of(file)[0].claim
    assert (claim.rule, claim.detail) == (rule, detail)


def test_order_of_the_places() -> None:
    caller: dict[str, Any] = {
        "session_id": "a-session",
        "litellm_session_id": "b-session",
        "litellm_trace_id": "c-trace",
        "trace_id": "h-trace",
        "headers": {
            "x-litellm-trace-id": "d-trace",
            "x-litellm-session-id": "e-session",
            "langfuse_session_id": "f-session",
            "langfuse_trace_id": "g-trace",
            "x-my-agent-session-id": "g2-session",
        },
    }
    assert claim_of(caller, session_id="0-session").key == "0-session"
    found = []
    for name in ("session_id", "litellm_session_id", "litellm_trace_id"):
        found.append(claim_of(caller).key)
        del caller[name]
    for name in list(caller["headers"]):
        found.append(claim_of(caller).key)
        del caller["headers"][name]
    found.append(claim_of(caller).key)
    assert found == [
        *("a-session", "b-session", "c-trace", "d-trace", "e-session", "f-session", "g-trace", "g2-session", "h-trace")
    ]


def test_an_id_made_up_by_the_proxy_is_weak() -> None:
    assert claim_of() == SessionClaim(RANDOM, RULE_TRACE_ID, "trace_id", weak=True)


def test_a_stamped_session_id_is_not_a_callers() -> None:
    caller = {"session_id": RANDOM, "litellm_session_id_generated": True}
    assert claim_of(caller).weak
    assert claim_of(caller, session_id=RANDOM).weak
    assert not claim_of(caller, session_id="real").weak


@pytest.mark.parametrize(
    "trace_id", ["0", "user/42 chat #7", "客服-🤖", RANDOM.upper(), RANDOM.replace("-4d4f-", "-1d4f-")]
)
def test_what_is_no_version_4_uuid_was_chosen(trace_id: str) -> None:
    assert claim_of(trace_id=trace_id) == SessionClaim(trace_id, RULE_TRACE_ID, "trace_id")


@pytest.mark.parametrize("key", [1000 * "k", "nul\x00in it", "lone \ud800", "  spaces  "])
def test_odd_ids_are_kept_exactly(key: str) -> None:
    assert claim_of({"litellm_trace_id": key}).key == key


def test_a_number_is_an_id() -> None:
    assert claim_of({"litellm_trace_id": 42}).key == "42"


@pytest.mark.parametrize("value", [None, "", "   ", True, 1.5, [], {"a": 1}, "10" * 0])
def test_other_values_are_no_ids(value: Any) -> None:
    assert claim_of({"litellm_trace_id": value, "session_id": value}).key == RANDOM


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (with_metadata({"requester_metadata": {"litellm_trace_id": 1001 * "k"}}), "metadata.litellm_trace_id"),
        (a_payload(trace_id=10_000 * "k"), "trace_id"),
        (a_payload(session_id=10_000 * "k"), "session_id"),
    ],
)
def test_an_id_over_1000_characters_is_refused_by_name(payload: dict[str, Any], field: str) -> None:
    with pytest.raises(WireFormatError, match="at most 1,000 characters") as error:
        read(payload)
    assert error.value.field == field


def test_without_any_id_the_request_claims_nothing() -> None:
    assert claim_of(trace_id=None) == SessionClaim()


def test_the_parent_session_of_opencode_counts() -> None:
    custom = {"X-Session-Id": "child-session", "x-parent-session-id": "parent-session"}
    assert claim_of(custom=custom).key == "parent-session"


def test_a_vendors_header_must_look_like_an_id() -> None:
    assert claim_of(custom={"x-agent-session-id": "short"}).key == RANDOM
    assert claim_of(custom={"x-agent-session-id": "no spaces allowed"}).key == RANDOM


@pytest.mark.parametrize("metadata", [None, "text", [], {"requester_metadata": [], "requester_custom_headers": 1}])
def test_metadata_of_the_wrong_kind_is_no_obstacle(metadata: Any) -> None:
    assert read(a_payload(metadata=metadata)).claim.weak


def test_the_callers_span_is_the_parent() -> None:
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    assert read(with_metadata({"requester_metadata": {"headers": headers}})).parent_id == "b7ad6b7169203331"


# --- ids that agents send by themselves -----------------------------------------------------------------------------

THREAD, PARENT, ROOT = "01a21805-607a-76d1-9f1a-fdfaf9053d94", "01a21805-0000-76d1-9f1a-000000000001", "01a21800-root"
CLAUDE = "27c85a38-5727-43e1-980f-759a1612a2d1"


@pytest.mark.parametrize(
    ("headers", "key", "detail"),
    [
        ({"session-id": ROOT, "thread-id": THREAD}, ROOT, "header session-id"),
        ({"session_id": THREAD}, THREAD, "header session_id"),
        ({"thread-id": THREAD}, THREAD, "header thread-id"),
        ({"x-codex-window-id": f"{THREAD}:3"}, THREAD, "header x-codex-window-id"),
        ({"x-codex-turn-metadata": f'{{"session_id": "{ROOT}"}}'}, ROOT, "header x-codex-turn-metadata"),
        ({"x-opencode-session": "ses_0123456789"}, "ses_0123456789", "header x-opencode-session"),
        (
            {"x-session-affinity": "ses_01234567", "user-agent": "opencode/1.2"},
            "ses_01234567",
            "header x-session-affinity",
        ),
        ({"x-task-id": "1732651234567"}, "1732651234567", "header x-task-id"),
        # A sub-agent is tied to the thread that started it, unless the ids of its session and its thread differ.
        ({"thread-id": THREAD, "x-codex-parent-thread-id": PARENT}, PARENT, "header x-codex-parent-thread-id"),
        ({"session-id": THREAD, "thread-id": THREAD, "x-codex-parent-thread-id": PARENT}, PARENT, None),
        ({"session-id": ROOT, "thread-id": THREAD, "x-codex-parent-thread-id": PARENT}, ROOT, "header session-id"),
    ],
)
def test_agents_headers_name_the_session(headers: dict[str, str], key: str, detail: str | None) -> None:
    claim = claim_of({"headers": headers})

    assert (claim.key, claim.rule, claim.weak) == (key, RULE_SESSION_ID, False)
    assert claim.detail == (detail or claim.detail)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-client-request-id": THREAD},
        {"x-session-affinity": "node-7-of-the-cluster"},
        {"x-codex-turn-metadata": "[not json]"},
        {"x-codex-turn-metadata": '{"session_id": {"a": 1}}'},
        {"session-id": "a b"},
        {"x-codex-window-id": "7"},
    ],
)
def test_header_that_others_send_too_needs_a_second_sign(headers: dict[str, str]) -> None:
    assert claim_of({"headers": headers}).weak


def test_client_that_litellm_names_is_a_second_sign() -> None:
    """LiteLLM keeps the headers that begin with x-, and the user agent apart from them."""
    metadata = {"requester_custom_headers": {"x-session-affinity": "ses_01234567"}, "user_agent": "opencode/1.2.3"}
    claim = read(with_metadata(metadata | {"requester_metadata": None}, trace_id=RANDOM)).claim

    assert (claim.key, claim.detail) == ("ses_01234567", "header x-session-affinity")


def test_key_of_a_prompt_cache_needs_a_second_sign() -> None:
    parameters = {"prompt_cache_key": THREAD}
    assert claim_of(model_parameters=parameters).weak
    assert claim_of({"headers": {"x-client-request-id": THREAD}}, model_parameters=parameters).key == THREAD
    claim = claim_of({"headers": {"user-agent": "codex_cli_rs/0.60.0"}}, model_parameters=parameters)
    assert (claim.key, claim.detail) == (THREAD, "prompt_cache_key")


@pytest.mark.parametrize(
    "user_id",
    [
        f"user_abc_account_5c984310-5f3d-4136-85f9-0cdfde7e2971_session_{CLAUDE}",
        f'{{"device_id": "d", "account_uuid": "a", "session_id": "{CLAUDE}"}}',
    ],
)
def test_claude_codes_user_names_the_session(user_id: str) -> None:
    """LiteLLM 1.81 does not look there, and makes up a trace id."""
    claim = claim_of({"user_id": user_id})

    assert (claim.key, claim.rule, claim.detail) == (CLAUDE, RULE_SESSION_ID, "metadata.user_id")


@pytest.mark.parametrize(
    ("metadata", "changes"),
    [
        ({"litellm_session_id": "mine"}, {}),
        ({"session_id": "mine"}, {}),
        ({}, {"session_id": "mine"}),
        ({}, {"trace_id": "mine"}),
    ],
)
def test_id_that_the_caller_chose_comes_before_an_agents(metadata: dict[str, Any], changes: dict[str, Any]) -> None:
    headers = {"session-id": THREAD, "x-codex-window-id": f"{THREAD}:0"}
    assert claim_of(metadata | {"headers": headers}, **changes).key == "mine"


def test_id_that_litellm_copied_from_an_agents_header_is_the_agents() -> None:
    copied = {"session_id": THREAD, "trace_id": THREAD}
    headers = {"session-id": THREAD, "x-codex-parent-thread-id": PARENT}

    assert claim_of(copied | {"headers": headers}, trace_id=THREAD).key == PARENT
    assert claim_of(copied | {"headers": headers, "litellm_session_id": "mine"}, trace_id=THREAD).key == "mine"


@pytest.mark.parametrize("said", ["conv_1", {"id": "conv_1"}])
def test_the_providers_conversation_comes_before_a_trace_id_that_litellm_made_up(said: Any) -> None:
    parameters = {"conversation": said}
    expected = SessionClaim("conv_1", RULE_SESSION_ID, "request.conversation")
    assert claim_of(model_parameters=parameters) == expected
    assert claim_of(trace_id="", model_parameters=parameters) == expected
    assert claim_of(trace_id="ticket-7", model_parameters=parameters).key == "ticket-7"
    assert claim_of(model_parameters={"conversation": 7}).key == RANDOM
