"""Token counts and cost of one call, from the usage object of any API or library.

`Usage` has cached tokens as part of the input, and reasoning as part of the output. Anthropic and Bedrock count what
was read from and written to the cache beside the input, Google counts thoughts beside the candidates and what tools
added beside the prompt, xAI reasoning beside the completion. The names say which (`usage_names.py`); but libraries keep
the names and change the sums, so if there is a total, it decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice, product
from typing import Any

from sessions_app.records import Usage
from sessions_app.wire.fields import lenient_cost, lenient_count
from sessions_app.wire.usage_names import (
    MOST_NAME_CHARS,
    Meaning,
    Role,
    is_input_bucket,
    is_output_bucket,
    meaning_of,
)

UNKNOWN_USAGE = Usage()
USAGE_MEMBERS = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")

# A usage object has about ten members. More are not read.
_MOST_MEMBERS = 300
_MOST_DEPTH = 3
# Members of a usage object that repeat it in another form, or step by step.
_REPEATED = frozenset({"raw", "iterations", "steps"})
_PROVIDERS_INPUT = frozenset({"prompt_tokens", "input_tokens", "promptTokens", "inputTokens"})
# xAI counts the cost in ticks.
_TICKS_IN_A_DOLLAR = Decimal(10) ** 10

ReadCount = Callable[[Any], int | None]


def usage_of(value: Any) -> Usage:
    """Token counts of a usage object under any names; counts that cannot be read are None."""
    return counts_of(value).usage() if isinstance(value, dict) else UNKNOWN_USAGE


def merge_usage(first: Usage, second: Usage) -> Usage:
    """Each count from the first of the two that knows it."""
    if first == UNKNOWN_USAGE:
        return second
    return Usage(
        second.input_tokens if first.input_tokens is None else first.input_tokens,
        second.output_tokens if first.output_tokens is None else first.output_tokens,
        second.cached_tokens if first.cached_tokens is None else first.cached_tokens,
        second.cache_write_tokens if first.cache_write_tokens is None else first.cache_write_tokens,
        second.reasoning_tokens if first.reasoning_tokens is None else first.reasoning_tokens,
    )


def completed_usage(own: Usage, detailed: Usage) -> Usage:
    """A log's own counts, completed from the usage object that it logs, too.

    Zeros give way: a proxy writes them where it does not know. So does an input without the cached tokens.
    """
    input_tokens = own.input_tokens or detailed.input_tokens
    beside = (detailed.cached_tokens or 0) + (detailed.cache_write_tokens or 0)
    if input_tokens is not None and input_tokens < beside <= (detailed.input_tokens or 0):
        input_tokens = detailed.input_tokens
    known = Usage(input_tokens, own.output_tokens or detailed.output_tokens)
    return merge_usage(merge_usage(known, own), detailed)


def cost_of(value: Any) -> Decimal | None:
    """The cost in US dollars that a usage object names: OpenRouter's and LiteLLM's `cost`, Perplexity's, xAI's."""
    if not isinstance(value, dict):
        return None
    for name in ("cost", "total_cost", "cost_usd", "costUSD"):
        cost = value.get(name)
        cost = cost.get("total_cost") if isinstance(cost, dict) else cost
        if (found := lenient_cost(cost)) is not None:
            return found
    ticks = lenient_count(value.get("cost_in_usd_ticks"))
    return None if ticks is None else ticks / _TICKS_IN_A_DOLLAR


def counts_of(value: dict[str, Any], read: ReadCount = lenient_count, *, within: bool = False) -> Counts:
    """The counts of a usage object, as they were sent. `within`: the cache is part of the input, whatever the names."""
    counts = Counts(within)
    for path, item in islice(_paths(value, "", 0), _MOST_MEMBERS):
        meaning = meaning_of(path) if len(path) <= MOST_NAME_CHARS else None
        if meaning is not None and (count := read(item)) is not None:
            counts.add(meaning, count)
    if read(value.get("input")) is not None and not value.keys() & _PROVIDERS_INPUT:
        counts.divide(
            {path: count for path, item in islice(_paths(value, "", 0), _MOST_MEMBERS) if (count := read(item))}
        )
    return counts


def _paths(value: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The members, those of objects inside with a path as their name."""
    for name, item in islice(value.items(), _MOST_MEMBERS):
        if isinstance(item, dict):
            if depth < _MOST_DEPTH and name not in _REPEATED:
                yield from _paths(item, f"{prefix}{name}.", depth + 1)
        elif item is not None and not isinstance(item, list):
            yield f"{prefix}{name}", item


class Counts:
    """Counts by their roles, before it is decided which are parts of which."""

    def __init__(self, within: bool = False) -> None:
        self._found: dict[Role, tuple[bool, int, int]] = {}
        self._ttl = 0
        self._within = within
        self._cache_beside = False
        self._reasoning_beside = False
        # Langfuse divides the sums: what is in other members is not in `input` and `output`.
        self._input_parts: int | None = None
        self._output_parts: int | None = None

    def add(self, meaning: Meaning, count: int) -> None:
        role = meaning.role
        if role is Role.CACHE_WRITE_PART:
            self._ttl += count
            role, count = Role.CACHE_WRITE, self._ttl
        self._within |= meaning.within
        if role is Role.REASONING:
            self._reasoning_beside |= meaning.beside
        elif role is Role.INPUT:
            # With OpenAI's name comes OpenAI's sum, whatever LiteLLM and others add to it.
            self._within |= meaning.rank == 0 and count > 0
        else:
            self._cache_beside |= meaning.beside
        # A detail may be there twice, once as 0; the larger one counts. Of sums, the better name counts.
        is_sum = role in (Role.INPUT, Role.OUTPUT, Role.TOTAL)
        order = (count == 0, meaning.rank if is_sum else -count, count)
        if role not in self._found or order[:2] < self._found[role][:2]:
            self._found[role] = order

    def divide(self, counts: dict[str, int]) -> None:
        """Take the sums from `input` and `output`, and note their other parts (`input_cached_tokens`)."""
        self._found[Role.INPUT] = (False, 0, counts.get("input", 0))
        if "output" in counts:
            self._found[Role.OUTPUT] = (False, 0, counts["output"])
        self._input_parts = sum(count for name, count in counts.items() if is_input_bucket(name))
        self._output_parts = sum(count for name, count in counts.items() if is_output_bucket(name))

    def __bool__(self) -> bool:
        return bool(self._found)

    def count(self, role: Role) -> int | None:
        found = self._found.get(role)
        return found[2] if found else None

    def or_else(self, other: Counts) -> Counts:
        """These, completed with what only the other ones know."""
        merged = Counts(self._within or (other._within and Role.INPUT not in self._found))
        merged._found = other._found | self._found
        merged._cache_beside = self._cache_beside or other._cache_beside
        merged._reasoning_beside = self._reasoning_beside or other._reasoning_beside
        merged._input_parts, merged._output_parts = self._input_parts, self._output_parts
        return merged

    def usage(self) -> Usage:
        """The counts with every part inside its sum."""
        cached, written, reasoning = map(self.count, (Role.CACHED, Role.CACHE_WRITE, Role.REASONING))
        input_tokens, output_tokens = self.count(Role.INPUT), self.count(Role.OUTPUT)
        beside_input, beside_output = self._beside(input_tokens, output_tokens)
        if input_tokens is not None:
            input_tokens += beside_input
        if output_tokens is not None or (self._reasoning_beside and reasoning):
            # Gemini leaves out the candidates' count if all of the output were thoughts.
            output_tokens = (output_tokens or 0) + beside_output
        return Usage(input_tokens, output_tokens, cached, written, reasoning)

    def _beside(self, input_tokens: int | None, output_tokens: int | None) -> tuple[int, int]:
        """How many tokens are to be added to the input and to the output."""
        total, tool_use = self.count(Role.TOTAL), self.count(Role.TOOL_USE) or 0
        known_input, known_output = input_tokens or 0, output_tokens or 0
        if tool_use and total is None and tool_use == known_input + known_output:
            # Codex (0.50 to 0.120) logs the total as `tool_token_count`.
            tool_use = 0
        if self._input_parts is not None:
            return self._beside_parts(total, known_input, known_output)
        cache = (self.count(Role.CACHED) or 0) + (self.count(Role.CACHE_WRITE) or 0)
        reasoning = self.count(Role.REASONING) or 0
        caches = _choices(cache, self._cache_beside and not self._within, known_input + tool_use)
        # Without an output, thoughts are all of it.
        reasonings = _choices(reasoning, self._reasoning_beside, known_output if output_tokens is not None else 2**60)
        tools = (tool_use, 0) if tool_use else (0,)
        choices = [(one + other, third) for one, other, third in product(caches, tools, reasonings)]
        if output_tokens is None and not self._reasoning_beside:
            # The total is then of no help.
            return choices[0]
        return next((c for c in choices if known_input + known_output + sum(c) == total), choices[0])

    def _beside_parts(self, total: int | None, known_input: int, known_output: int) -> tuple[int, int]:
        parts = self._input_parts or 0, self._output_parts or 0
        is_inside = total is not None and total == known_input + known_output and any(parts)
        fits = parts[0] <= known_input and parts[1] <= known_output
        return (0, 0) if is_inside and fits else parts


def _choices(part: int, beside: bool, whole: int) -> tuple[int, ...]:
    """What may have to be added to the whole for its part, the likelier first. A part is not more than the whole."""
    if not part:
        return (0,)
    if part > whole:
        return (part,)
    return (part, 0) if beside else (0, part)
