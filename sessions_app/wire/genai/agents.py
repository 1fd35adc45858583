"""Coding agents: the spans of Claude Code 2 (beta tracing) and Qwen Code, and the log records of these, of Gemini CLI
and of Codex. Their attributes have no prefix.
"""

from __future__ import annotations

from typing import Any

from sessions_app.content.documents import PartKind
from sessions_app.wire.genai.kinds import is_of_agent
from sessions_app.wire.genai.reader import INPUT, LETTERS, OUTPUT, Content, Cut, Cutter, Fields, attributes, given
from sessions_app.wire.genai.span import Span, event_name

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
# What their log records have of messages, by role: names of events without the agent's, and of attributes.
_LOGGED: tuple[tuple[str, frozenset[str], tuple[str, ...]], ...] = (
    (INPUT, frozenset({"api_request_body"}), ("body",)),
    (INPUT, frozenset({"api_request", "api_response"}), ("request_text",)),
    (INPUT, frozenset({"user_prompt", "user_retry"}), ("prompt",)),
    (INPUT, frozenset({"tool_call", "tool_result", "tool_decision"}), ("tool_input", "tool_parameters", "arguments")),
    (INPUT, frozenset({"tool_call"}), ("function_args",)),
    (OUTPUT, frozenset({"api_response_body"}), ("body",)),
    (OUTPUT, frozenset({"assistant_response"}), ("response",)),
    (OUTPUT, frozenset({"api_response"}), ("response_text",)),
    (OUTPUT, frozenset({"tool_call", "tool_result"}), ("output", "result", "tool_result")),
)
# What agents write in place of a text that they must not tell.
_NOTHING = (None, "", "<REDACTED>", "[REDACTED]")
_PROVIDERS = {"claude_code.": "anthropic", "codex.": "openai"}
# An event of a tool's span has what it was given and returned, by names that depend on the tool.
_TOOL_EVENT = "tool.output"
_RETURNED = ("output", "tool_output", "content", "result", "diff")
_GIVEN = ("input", "tool_input", "command", "bash_command")


def fields(span: Span) -> Fields:
    if not is_of_agent(span):
        return {}
    is_call, is_tool = span.kind == "llm", span.kind == "tool"
    model = span.text("model", "model_name", "qwen-code.model")
    milliseconds = span.number("ttft_ms") if is_call else None
    return given(
        requested_model=model if is_call else None,
        model=model if is_call else None,
        call_type=span.logged.name if span.logged else None,
        provider=_PROVIDERS.get(span.logged.family) if span.logged and is_call else None,
        finish_reason=_finish_reason(span) if is_call else None,
        response_id=span.text("request_id", "response_id") if is_call else None,
        first_token_after=None if milliseconds is None else milliseconds / 1000,
        http_status=span.count("status_code") if is_call else None,
        is_error=has_failed(span) or None,
        error_message=span.text("error", "error_message"),
        tool_name=span.text("tool_name", "function_name", "tool.name") if is_tool else None,
        tool_call_id=span.text("tool_use_id", "call_id", "tool.call_id") if is_tool else None,
        agent_name=span.text("subagent_type", "agent_type", "subagent_name", "agent_name", "qwen-code.subagent.name"),
        metadata=_compaction(span),
    )


def _finish_reason(span: Span) -> str:
    reasons = span.json("finish_reasons")
    listed = reasons if isinstance(reasons, list) else []
    return span.text("stop_reason") or next((reason for reason in listed if isinstance(reason, str)), "")


def _compaction(span: Span) -> dict[str, Any]:
    """That an agent replaced a conversation by a summary, and what it tells of that."""
    if span.logged is None or not span.logged.is_compaction:
        return {}
    return {"compacted": span.logged.family.rstrip(".") or True}


def has_failed(span: Span) -> bool:
    """Whether an agent says that it was no success. Some write this as a text."""
    attributes = span.attributes
    if span.logged is not None and span.kind == "llm":
        return span.logged.short == "api_error" or bool(attributes.get("error.message") or attributes.get("error"))
    return attributes.get("success") is False or attributes.get("success") == "false"


def parameters(span: Span) -> dict[str, Any]:
    return {}


def content(span: Span) -> Content:
    if not is_of_agent(span):
        return {}
    if span.logged is not None:
        return _logged_content(span)
    told = _CONTENT.get(span.kind, {}) if span.attributes.get("user_prompt") not in _NOTHING[2:] else {}
    found = attributes(span, **told)
    if span.kind == "tool" and span.events:
        found = {INPUT: _cut_given, OUTPUT: _cut_returned} | found
    return found


def _logged_content(span: Span) -> Content:
    present = {event_name(log).rpartition(".")[2]: log for log in span.logs}
    found: Content = {}
    for role, events, names in _LOGGED:
        for short in events & present.keys():
            held = present[short].get("attributes")
            name = next((name for name in names if isinstance(held, dict) and held.get(name) not in _NOTHING), None)
            if name and role not in found:
                found[role] = _cut_logged(short, name, role)
    return found


def _cut_logged(short: str, name: str, role: str) -> Cut:
    def cut(cutter: Cutter) -> None:
        for event, values, _ in cutter.logs:
            if event.rpartition(".")[2] == short and name in values.raws:
                values.cut(name, LETTERS[role], PartKind.MESSAGE)
                return

    return cut


def _cut_given(cutter: Cutter) -> None:
    _cut_of_event(cutter, _GIVEN, "i")


def _cut_returned(cutter: Cutter) -> None:
    _cut_of_event(cutter, _RETURNED, "o")


def _cut_of_event(cutter: Cutter, names: tuple[str, ...], letter: str) -> None:
    for event, values in cutter.events:
        name = next((name for name in names if name in values.raws), None)
        if event == _TOOL_EVENT and name:
            values.cut(name, letter, PartKind.MESSAGE)
