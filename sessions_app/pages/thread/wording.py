"""The words of the session and request pages: why a request is in its session, what it changed, how attempts failed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from markupsafe import Markup

from sessions_app.content import endings
from sessions_app.content.blocks import Message
from sessions_app.pages.html.components import component, joined, sentence
from sessions_app.pages.html.formats import duration, exact
from sessions_app.pages.html.pieces import code, request_link
from sessions_app.queries.session import RequestLine
from sessions_app.records import (
    RULE_ATTEMPT,
    RULE_CONVERSATION,
    RULE_MANUAL,
    RULE_OWN,
    RULE_PREVIOUS_RESPONSE,
    RULE_SUB_AGENT,
    RULE_TOOL_CALL,
    RUNNING,
    SOURCES,
)
from sessions_app.structure import timeline
from sessions_app.structure.histories import DROPPED, EDITED, INSERTED, Change
from sessions_app.structure.running import Begun, is_running
from sessions_app.structure.time_split import SlowRequest

_ENDINGS = {
    "incomplete": "The answer is incomplete",
    "model_context_window_exceeded": "The context window of the model is full",
    "pause_turn": "The turn is paused. Another request can go on with it",
    **dict.fromkeys(("cancelled", "canceled"), "The call was cancelled"),
    **dict.fromkeys(("refusal", "refused"), "The answer was refused"),
}
_RULES = {
    RULE_OWN: "its own session: no session or trace id was sent",
    RULE_MANUAL: "moved here manually",
}
# After a number of requests: "3 inferred from the conversation".
_INFERRED = {
    RULE_CONVERSATION: "inferred from the conversation",
    RULE_TOOL_CALL: "linked by tool calls",
    RULE_SUB_AGENT: "started by a tool call",
    RULE_PREVIOUS_RESPONSE: "linked by the previous response",
    RULE_ATTEMPT: "linked as another attempt",
    RULE_MANUAL: "moved manually",
}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# At most this many kinds of failures, or requests, are named. The others are counted.
MOST_NAMED = 12
# The most characters of an error type, which names a failure without an HTTP status.
_ERROR_CHARS = 40
# The most ways of grouping that the head of a session names.
_MOST_WAYS = 3
# Names of classes before a message: `litellm.RateLimitError: RateLimitError: OpenAIException - Slow down`.
_NAMES_OF_ERRORS = re.compile(r"^(?:[\w.]{1,80}(?:Error|Exception)(?:: | - ))+(?=\S)")
# The message within the JSON of an API's error, as proxies repeat it. Its end may be cut.
_MESSAGE_IN_JSON = re.compile(r'^(?:b[\'"])?\{.{0,300}?"message": ?"((?:[^"\\]|\\.){1,2000})')


@dataclass(frozen=True, slots=True)
class Behind:
    """The request that another one continues or repeats. `is_same_call`: a proxy made both for one call."""

    number: int
    href: str
    is_same_call: bool = False

    @property
    def link(self) -> Markup:
        return request_link(self.href, self.number)


def grouped_by(rule: str, detail: str, behind: Behind | None = None) -> Markup:
    """Why a request is in its session: "grouped by `metadata.litellm_trace_id`", "continues the conversation of
    request 3 (inferred)".
    """
    other = behind.link if behind else "another request"
    if rule == RULE_CONVERSATION:
        return sentence("continues the conversation of {} (inferred)", other)
    if rule == RULE_TOOL_CALL:
        named = sentence("the tool call {}", code(detail)) if detail else "a tool call"
        return sentence("continues {} of {}", named, other)
    if rule == RULE_SUB_AGENT:
        return sentence("started by a tool call of {}", other)
    if rule == RULE_PREVIOUS_RESPONSE:
        named = sentence("response {}", code(detail)) if detail else "the response"
        if behind:
            return sentence("continues {} of {}", named, other)
        return sentence("continues {}, which was not logged", named)
    if rule == RULE_ATTEMPT:
        is_same_call = behind is None or behind.is_same_call
        return sentence("same call as {}", other) if is_same_call else sentence("repeats {}", other)
    if rule == RULE_MANUAL and detail:
        return component("wording", "moved_by")(detail)
    if rule in _RULES:
        return sentence("{}", _RULES[rule])
    return sentence("grouped by {}", code(detail or rule))


def session_grouped_by(lines: Iterable[RequestLine]) -> Markup:
    """Why a session's requests are together: "grouped by `session_id`; 3 inferred from the conversation".

    With counts where there are several reasons.
    """
    lines = list(lines)
    ways = Counter((line.rule, line.rule_detail) for line in lines if line.rule not in _INFERRED)
    inferred = Counter(line.rule for line in lines if line.rule in _INFERRED)
    chosen = [
        _way(rule, detail, count if len(ways) > 1 else 0) for (rule, detail), count in ways.most_common(_MOST_WAYS)
    ]
    chosen += [sentence("…")] if len(ways) > _MOST_WAYS else []
    others = [f"{exact(count)} {_INFERRED[rule]}" for rule, count in inferred.most_common()]
    return joined(filter(None, (joined(chosen, ", "), joined(others, ", "))), "; ")


def _way(rule: str, detail: str, count: int) -> Markup:
    words = sentence("no session or trace id was sent") if rule == RULE_OWN else grouped_by(rule, detail)
    return sentence("{} ({})", words, exact(count)) if count else words


# --- what changed from one request to the next ------------------------------------------------------------------------


def in_words(number: int) -> str:
    """Small numbers as words."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else exact(number)


def listed(items: Sequence[str]) -> Markup:
    """`4, 5 and 6`."""
    return component("wording", "listed")(items)


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


def slow_words(slow: SlowRequest) -> str:
    """`took 40 s; 12 s is usual here for this model and an answer of its length`."""
    return (
        f"took {duration(slow.took)}; {duration(slow.usual)} is usual here for this model and an answer of its length"
    )


def failures(lines: Sequence[RequestLine]) -> Markup:
    """What went wrong, in order: `two 429s`, `a 500 and two Timeouts`."""
    kinds = Counter(map(_failure, lines))
    named = list(kinds.items())[:MOST_NAMED]
    words: list[str] = [_failures_of_a_kind(*kind, count) for kind, count in named]
    others = sum(kinds.values()) - sum(count for _, count in named)
    words += [f"{exact(others)} other failure{'' if others == 1 else 's'}"] if others else []
    return listed(words)


def _failures_of_a_kind(name: str, is_code: bool, count: int) -> Markup:
    article = "an" if name[:1].lower() in ("a", "e", "i", "o") else "a"
    return component("wording", "failure")(article if count == 1 else in_words(count), name, is_code, count > 1)


def _failure(line: RequestLine) -> tuple[str, bool]:
    """What a failure is called, and whether that is the name of an error type."""
    if line.http_status and line.http_status >= 400:
        return str(line.http_status), False
    return (line.error_type[:_ERROR_CHARS], True) if line.error_type else ("failure", False)


def error_words(http_status: int | None, message: str, error_type: str) -> str:
    """Why a request failed, in a line: `429 Rate limit reached (tokens)`. Many types tell little to a person, so the
    message comes first.
    """
    said, status = _NAMES_OF_ERRORS.sub("", " ".join(message.split())), str(http_status or "")
    if in_json := _MESSAGE_IN_JSON.match(said):
        said = _unescaped(in_json[1])
    if error_type and error_type not in said:
        said = f"{said} ({error_type})" if said else error_type
    return (said if said.startswith(status) else f"{status} {said}".strip()) or status or "error"


def _unescaped(text: str) -> str:
    """What stands between the quotes of a JSON text, in one line."""
    with suppress(ValueError):
        text = json.loads(f'"{text}"')
    return " ".join(text.split())


def attempt_words(attempts: Sequence[RequestLine], total: int) -> Markup:
    """`attempt 3 of 3, after two 429s, +14 s, fell back to gpt-4o-mini`: the last of these attempts.

    `total` counts those that were not logged, too.
    """
    last, before = attempts[-1], attempts[:-1]
    later = timeline.sane_start(last) - timeline.sane_start(before[0])
    fell_back = last.model and before[0].model and last.model != before[0].model
    return component("wording", "attempt")(
        exact(total), failures(before), duration(later) if later > timedelta(0) else "", last.model if fell_back else ""
    )


# --- figures ----------------------------------------------------------------------------------------------------------


def offset(line: RequestLine, start: datetime) -> str:
    """The time since the session began: `+1 m 17 s`; before its first request `−2.0 s`, as attempts of one call may."""
    since = timeline.sane_start(line) - start
    return f"{'−' if since < timedelta(0) else '+'}{duration(abs(since))}"


def first_token(line: RequestLine) -> str:
    """The time to the first token; "" when it is not known or cannot be right."""
    if line.first_token_at is None or line.first_token_at < line.started_at:
        return ""
    return duration(line.first_token_at - line.started_at)


def running_since(line: RequestLine) -> datetime:
    """When a request that runs began; a client's clock may be ahead."""
    return min(line.started_at, line.received_at)


def lasted(line: RequestLine) -> str:
    """How long a request took or, while it runs, how long it has run. The script of an open page counts on."""
    if not line.is_running:
        return duration(timeline.duration(line))
    began = running_since(line)
    so_far = duration(timezone.now() - began)
    return Markup('<span data-began="{}">{}</span>').format(f"{began.timestamp():.3f}", so_far)


def unfinished(request: Begun) -> str:
    """That a request has no end, where its log says so."""
    if request.status != RUNNING:
        return ""
    return "running" if is_running(request, timezone.now()) else "no end is known"


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
    """How many messages a request sent: `1 new of 4`, or `2 messages` when all are new; "" when none are known."""
    if not count:
        return ""
    if resent:
        return f"{exact(count - resent)} new of {exact(count)}"
    return counted(count)


def sent_words(line: RequestLine, count: int, resent: int) -> str:
    """The same on the line of a request. What is no conversation has inputs; where none is known, nothing is said."""
    if not count:
        return ""
    return history(count, resent) if line.is_conversation else counted(count, "input")


def ends_early(reason: str) -> str:
    """What stopped an answer before its end; "" for one that is whole."""
    if known := _ENDINGS.get(endings.plain(reason)):
        return known
    if endings.is_cut(reason):
        return "Stopped by the limit"
    return "Stopped by a content filter" if endings.is_filtered(reason) else ""


def source_name(source: str) -> str:
    return SOURCES.get(source, source)


def is_choice(line: RequestLine, outputs: Sequence[Message]) -> bool:
    """Whether several outputs are alternatives. Chat APIs return choices, the Responses API one sequence of items.

    With results of tools between them they are the turns of an agent.
    """
    if len(outputs) < 2 or "response" in line.call_type:
        return False
    return all(message.role != "tool" for message in outputs)
