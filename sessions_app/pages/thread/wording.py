"""How the session and request pages say things: offsets, new messages, how a request came into its session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_app.pages.html.plain_text import isolated, shown
from sessions_app.queries.session import RequestLine
from sessions_app.records import RULE_ATTEMPT, RULE_CONVERSATION, RULE_MANUAL, RULE_OWN, RULE_PREVIOUS_RESPONSE
from sessions_app.structure import timeline
from sessions_app.structure.histories import DROPPED, EDITED, INSERTED, Change
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
    RULE_OWN: "a session of its own: no session or trace id was sent",
    RULE_MANUAL: "put into this session by hand",
}
_INFERRED = {
    RULE_CONVERSATION: "inferred from the conversation",
    RULE_PREVIOUS_RESPONSE: "by the response that they continue",
    RULE_ATTEMPT: "as another attempt",
    RULE_MANUAL: "put here by hand",
}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# So many kinds of failures, or requests, are named one by one.
MOST_NAMED = 12
# Of a failure without a status, so much of its type is named.
_ERROR_CHARS = 40


@dataclass(frozen=True, slots=True)
class Behind:
    """The request behind a rule: its number and a link to it. `is_same_call`: both are of one call of a proxy."""

    number: int
    href: str
    is_same_call: bool = False

    @property
    def link(self) -> str:
        return f'<a class="link" href="{shown(self.href)}">request {exact(self.number)}</a>'


def grouped_by(rule: str, detail: str, behind: Behind | None = None) -> str:
    """The HTML of how a request came into its session: "grouped by `metadata.litellm_trace_id`", "continues the
    conversation of request 3 (inferred)".
    """
    if rule == RULE_CONVERSATION:
        return f"continues the conversation of {behind.link if behind else 'another request'} (inferred)"
    if rule == RULE_PREVIOUS_RESPONSE:
        named = f"response <code>{isolated(detail)}</code>" if detail else "the response"
        return f"continues {named} of {behind.link}" if behind else f"continues {named}, which was not logged"
    if rule == RULE_ATTEMPT:
        return f"{'same call as' if not behind or behind.is_same_call else 'repeats'} " + (
            behind.link if behind else "another request"
        )
    if rule == RULE_MANUAL and detail:
        return f"moved here by {isolated(detail)}"
    if rule in _RULES:
        return _RULES[rule]
    return f"grouped by <code>{isolated(detail or rule)}</code>"


def session_grouped_by(lines: Iterable[RequestLine], most: int = 3) -> str:
    """The HTML of how a session came together: "grouped by `session_id`; 3 inferred from the conversation".

    With counts where requests came by several ways.
    """
    ways = Counter((line.rule, line.rule_detail) for line in lines if line.rule not in _INFERRED)
    inferred = Counter(line.rule for line in lines if line.rule in _INFERRED)
    pieces = [_way(rule, detail, count if len(ways) > 1 else 0) for (rule, detail), count in ways.most_common(most)]
    chosen = ", ".join(pieces + ["…"] * (len(ways) > most))
    others = ", ".join(f"{exact(count)} {_INFERRED[rule]}" for rule, count in inferred.most_common())
    return "; ".join(filter(None, (chosen, others)))


def _way(rule: str, detail: str, count: int) -> str:
    words = "no session or trace id was sent" if rule == RULE_OWN else grouped_by(rule, detail)
    return f"{words} ({exact(count)})" if count else words


# --- what changed from one request to the next ------------------------------------------------------------------------


def in_words(number: int) -> str:
    """Small numbers as words."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else exact(number)


def listed(items: Sequence[str]) -> str:
    """`4, 5 and 6`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def ranges(numbers: Sequence[int], most: int = 4) -> str:
    """`5, 10–13`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    pieces = [exact(run[0]) if len(run) == 1 else f"{exact(run[0])}–{exact(run[-1])}" for run in runs]
    return ", ".join([*pieces[:most], *["…"] * (len(pieces) > most)])


def messages_changed(change: Change) -> str:
    """`61 messages replaced by a summary`, `3 messages dropped`, `message 4 edited`."""
    old, new = len(change.old), len(change.new)
    if change.kind == DROPPED:
        return f"{counted(old)} dropped"
    if change.kind == INSERTED:
        return f"{counted(new)} inserted"
    if change.kind == EDITED:
        first, last = exact(change.new.start + 1), exact(change.new.stop)
        return f"message {first} edited" if new == 1 else f"messages {first} to {last} edited"
    if old == new == 1:
        return f"message {exact(change.new.start + 1)} replaced by another"
    return f"{counted(old)} replaced by {'a summary' if new == 1 else counted(new)}"


def counted(count: int, noun: str = "message") -> str:
    return f"{exact(count)} {noun}{'' if count == 1 else 's'}"


def failures(lines: Sequence[RequestLine]) -> str:
    """The HTML of what went wrong, in order: `two 429s`, `a 500 and two Timeouts`."""
    kinds = Counter(_failure(line) for line in lines)
    named = list(kinds.items())[:MOST_NAMED]
    words = [f"{_article(kind)} {kind}" if count == 1 else f"{in_words(count)} {kind}s" for kind, count in named]
    others = sum(kinds.values()) - sum(count for _, count in named)
    return listed(words + ([f"{exact(others)} other failure{'' if others == 1 else 's'}"] if others else []))


def _article(kind: str) -> str:
    """Of a status or a type of error."""
    name = kind.removeprefix("<code><bdi>")
    return "an" if name[:1].lower() in ("a", "e", "i", "o") else "a"


def _failure(line: RequestLine) -> str:
    if line.http_status and line.http_status >= 400:
        return str(line.http_status)
    return f"<code>{isolated(line.error_type[:_ERROR_CHARS])}</code>" if line.error_type else "failure"


def attempt_words(attempts: Sequence[RequestLine], total: int) -> str:
    """The HTML of `attempt 3 of 3, after two 429s, +14 s, fell back to gpt-4o-mini` for the last of these.

    `total` counts those that were not logged too.
    """
    last, before = attempts[-1], attempts[:-1]
    later = timeline.sane_start(last) - timeline.sane_start(before[0])
    words = [f"attempt {exact(total)} of {exact(total)}", f"after {failures(before)}", f"+{duration(later)}"]
    if last.model and before[0].model and last.model != before[0].model:
        words.append(f"fell back to {isolated(last.model)}")
    return ", ".join(words)


# --- figures ----------------------------------------------------------------------------------------------------------


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
