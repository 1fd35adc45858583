"""Coding agents: the spans of Claude Code 2 (beta tracing) and Qwen Code, whose attributes have no prefix."""

from __future__ import annotations

from typing import Any

from sessions_app.content.documents import PartKind
from sessions_app.wire.genai.kinds import is_of_agent
from sessions_app.wire.genai.reader import INPUT, OUTPUT, Content, Cutter, Fields, attributes, given
from sessions_app.wire.genai.span import Span

# What an agent's span has of messages. Both agents leave out most of it, unless a setting asks for it.
_CONTENT: dict[str, dict[str, str | tuple[str, ...]]] = {
    "agent": {"input": ("user_prompt", "new_context")},
    "llm": {
        "system": ("system_prompt", "user_system_prompt"),
        "input": "new_context",
        "output": "response.model_output",
    },
    "tool": {"input": ("tool_input", "tool_parameters", "full_command", "file_path"), "output": "tool_result"},
}
# An event of a tool's span has what it was given and returned, by names that depend on the tool.
_TOOL_EVENT = "tool.output"
_RETURNED = ("output", "tool_output", "content", "result", "diff")
_GIVEN = ("input", "tool_input", "command", "bash_command")


def fields(span: Span) -> Fields:
    if not is_of_agent(span):
        return {}
    is_call, is_tool = span.kind == "llm", span.kind == "tool"
    model = span.text("model", "qwen-code.model")
    milliseconds = span.number("ttft_ms") if is_call else None
    return given(
        requested_model=model if is_call else None,
        model=model if is_call else None,
        finish_reason=span.text("stop_reason") if is_call else None,
        response_id=span.text("request_id") if is_call else None,
        first_token_after=None if milliseconds is None else milliseconds / 1000,
        http_status=span.count("status_code"),
        is_error=has_failed(span) or None,
        error_message=span.text("error", "error_message"),
        tool_name=span.text("tool_name", "tool.name") if is_tool else None,
        tool_call_id=span.text("tool_use_id", "tool.call_id") if is_tool else None,
        agent_name=span.text("subagent_type", "qwen-code.subagent.name"),
    )


def has_failed(span: Span) -> bool:
    """Whether an agent says that it was no success. Some write this as a text."""
    return span.attributes.get("success") in (False, "false")


def parameters(span: Span) -> dict[str, Any]:
    return {}


def content(span: Span) -> Content:
    if not is_of_agent(span):
        return {}
    found = attributes(span, **_CONTENT.get(span.kind, {}))
    if span.kind == "tool" and span.events:
        found = {INPUT: _cut_given, OUTPUT: _cut_returned} | found
    return found


def _cut_given(cutter: Cutter) -> None:
    _cut_of_event(cutter, _GIVEN, "i")


def _cut_returned(cutter: Cutter) -> None:
    _cut_of_event(cutter, _RETURNED, "o")


def _cut_of_event(cutter: Cutter, names: tuple[str, ...], letter: str) -> None:
    for event, values in cutter.events:
        name = next((name for name in names if name in values.raws), None)
        if event == _TOOL_EVENT and name:
            values.cut(name, letter, PartKind.MESSAGE)
