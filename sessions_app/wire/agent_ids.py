"""The ids that coding agents send by themselves: of a session, of a thread within it, of the thread that started one.

Codex, opencode, Claude Code, Cline and Qwen Code were looked at. What every client may send for another purpose (the
key of a prompt cache, the id of an HTTP request) counts only if a second sign says that it is an agent's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from sessions_app.records import RULE_SESSION_ID

# An id, the rule, and the place that held it.
Found = tuple[str, str, str]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{7,199}")
# In order of strength. The session of Codex holds all its threads, those of sub-agents too.
_SESSION_HEADERS = ("session-id", "session_id", "x-opencode-session")
_PARENT_HEADERS = ("x-codex-parent-thread-id", "x-opencode-parent-session")
_THREAD_HEADERS = ("thread-id", "thread_id", "conversation_id", "x-task-id", "x-roo-task-id")
AGENT_HEADERS = frozenset((*_SESSION_HEADERS, *_PARENT_HEADERS, *_THREAD_HEADERS))
_TURN, _WINDOW = "x-codex-turn-metadata", "x-codex-window-id"
_SHARED_HEADERS = ("x-client-request-id", "x-session-affinity")
_AGENTS = re.compile(r"\b(?:codex|opencode)", re.IGNORECASE)
_MOST_TURN_CHARS = 20_000
# "user_…_account_…_session_<id>" of Claude Code; later versions write an object.
_CLAUDE_USER = re.compile(r"user_[^\s]{0,200}_session_([0-9a-fA-F-]{36})")


def ids_of_agents(caller: dict[str, Any], headers: dict[str, str], cache_key: Any, end_user: Any) -> Iterator[Found]:
    """The ids of agents in a request, the best first. `caller` is the caller's metadata."""
    turn = _turn(headers)
    sessions = [*_in_headers(headers, _SESSION_HEADERS), *_valid(turn.get("session_id"), f"header {_TURN}")]
    parents = [*_in_headers(headers, _PARENT_HEADERS), *_valid(turn.get("parent_thread_id"), f"header {_TURN}")]
    threads = [*_in_headers(headers, _THREAD_HEADERS), *_valid(turn.get("thread_id"), f"header {_TURN}")]
    threads += _valid(headers.get(_WINDOW, "").rpartition(":")[0], f"header {_WINDOW}")
    # Older versions have no session above their threads, and send the thread's id as that of the session.
    is_thread = not threads or (sessions[:1] and sessions[0][0] == threads[0][0])
    yield from (*parents, *sessions) if is_thread else (*sessions, *parents)
    yield from threads
    yield from _shared(headers, cache_key)
    for text in (caller.get("user_id"), end_user):
        yield from _valid(_claude_session(text), "metadata.user_id")
    yield from _valid(caller.get("sessionId"), "metadata.sessionId")


def _in_headers(headers: dict[str, str], names: tuple[str, ...]) -> list[Found]:
    return [found for name in names for found in _valid(headers.get(name), f"header {name}")]


def _shared(headers: dict[str, str], cache_key: Any) -> Iterator[Found]:
    """Ids that others use too: they agree with each other, or the client says that it is an agent."""
    is_agent = any(_AGENTS.search(headers.get(name, "")[:500]) for name in ("user-agent", "originator"))
    places = [(headers.get(name), f"header {name}") for name in _SHARED_HEADERS] + [(cache_key, "prompt_cache_key")]
    values = [value for value, _ in places if isinstance(value, str)]
    for value, place in places:
        # Codex sends its thread's id as the id of each HTTP request; other clients send a new one with each.
        has_sign = is_agent and place != f"header {_SHARED_HEADERS[0]}"
        if isinstance(value, str) and (has_sign or values.count(value) > 1):
            yield from _valid(value, place)


def _turn(headers: dict[str, str]) -> dict[str, Any]:
    text = headers.get(_TURN, "")
    if not text.startswith("{") or len(text) > _MOST_TURN_CHARS:
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _claude_session(text: Any) -> str:
    if not isinstance(text, str) or len(text) > _MOST_TURN_CHARS:
        return ""
    if match := _CLAUDE_USER.fullmatch(text):
        return match[1]
    if not text.startswith("{") or "session_id" not in text:
        return ""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return ""
    found = value.get("session_id") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _valid(value: Any, place: str) -> Iterator[Found]:
    if isinstance(value, str) and _ID.fullmatch(value):
        yield value, RULE_SESSION_ID, place
