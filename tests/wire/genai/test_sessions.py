"""Which session a span names, and which one counts when a trace has several."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.records import RULE_OWN, RULE_SESSION_ID, RULE_TRACE_ID, SessionClaim
from sessions_app.wire.genai.sessions import CONVERSATION, EXPLICIT, NONE, RESOURCE, ClaimFacts, trace_claims
from tests.wire.genai.spans import item, read, record


@pytest.mark.parametrize(
    ("attributes", "key", "detail", "rank"),
    [
        ({"session.id": "s"}, "s", "session.id", EXPLICIT),
        ({"session.id": " s "}, "s", "session.id", EXPLICIT),
        ({"session.id": 42}, "42", "session.id", EXPLICIT),
        ({"langfuse.session.id": "l", "session.id": "s"}, "l", "langfuse.session.id", EXPLICIT),
        ({"gen_ai.conversation.id": "c", "session_id": "s"}, "s", "session_id", EXPLICIT),
        ({"gen_ai.conversation.id": "c"}, "c", "gen_ai.conversation.id", CONVERSATION),
        ({"metadata": json.dumps({"thread_id": "t"})}, "t", "metadata.thread_id", EXPLICIT),
        (
            {"langfuse.observation.metadata.langfuse_session_id": '"quoted"'},
            "quoted",
            "langfuse.observation.metadata.langfuse_session_id",
            EXPLICIT,
        ),
        ({"ai.settings.context.sessionId": "a"}, "a", "ai.settings.context.sessionId", EXPLICIT),
    ],
)
def test_the_session_that_a_span_names(attributes: dict[str, Any], key: str, detail: str, rank: int) -> None:
    found = record(attributes)
    assert found.claim == SessionClaim(key, RULE_SESSION_ID, detail)
    assert found.claim_rank == rank


@pytest.mark.parametrize(
    "attributes", [{}, {"session.id": ""}, {"session.id": "  "}, {"session.id": []}, {"session.id": None}]
)
def test_a_span_without_a_session(attributes: dict[str, Any]) -> None:
    found = record(attributes)
    assert (found.claim.key, found.claim.rule, found.claim_rank) == (None, RULE_OWN, NONE)


def test_the_session_of_a_process() -> None:
    found = read(item({}, resource={"session.id": "process"}))
    assert (found.claim.key, found.claim_rank) == ("process", RESOURCE)


def facts(name: str, parent: str = "", key: str = "", rank: int = EXPLICIT) -> ClaimFacts:
    return ClaimFacts(
        name, parent, SessionClaim(key, RULE_SESSION_ID, "session.id") if key else SessionClaim(), rank if key else NONE
    )


def keys(*spans: ClaimFacts) -> dict[str, str | None]:
    return {name: claim.key for name, claim in trace_claims("trace", spans).items()}


def test_an_id_of_an_ancestor_counts() -> None:
    assert keys(facts("root", key="s"), facts("middle", "root"), facts("leaf", "middle"))["leaf"] == "s"


def test_the_nearest_ancestor_counts_before_others() -> None:
    found = keys(facts("root", key="far"), facts("middle", "root", "near"), facts("leaf", "middle"))
    assert found == {"root": "far", "middle": "near", "leaf": "near"}


def test_an_id_anywhere_counts_when_all_agree() -> None:
    assert keys(facts("root"), facts("a", "root", "s"), facts("b", "root")) == {"root": "s", "a": "s", "b": "s"}
    assert keys(facts("root"), facts("a", "root", "s"), facts("b", "root", "t"))["root"] == "trace"


def test_what_the_application_says_counts_before_a_conversation() -> None:
    """A conversation id on the span itself may be one that a library made up for a run."""
    assert keys(facts("root", key="s"), facts("leaf", "root", "made up", CONVERSATION))["leaf"] == "s"


def test_a_trace_without_any_id_is_the_session() -> None:
    (claim,) = trace_claims("trace", [facts("root")]).values()
    assert claim == SessionClaim("trace", RULE_TRACE_ID, "traceId")


def test_parents_that_are_missing_or_go_in_a_circle() -> None:
    assert keys(facts("a", "gone"), facts("b", "c"), facts("c", "b")) == {"a": "trace", "b": "trace", "c": "trace"}
