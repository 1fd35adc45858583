"""Calls of chat models with their results, as a source for payloads. Ids and times are derived from a key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

MILLION = Decimal(1_000_000)


class Price(NamedTuple):
    """US dollars per million tokens."""

    provider: str
    input: str
    cached: str
    output: str


PRICES = {
    "gpt-4o": Price("openai", "2.50", "1.25", "10.00"),
    "gpt-4o-mini": Price("openai", "0.15", "0.075", "0.60"),
    "gpt-4.1-mini": Price("openai", "0.40", "0.10", "1.60"),
    "claude-sonnet-4-5": Price("anthropic", "3.00", "0.30", "15.00"),
    "claude-haiku-4-5": Price("anthropic", "1.00", "0.10", "5.00"),
    "gemini-2.5-flash": Price("gemini", "0.30", "0.075", "2.50"),
}


class Tokens(NamedTuple):
    """Tokens of one call. Cached tokens are part of the input."""

    input: int
    output: int
    cached: int = 0


@dataclass(frozen=True)
class Call:
    """One request with its result; `start` and `end` are seconds since the session's start."""

    start: float
    end: float
    model: str
    request: dict[str, Any]
    response: dict[str, Any] | None
    tokens: Tokens | None
    status_code: int = 200
    error: dict[str, str] | None = None


@dataclass(frozen=True)
class Session:
    """The calls of one session. `key`: the caller's session key. `ago`: how long ago the last call ended."""

    key: str
    calls: tuple[Call, ...]
    ago: timedelta = timedelta(0)
    user: str = ""
    tags: tuple[str, ...] = ()

    def moment(self, second: float, until: datetime) -> datetime:
        """The time of a second of the session, in whole milliseconds, if its last call ended `ago` before `until`."""
        first, last = self.calls[0].start, self.calls[-1].end
        start = until - self.ago - timedelta(seconds=last - first)
        start = start.replace(microsecond=start.microsecond // 1000 * 1000)
        return start + timedelta(milliseconds=round((second - first) * 1000))


@dataclass
class Chat:
    """A conversation through Chat Completions: after each response, one more call with the whole history."""

    key: str
    model: str
    system: str
    clock: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def turn(self, question: str, answer: str) -> None:
        """The user asks, after time to read and type, and the model responds."""
        last = self.calls[-1].tokens if self.calls else None
        if last:
            pause = min(150, last.output / 7) + min(90, len(question) / 7)
            self.clock += pause + 20 * fraction(self.key, "pause", len(self.calls))
        self.history = [*self.history, {"role": "user", "content": question}]
        messages = [{"role": "system", "content": self.system}, *self.history]
        request = {"model": self.model, "messages": messages}
        tokens = Tokens(estimate(request), -(-len(answer) // 4) + 4, last.input // 128 * 128 if is_cached(last) else 0)
        end = self.clock + 0.5 + tokens.output / (60 + 60 * fraction(self.key, "speed", len(self.calls)))
        self.calls.append(Call(self.clock, end, self.model, request, self.response(answer, tokens), tokens))
        self.clock = end
        self.history = [*self.history, {"role": "assistant", "content": answer}]

    def response(self, answer: str, tokens: Tokens) -> dict[str, Any]:
        """The response's body; `created` is filled in when the payload is dated."""
        message = {"role": "assistant", "content": answer, "refusal": None}
        return {
            "id": identifier("chatcmpl-", self.key, len(self.calls), "chatcmpl-"),
            "object": "chat.completion",
            "created": 0,
            "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": tokens.input,
                "completion_tokens": tokens.output,
                "total_tokens": tokens.input + tokens.output,
                "prompt_tokens_details": {"cached_tokens": tokens.cached, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
            },
            "service_tier": "default",
        }


def is_cached(last: Tokens | None) -> bool:
    """Providers cache the beginning of a prompt from 1,024 tokens on."""
    return last is not None and last.input >= 1024


def estimate(request: dict[str, Any]) -> int:
    """Tokens of a request: four characters of a Latin script each, one and a half of any other."""
    text = json.dumps(request, ensure_ascii=False)
    latin = sum(character < "\u0250" for character in text)
    return -(-latin // 4) + -(-(len(text) - latin) * 2 // 3)


def cost(model: str, tokens: Tokens) -> Decimal:
    """US dollars of one call."""
    price = PRICES[model]
    fresh = tokens.input - tokens.cached
    total = fresh * Decimal(price.input) + tokens.cached * Decimal(price.cached) + tokens.output * Decimal(price.output)
    return total / MILLION


def fraction(*names: Any) -> float:
    """A number from 0 to 1 that depends on the names alone."""
    digest = hashlib.sha256(repr(names).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def identifier(prefix: str, *names: Any, digits: int = 24) -> str:
    return prefix + hashlib.sha256(repr(names).encode()).hexdigest()[:digits]
