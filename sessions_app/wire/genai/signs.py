"""What a report of a call or of a tool's run shares with other reports of the same, if they name no id of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sessions_app.wire.genai.duplicates import MOST_APART, ORDER_SIGN, START_SIGN, TOOL_SIGN, USAGE_SIGN
from sessions_app.wire.genai.span import Span

# Agents that report a call as a span and as log records, by the beginnings of their scopes' names.
_APART = ("gemini-cli", "qwen-code", "com.anthropic.claude_code", "codex")
# An answer may end so long after its request, or nearly twice as long.
_PERIOD = timedelta(minutes=10)
_INPUT = ("gen_ai.usage.input_tokens", "input_token_count", "input_tokens")
_OUTPUT = ("gen_ai.usage.output_tokens", "output_token_count", "output_tokens")


def signs_of(span: Span, session: str, model: str, started_at: datetime, failed: bool, call_id: str) -> tuple[str, ...]:
    """The signs. Those of a span are few: only agents report a call as log records, too."""
    is_apart = not span.has_span or span.scope.startswith(_APART)
    if not session:
        return ()
    if span.kind == "tool":
        return (_sign(TOOL_SIGN, session, call_id),) if is_apart and call_id else ()
    if span.kind != "llm" or not model:
        return ()
    found = [_sign(ORDER_SIGN, session, model, period) for period in _periods(span, started_at)]
    counts = (span.count(*_INPUT), span.count(*_OUTPUT))
    if (any(counts) or failed) and (is_apart or not span.has("gen_ai.response.id")):
        found.append(_sign(USAGE_SIGN, session, model, *(map(str, counts) if any(counts) else ("failed",))))
    return (
        (*found, *(_sign(START_SIGN, session, model, second) for second in _seconds(started_at)))
        if is_apart
        else tuple(found)
    )


def _periods(span: Span, started_at: datetime) -> list[str]:
    """The period of a request, and the two in which an answer's request may have been, as far as order ties them."""
    if span.logged is None or not span.logged.is_in_order:
        return []
    moments = [started_at] if span.logged.is_asked_only else [started_at, started_at - _PERIOD]
    return [str(int(moment.timestamp() // _PERIOD.total_seconds())) for moment in moments]


def _sign(letter: str, *values: str) -> str:
    return "\x1f".join((letter, *values))


def _seconds(started_at: datetime) -> list[str]:
    """One or two seconds: two starts that are at most `MOST_APART` apart have one in common."""
    near = (started_at - MOST_APART / 2, started_at + MOST_APART / 2)
    return list(dict.fromkeys(moment.replace(microsecond=0).isoformat() for moment in near))
