"""Token counts and cost of one call, from the usage object of any API or library.

`Usage` has cached tokens as part of the input, and reasoning as part of the output. Anthropic and Bedrock count what
was read from and written to the cache beside the input, Google counts thoughts beside the candidates and what tools
added beside the prompt, xAI reasoning beside the completion. The names say which (`usage_names.py`); but libraries keep
the names and change the sums, so if there is a total, it decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import reduce
from itertools import islice, product
from typing import Any

from sessions_app.records import Usage
from sessions_app.wire.fields import MAX_COUNT, lenient_cost, lenient_count
from sessions_app.wire.usage_names import (
    CACHE_WRITE,
    CACHE_WRITE_1H,
    CACHE_WRITE_PART,
    CACHED,
    DETAIL_LISTS,
    INPUT,
    MODALITIES,
    MOST_NAME_CHARS,
    OUTPUT,
    REASONING,
    TOOL_USE,
    DetailList,
    Meaning,
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
_COSTS = frozenset({"cost", "total_cost", "cost_usd", "costUSD", "cost_in_usd_ticks", "total_price"})
# xAI counts the cost in ticks.
_TICKS_IN_A_DOLLAR = Decimal(10) ** 10

_DETAILS = (CACHED, CACHE_WRITE, REASONING, TOOL_USE)
_NO_COUNTS: list[int | None] = [None] * 7

ReadCount = Callable[[Any], int | None]


def usage_of(value: Any) -> Usage:
    """Token counts of a usage object under any names; counts that cannot be read are None."""
    return counts_of(value).usage() if isinstance(value, dict) else UNKNOWN_USAGE


def merge_usage(first: Usage, second: Usage) -> Usage:
    """Each count from the first of the two that knows it."""
    if first == UNKNOWN_USAGE:
        return second
    pairs = zip(_counts(first), _counts(second), strict=True)
    return Usage(*(other if one is None else one for one, other in pairs))


def added_usage(first: Usage, second: Usage) -> Usage:
    """The counts of two calls together."""
    if UNKNOWN_USAGE in (first, second):
        return second if first == UNKNOWN_USAGE else first
    pairs = zip(_counts(first), _counts(second), strict=True)
    return Usage(*(one if other is None else other + (one or 0) for one, other in pairs))


def _counts(usage: Usage) -> tuple[int | None, ...]:
    return (
        *(usage.input_tokens, usage.output_tokens, usage.cached_tokens),
        *(usage.cache_write_tokens, usage.reasoning_tokens, usage.cache_write_1h_tokens),
        *(usage.input_audio_tokens, usage.output_audio_tokens, usage.output_image_tokens),
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
    if not isinstance(value, dict) or _COSTS.isdisjoint(value):
        return None
    for name in ("cost", "total_cost", "cost_usd", "costUSD"):
        cost = value.get(name)
        cost = cost.get("total_cost") if isinstance(cost, dict) else cost
        if (found := lenient_cost(cost)) is not None:
            return found
    if value.get("currency") == "USD" and (found := lenient_cost(value.get("total_price"))) is not None:
        # Dify.
        return found
    ticks = lenient_count(value.get("cost_in_usd_ticks"))
    return None if ticks is None else ticks / _TICKS_IN_A_DOLLAR


def counts_of(value: dict[str, Any], read: ReadCount = lenient_count, *, within: bool = False) -> Counts:
    """The counts of a usage object, as they were sent. `within`: the cache is part of the input, whatever the names."""
    counts = Counts(within)
    _collect(value, "", read, counts, _MOST_DEPTH)
    if type(value.get("iterations")) is list:
        counts.beside = _compactions(value, read)
    if "input" in value and read(value["input"]) is not None and not value.keys() & _PROVIDERS_INPUT:
        counts.divide({name: count for name, item in _members(value) if (count := read(item))})
    return counts


def _compactions(value: dict[str, Any], read: ReadCount) -> Usage:
    """What Anthropic counted for summaries of the conversation: its sums leave out these calls of the model."""
    steps = [step for step in value["iterations"][:_MOST_MEMBERS] if isinstance(step, dict)]
    summaries = [step for step in steps if step.get("type") == "compaction"]
    inputs = [read(step.get("input_tokens")) or 0 for step in steps]
    if not summaries or sum(inputs) == read(value.get("input_tokens")):
        return UNKNOWN_USAGE
    return reduce(added_usage, (counts_of(step, read).usage() for step in summaries))


def _collect(value: dict[str, Any], prefix: str, read: ReadCount, counts: Counts, depth: int) -> None:
    """Add the members, those of objects inside with a path as their name."""
    for name, item in islice(value.items(), _MOST_MEMBERS):
        if type(item) is list and name in DETAIL_LISTS:
            counts.add_details(item, DETAIL_LISTS[name], read)
            continue
        if type(item) is dict:
            if depth and name not in _REPEATED and len(prefix) < MOST_NAME_CHARS:
                _collect(item, f"{prefix}{name}.", read, counts, depth - 1)
            continue
        path = prefix + name
        if (
            len(path) <= MOST_NAME_CHARS
            and (meaning := meaning_of(path)) is not None
            and (count := read(item)) is not None
        ):
            counts.add(meaning, count)
        elif path in MODALITIES:
            counts.add_extra(MODALITIES[path], read(item))


def _members(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The members of an object, and those of objects in it."""
    for name, item in islice(value.items(), _MOST_MEMBERS):
        if isinstance(item, dict) and not prefix:
            yield from _members(item, f"{name}.")
        else:
            yield prefix + name, item


class Counts:
    """Counts by their roles, before it is decided which are parts of which."""

    __slots__ = ("_beside_names", "_counts", "_extras", "_parts", "_ranks", "_ttl", "_within", "beside")

    def __init__(self, within: bool = False) -> None:
        # Calls of the model that the sums leave out.
        self.beside = UNKNOWN_USAGE
        self._counts: list[int | None] = [None] * 7
        self._ranks = [9] * 7
        self._ttl = 0
        self._within = within
        # Whether the names mean that the cache, and the reasoning, are beside the sums.
        self._beside_names = (False, False)
        # Langfuse divides the sums: what is in other members is not in `input` and `output`.
        self._parts: tuple[int, int] | None = None
        # Counts within these that may have their own price.
        self._extras: dict[str, int] = {}

    def add_extra(self, name: str, count: int | None) -> None:
        """A count within another one, which it does not change."""
        if count:
            self._extras[name] = max(count, self._extras.get(name, 0))

    def add_details(self, items: list[Any], kinds: tuple[DetailList, ...], read: ReadCount) -> None:
        """A list that divides a count: by the time that the cache keeps it, or by modality."""
        for item in items[:_MOST_MEMBERS]:
            for what in kinds if type(item) is dict else ():
                if item.get(what.key) == what.value:
                    self.add_extra(what.extra, read(item.get(what.tokens)))

    def add(self, meaning: Meaning, count: int) -> None:
        role, rank, beside, within, _ = meaning
        if role == CACHE_WRITE_PART:
            self._ttl += count
            if meaning.is_hour:
                self.add_extra(CACHE_WRITE_1H, count)
            role, count = CACHE_WRITE, self._ttl
        # With OpenAI's name comes OpenAI's sum, whatever LiteLLM and others add to it.
        self._within |= within or (role == INPUT and rank == 0 and count > 0)
        if beside:
            cache, reasoning = self._beside_names
            self._beside_names = (cache, True) if role == REASONING else (True, reasoning)
        known = self._counts[role]
        # A count may be there twice, once as 0. Of sums the better name counts, of details the larger one.
        is_better = not known or rank < self._ranks[role] or (role in _DETAILS and count > known)
        if known is None or (count and is_better):
            self._counts[role], self._ranks[role] = count, rank

    def divide(self, counts: dict[str, int]) -> None:
        """Take the sums from `input` and `output`, and note their other parts (`input_cached_tokens`)."""
        self._counts[INPUT] = counts.get("input", 0)
        if "output" in counts:
            self._counts[OUTPUT] = counts["output"]
        self._parts = (
            sum(count for name, count in counts.items() if is_input_bucket(name)),
            sum(count for name, count in counts.items() if is_output_bucket(name)),
        )

    def __bool__(self) -> bool:
        return self._counts != _NO_COUNTS

    def or_else(self, other: Counts) -> Counts:
        """These, completed with what only the other ones know."""
        merged = Counts(self._within or (other._within and self._counts[INPUT] is None))
        both = zip(self._counts, other._counts, strict=True)
        merged._counts = [theirs if ours is None else ours for ours, theirs in both]
        ours, theirs = self._beside_names, other._beside_names
        merged._beside_names = (ours[0] or theirs[0], ours[1] or theirs[1])
        merged._parts = self._parts
        merged.beside = merge_usage(self.beside, other.beside)
        merged._extras = other._extras | self._extras
        return merged

    def usage(self) -> Usage:
        """The counts with every part inside its sum."""
        input_tokens, output_tokens, cached, written, reasoning, tool_use, _ = self._counts
        if cached or written or reasoning or tool_use or self._parts:
            beside_input, beside_output = self._beside()
            if input_tokens is not None:
                input_tokens += beside_input
            if output_tokens is not None or (reasoning and self._beside_names[1]):
                # Gemini leaves out the candidates' count if all of the output were thoughts.
                output_tokens = (output_tokens or 0) + beside_output
        counts = map(_believed, (input_tokens, output_tokens, cached, written, reasoning))
        return added_usage(Usage(*counts, **self._extras), self.beside)

    def _beside(self) -> tuple[int, int]:
        """How many tokens are to be added to the input and to the output."""
        known_input, known_output, cached, written, reasoning, tool_use, total = (count or 0 for count in self._counts)
        if tool_use and not total and tool_use == known_input + known_output:
            # Codex (0.50 to 0.120) logs the total as `tool_token_count`.
            tool_use = 0
        if self._parts is not None:
            is_inside = total == known_input + known_output and any(self._parts)
            fits = self._parts[0] <= known_input and self._parts[1] <= known_output
            return (0, 0) if is_inside and fits else self._parts
        is_cache_beside, is_reasoning_beside = self._beside_names
        caches = _choices(cached + written, is_cache_beside and not self._within, known_input + tool_use)
        tools = (tool_use, 0) if tool_use else (0,)
        has_output = self._counts[OUTPUT] is not None
        # Without an output, thoughts are all of it.
        reasonings = _choices(reasoning, is_reasoning_beside, known_output) if has_output else (reasoning,)
        choices = [(one + other, third) for one, other, third in product(caches, tools, reasonings)]
        if not has_output and not is_reasoning_beside:
            # The total is then of no help.
            return choices[0]
        return next((c for c in choices if known_input + known_output + sum(c) == total), choices[0])


def _believed(count: int | None) -> int | None:
    """Sums may be absurd where their parts were not, quite."""
    return None if count is not None and count > MAX_COUNT else count


def _choices(part: int, beside: bool, whole: int) -> tuple[int, ...]:
    """What may have to be added to the whole for its part, the likelier first. A part is not more than the whole."""
    if not part:
        return (0,)
    if part > whole:
        return (part,)
    return (part, 0) if beside else (0, part)
