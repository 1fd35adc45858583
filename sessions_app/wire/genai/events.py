"""Events of coding agents: log records of prompts, calls of models, tools, and of what else happens in a session.

Followed: Gemini CLI 0.30, Qwen Code 0.20, Codex 0.120 and Claude Code 2.1.

Records that tell of the same call or tool by an id, or that one event of the agent wrote, are one item. Others find the
span or event of their call by time and tokens (`duplicates.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENAI = "gen_ai."
FAMILIES = ("gemini_cli.", "qwen-code.", "codex.", "claude_code.")
DETAILS = "gen_ai.client.inference.operation.details"
COMPACTED = "gen_ai.conversation.compacted"
# The attributes by which an event is told apart.
KEYS = frozenset(
    {
        *("event.name", "event.timestamp", "event.sequence", "event.kind", "session.id", "conversation.id"),
        *("gen_ai.conversation.id", "session_id", "model", "gen_ai.request.model", "request_id", "gen_ai.response.id"),
        *("tool_use_id", "call_id", "prompt_id", "input_token_count", "error.message"),
        *("gen_ai.usage.input_tokens", "gen_ai.tool.name", "gen_ai.tool.call.id"),
    }
)
SESSIONS = ("session.id", "session_id", "gen_ai.conversation.id", "conversation.id")
_CLAUDE, _CODEX = "claude_code.", "codex."
# Codex tells that a request was answered, by HTTP or a socket, and later each event of the answer's stream.
_CODEX_ASKS, _CODEX_ANSWERS = ("api_request", "websocket_request"), ("sse_event", "websocket_event")
_NAME_CHARS = 200

# What the events are, by the names that follow an agent's own. A call that was only asked for has no answer yet.
_CALLS = frozenset({"api_response", "api_error", "api_response_body", "api_refusal"})
_ASKED = frozenset({"api_request_body"})
_TOOLS = frozenset({"tool_call", "tool_result"})
_AGENTS = frozenset({"subagent_completed", "subagent_execution", "agent.finish"})
_COMPACTIONS = frozenset({"chat_compression", "compaction", "context_compaction", "compact", "conversation.compacted"})
_STEPS = frozenset(
    {
        *("user_prompt", "user_retry", "assistant_response", "conversation_starts", "conversation_finished"),
        *("api_cancel", "api_retry", "api_retries_exhausted", "chat.content_retry_failure", "flash_fallback"),
        *("slash_command", "loop_detected", "agent.start", "skill_activated", "permission_mode_changed"),
        *("sandbox_outcome", "rewind", "model_routing", "api_request"),
    }
)


def prefix_of(scope: str, service: str) -> str:
    """What goes before event names that have no prefix: Claude Code writes its whole name only into the body."""
    is_claude = scope.startswith("com.anthropic.claude_code") or service.startswith("claude-code")
    return _CLAUDE if is_claude else ""


def name_of(native: Any, attribute: Any, body: Any, prefix: str = "") -> str:
    """The name of an event. Codex's logger writes a place in its source as the record's own name."""
    found = [text[:_NAME_CHARS] for text in (attribute, native, body) if isinstance(text, str) and text]
    known = next((text for text in found if text.startswith((GENAI, *FAMILIES)) and " " not in text), "")
    if known:
        return known
    own = next((text for text in (native, attribute) if isinstance(text, str) and text), "")[:_NAME_CHARS]
    return prefix + own if own and prefix else own


@dataclass(frozen=True, slots=True)
class Event:
    """An event by its name and those of its attributes that are `KEYS`."""

    name: str
    told: Mapping[str, Any]

    @property
    def family(self) -> str:
        return next((family for family in FAMILIES if self.name.startswith(family)), "")

    @property
    def short(self) -> str:
        """The name without the agent's."""
        return self.name.removeprefix(self.family).removeprefix(GENAI)

    @property
    def session(self) -> str:
        return next((text for name in SESSIONS if (text := self._text(name).strip())), "")

    @property
    def is_known(self) -> bool:
        return self.family != "" or self.name.startswith(GENAI)

    @property
    def joins_span(self) -> bool:
        """Whether it belongs to the span that it names. Agents' own events name the span around them."""
        return self.name.startswith(GENAI)

    @property
    def is_asked_only(self) -> bool:
        """Whether it tells of a call before its answer."""
        if self.family == _CODEX:
            return self.short in _CODEX_ASKS and not self.told.get("error.message")
        return self.short in _ASKED or (self.short == "api_request" and self.family in ("gemini_cli.", "qwen-code."))

    @property
    def kind(self) -> str:
        """The kind of record that it becomes."""
        if self.name == DETAILS or self.short in _CALLS or self.is_asked_only or self._is_finished_call:
            return "llm"
        if self.name.startswith(GENAI) and self.name != COMPACTED:
            return "llm"
        if self.short in _TOOLS or (not self.family and self._text("gen_ai.tool.name")):
            return "tool"
        if not self.family and (self._text("gen_ai.usage.input_tokens") or self._text("gen_ai.response.id")):
            return "llm"
        if self.short == "tool_decision":
            return "tool" if self._call_id else "guardrail"
        return "agent" if self.short in _AGENTS else "chain"

    @property
    def _is_finished_call(self) -> bool:
        if self.family == _CODEX:
            has_usage = self.short in _CODEX_ANSWERS and self.told.get("input_token_count") is not None
            has_failed = self.short in (*_CODEX_ASKS, *_CODEX_ANSWERS) and bool(self.told.get("error.message"))
            return has_usage or has_failed
        is_call = self.short == "api_request" or (self.short == "assistant_response" and bool(self._request_id))
        return self.family == _CLAUDE and is_call

    @property
    def is_in_order(self) -> bool:
        """Whether only the order of events tells which answer a request of this agent has: neither has an id."""
        return self.family == _CODEX and (self.is_asked_only or (self.kind == "llm" and self.short in _CODEX_ANSWERS))

    @property
    def is_compaction(self) -> bool:
        return self.short in _COMPACTIONS

    @property
    def is_step(self) -> bool:
        """Whether it is worth a step of its own. The others of an export are one step together."""
        return self.kind != "chain" or self.is_compaction or self.short in _STEPS

    @property
    def _request_id(self) -> str:
        return self._text("request_id")

    @property
    def _call_id(self) -> str:
        return self._text("tool_use_id") or self._text("call_id") or self._text("gen_ai.tool.call.id")

    def _text(self, name: str) -> str:
        value = self.told.get(name)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if is_number else value if isinstance(value, str) else ""

    def identity(self) -> tuple[str, ...]:
        """What is equal for the records of one item; () if there is nothing to go by."""
        if not self.is_step:
            return ("others", self.name)
        if self.kind == "tool" and self._call_id:
            return ("tool", self._call_id)
        if self.kind == "llm" and self._request_id:
            return ("request", self._request_id)
        at = self._text("event.timestamp")
        if self.kind == "llm" and self.family not in (_CLAUDE, _CODEX):
            # Gemini CLI writes two records of a call with one time.
            model = self._text("gen_ai.request.model") or self._text("model")
            response_id = self._text("gen_ai.response.id")
            return ("call", at, model) if at else ("response", response_id) if response_id else ()
        if not at:
            return ()
        return ("event", self.name, at, *map(self._text, _APART))


# Two events of one time and name differ in one of these.
_APART = ("event.sequence", "event.kind", "prompt_id", "tool_use_id", "call_id", "gen_ai.tool.name")


def span_id_of(key: str) -> str:
    """An id in place of a span's: an event has none of its own."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
