"""Why a request is in its session, in a sentence."""

from __future__ import annotations

from sessions_app.queries.requests import LinkedRow, ParentRequest, RequestRow
from sessions_app.records import (
    ERROR,
    RULE_ATTEMPT,
    RULE_CONVERSATION,
    RULE_MANUAL,
    RULE_OWN,
    RULE_PREVIOUS_RESPONSE,
    RULE_SUB_AGENT,
    RULE_TOOL_CALL,
)


def grouping_detail(row: RequestRow, parent: ParentRequest | None) -> str:
    """The member, the request or the person behind the rule that put a request into its session."""
    detail, before = row.rule_detail, parent.request if parent else None
    if row.rule == RULE_PREVIOUS_RESPONSE:
        return _response_of(detail, before)
    if row.rule == RULE_CONVERSATION:
        if before is None:
            return "continues a conversation whose earlier requests are no longer stored"
        return f"continues request {before.id}: its input begins with everything sent and answered there"
    if row.rule == RULE_TOOL_CALL:
        return _tool_call_of(detail, before)
    if row.rule == RULE_SUB_AGENT:
        return "a tool call of an earlier request of this session has its first message as an argument"
    if row.rule == RULE_ATTEMPT:
        return _attempt_of(before)
    if row.rule == RULE_MANUAL:
        return f"moved to this session manually: {detail}" if detail else "moved to this session manually"
    if row.rule == RULE_OWN:
        return "names no session and continues no stored request"
    return detail or row.rule


def _response_of(response_id: str, before: LinkedRow | None) -> str:
    whose = f"of request {before.id}" if before else "of a request that was not logged here"
    return f"continues the response {response_id} {whose}" if response_id else f"continues the response {whose}"


def _tool_call_of(call_id: str, before: LinkedRow | None) -> str:
    whose = f"of request {before.id}" if before else "of a request that is no longer stored"
    return f"continues the tool call {call_id} {whose}: its input has that id" if call_id else f"continues one {whose}"


def _attempt_of(before: LinkedRow | None) -> str:
    if before is None:
        return "another attempt of a request that is no longer stored"
    if before.status != ERROR:
        return f"belongs to the same proxy call as request {before.id}"
    status = f"HTTP {before.http_status}" if before.http_status else ""
    failure = ", ".join(filter(None, (status, before.error_type)))
    return f"another attempt of request {before.id}, which failed{f' ({failure})' if failure else ''}"
