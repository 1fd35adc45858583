"""A sample session as it is written down: who says what, which tools are called, what fails. The wire form comes later.

A `Talk` keeps the conversation in the form of its dialect, and after each answer notes one call with the whole history
as it was sent. Times are seconds since the session's start; ids and pauses derive from the session's key, so that the
same script always gives the same calls.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from sessions_app.samples.dialects import CHAT, Answer, Context, Dialect, Tool, ToolCall
from sessions_app.samples.prices import Tokens, estimate

BASE64 = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
CACHED_FROM = 1024  # Providers reuse a prompt's beginning from this many tokens on.


@dataclass(frozen=True)
class Call:
    """One request with its result; `start`, `first_token`, `end` are seconds since the session's start."""

    start: float
    end: float
    first_token: float | None
    model: str
    call_type: str
    request: dict[str, Any]
    response: dict[str, Any] | None
    tokens: Tokens | None
    kind: str = "llm"
    status_code: int = 200
    error: dict[str, str] | None = None
    attempt_of: int | None = None  # The place of the first of a request's attempts, when this is a later one.


@dataclass(frozen=True)
class Sample:
    """A finished session: `key` is what the caller groups by, `ago` how long before loading its last call ended.

    Without a `key_field` the caller says no key, and the requests are joined by what they continue.
    """

    key: str
    ago: timedelta
    calls: tuple[Call, ...]
    source: str
    key_field: str
    user: str
    tags: tuple[str, ...]
    metadata: dict[str, Any]


def fraction(*names: Any) -> float:
    """A number from 0 to 1 that depends on the names alone."""
    digest = hashlib.sha256(repr(names).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def identifier(prefix: str, *names: Any, digits: int = 24) -> str:
    return prefix + hashlib.sha256(repr(names).encode()).hexdigest()[:digits]


@dataclass(frozen=True)
class Bookmark:
    """A place in a conversation, to go on from there once more."""

    history: list[dict[str, Any]]
    open_calls: list[ToolCall]
    clock: float


@dataclass
class Talk:
    """The script of one session; every method returns the talk, so that turns can be chained."""

    key: str
    ago: timedelta
    model: str
    system: str = ""
    tools: tuple[Tool, ...] = ()
    user: str = ""
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    dialect: Dialect = CHAT
    source: str = "native"
    key_field: str = "trace_id"
    stream: bool = False
    clock: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    open_calls: list[ToolCall] = field(default_factory=list)
    last_response_id: str | None = None

    def say(self, text: str, *pictures: bytes, after: float | None = None) -> Self:
        """The user writes; `after` seconds, or the time it takes to read the answer and type."""
        read = self.calls[-1].tokens.output / 7 if self.calls and self.calls[-1].tokens else 0
        pause = min(150, read) + min(90, len(text) / 7) + 20 * fraction(self.key, "pause", len(self.calls))
        self.clock += 0 if not self.calls else pause if after is None else after
        self.history = self.dialect.user(self.history, text, pictures)
        return self

    def result(self, content: Any, seconds: float | None = None) -> Self:
        """What the next open tool call returned: a text, or anything that becomes JSON."""
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        self.clock += 0.15 + 2 * fraction(self.key, "tool", len(self.calls), text) if seconds is None else seconds
        self.history = self.dialect.result(self.history, self.open_calls.pop(0), text)
        return self

    def reply(self, text: str, *, reasoning: str = "", finish: str = "stop", hidden_reasoning: int = 0) -> Self:
        """The model answers with text. `hidden_reasoning` are reasoning tokens whose text the provider keeps."""
        return self.answered(Answer(text, (), reasoning, finish), hidden_reasoning)

    def call(self, *calls: tuple[str, dict[str, Any]], text: str = "", reasoning: str = "") -> Self:
        """The model calls tools: (name, arguments) each."""
        number = len(self.calls)
        self.open_calls = [
            ToolCall(identifier(self.dialect.call_prefix, self.key, number, place), name, arguments)
            for place, (name, arguments) in enumerate(calls)
        ]
        return self.answered(Answer(text, tuple(self.open_calls), reasoning, "tool_calls"), 0)

    def fail(self, status: int, kind: str, message: str, *, seconds: float = 0.4, pause: float = 1.5) -> Self:
        """The request fails; the conversation stays as it was, so that the next answer is another attempt."""
        error = {"type": kind, "message": message}
        self.note(self.clock + seconds, None, None, status_code=status, error=error)
        self.clock += pause + fraction(self.key, "backoff", len(self.calls))
        return self

    def use(self, model: str) -> Self:
        """Go on with another model."""
        self.model = model
        return self

    def forget(self, messages: int) -> Self:
        """Drop the last messages of the history: the user edits or asks again."""
        self.history = self.history[:-messages]
        return self

    def bookmark(self) -> Bookmark:
        return Bookmark(self.history, list(self.open_calls), self.clock)

    def back_to(self, place: Bookmark, *, after: float | None = None) -> Self:
        """Go on from an earlier place; `after` so many seconds from then, while what came in between still runs."""
        self.history, self.open_calls = place.history, list(place.open_calls)
        self.clock = self.clock if after is None else place.clock + after
        return self

    def aside(self, system: str, text: str, answer: str, model: str) -> Self:
        """A call beside the conversation, with nothing of its history."""
        kept = (self.history, self.open_calls, self.system, self.tools, self.model, self.last_response_id)
        self.history, self.system, self.tools, self.model = [], system, (), model
        self.say(text, after=0).reply(answer)
        self.history, self.open_calls, self.system, self.tools, self.model, self.last_response_id = kept
        return self

    def compact(self, prompt: str, summary: str, *, kept: int) -> Self:
        """The client asks for a summary, and goes on from that and the last messages alone."""
        last = self.history[-kept:] if kept else []
        self.say(prompt, after=0.3).reply(summary)
        self.history = [*self.dialect.user([], f"Summary of the conversation so far: {summary}", ()), *last]
        return self

    def edit(self, place: int, text: str) -> Self:
        """The user changes an earlier message; what came after it stays."""
        changed = self.history[place] | {"content": text}
        self.history = [*self.history[:place], changed, *self.history[place + 1 :]]
        return self

    def answered(self, answer: Answer, hidden_reasoning: int) -> Self:
        tokens = self.count_tokens(answer, hidden_reasoning)
        seconds = 0.5 + tokens.output / (60 + 60 * fraction(self.key, "speed", len(self.calls)))
        # Replaced by the true second when the sample is dated.
        response = self.dialect.response(self.context(), answer, tokens, created=0)
        self.note(self.clock + seconds, response, tokens)
        self.history = self.dialect.remembered(self.history, response)
        self.last_response_id = response.get("id")
        return self

    def context(self) -> Context:
        return Context(
            key=self.key,
            number=len(self.calls),
            model=self.model,
            system=self.system,
            tools=self.tools,
            history=self.history,
            parameters=self.parameters | ({"stream": True} if self.stream else {}),
            previous_response_id=self.last_response_id,
        )

    def count_tokens(self, answer: Answer, hidden_reasoning: int) -> Tokens:
        """An estimate from the lengths; what the last call was given and said counts again as input."""
        sent = json.dumps(self.dialect.body(self.context()), ensure_ascii=False)
        last = next((call.tokens for call in reversed(self.calls) if call.tokens), Tokens(0, 0))
        written = answer.text + "".join(call.encoded() for call in answer.calls)
        reasoning = hidden_reasoning or estimate(answer.reasoning)
        # A picture costs a fixed number of tokens, whatever its base64 weighs.
        given = estimate(BASE64.sub("picture" * 100, sent)) + (last.input + last.output if self.dialect.chains else 0)
        return Tokens(
            # A picture costs a fixed number of tokens, whatever its base64 weighs.
            input=estimate(BASE64.sub("picture" * 100, sent))
            + (last.input + last.output if self.dialect.chains else 0),
            output=estimate(written) + reasoning + 4,
            cached=min(last.input, given) // 128 * 128 if last.input >= CACHED_FROM else 0,
            reasoning=reasoning,
        )

    def note(self, end: float, response: dict[str, Any] | None, tokens: Tokens | None, **more: Any) -> None:
        """Write down the request as it is sent now, with its result."""
        request = self.dialect.body(self.context())
        wait = 0.25 + fraction(self.key, "first", len(self.calls)) / 4
        call = Call(
            start=self.clock,
            end=end,
            first_token=self.clock + wait if self.stream and response else None,
            model=self.model,
            call_type=self.dialect.call_type,
            request=request,
            response=response,
            tokens=tokens,
            attempt_of=first_attempt(self.calls, request),
            **more,
        )
        self.add(call)

    def add(self, call: Call) -> Self:
        """Put in a call that is not part of the conversation: an embedding, a retrieval, a picture."""
        self.calls.append(call)
        self.clock = call.end
        return self

    def sample(self) -> Sample:
        return Sample(
            self.key, self.ago, tuple(self.calls), self.source, self.key_field, self.user, self.tags, self.metadata
        )


def first_attempt(calls: list[Call], request: dict[str, Any]) -> int | None:
    """The place of the first of the failed calls at the end that asked for the same; None when there is none."""
    place = len(calls)
    while place and calls[place - 1].error is not None and same_question(calls[place - 1].request, request):
        place -= 1
    return place if place < len(calls) else None


def same_question(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two bodies differ at most in the model: a retry or a fallback."""
    return {**first, "model": ""} == {**second, "model": ""}
