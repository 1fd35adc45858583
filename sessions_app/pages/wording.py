"""How the session and request pages say things: offsets, new messages, how a request came into its session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sessions_app import timeline
from sessions_app.pages.plain_text import isolated
from sessions_app.queries.session import RequestLine
from sessions_app.templatetags.format import duration, exact

SOURCES = {"litellm": "LiteLLM", "native": "REST", "otlp": "OpenTelemetry"}
CUT_SHORT = {
    "length": "Stopped by the limit",
    "max_tokens": "Stopped by the limit",
    "MAX_TOKENS": "Stopped by the limit",
    "max_output_tokens": "Stopped by the limit",
    "incomplete": "The answer is incomplete",
    "content_filter": "Stopped by a content filter",
    "SAFETY": "Stopped by a content filter",
}
_RULES = {
    "session_id": "grouped by",
    "trace_id": "grouped by",
    "attempt": "another attempt of the call with the same",
    "previous_response_id": "continues response",
    "conversation": "continues a conversation, inferred from its messages",
    "manual": "put into this session by hand",
    "own": "a session of its own: no session or trace id was sent",
}
_WITHOUT_DETAIL = ("own", "manual")


def grouped_by(rule: str, detail: str) -> str:
    """The HTML of how a request came into its session: "grouped by `metadata.litellm_trace_id`"."""
    words = _RULES.get(rule, "grouped by")
    named = detail or ("" if rule in _RULES else rule)
    return f"{words} <code>{isolated(named)}</code>" if named and rule not in _WITHOUT_DETAIL else words


def session_grouped_by(lines: Iterable[RequestLine], most: int = 3) -> str:
    """The HTML of how a session came together; with counts when its requests came by several ways."""
    ways = Counter((line.rule, line.rule_detail) for line in lines)
    if len(ways) == 1:
        ((rule, detail),) = ways
        return grouped_by(rule, detail)
    pieces = [f"{grouped_by(*way)} ({exact(count)})" for way, count in ways.most_common(most)]
    return ", ".join(pieces + ["…"] * (len(ways) > most))


def offset(line: RequestLine, start: datetime) -> str:
    """`+1 m 17 s` after the session's first start."""
    return f"+{duration(timeline.sane_start(line) - start)}"


def first_token(line: RequestLine) -> str:
    """The time to the first token; "" when it is not known or contradicts itself."""
    if line.first_token_at is None or line.first_token_at < line.started_at:
        return ""
    return duration(line.first_token_at - line.started_at)


def tokens_title(line: RequestLine) -> str:
    """`17,640 in, 6,144 of them cached, 241 out`."""
    pieces = []
    if line.input_tokens is not None:
        pieces.append(f"{exact(line.input_tokens)} in")
    if line.cached_tokens is not None:
        pieces.append(f"{exact(line.cached_tokens)} of them cached")
    if line.output_tokens is not None:
        pieces.append(f"{exact(line.output_tokens)} out")
    return ", ".join(pieces)


def history(count: int, resent: int) -> str:
    """`1 new of 4`, or `2 messages` when none was sent before."""
    if resent:
        return f"{exact(count - resent)} new of {exact(count)}"
    return f"{exact(count)} message{'' if count == 1 else 's'}"


def source_name(source: str) -> str:
    return SOURCES.get(source, source)


def is_choice(line: RequestLine, outputs: int) -> bool:
    """Whether several outputs are alternatives: chat APIs give choices, the Responses API one sequence of items."""
    return outputs > 1 and "response" not in line.call_type
