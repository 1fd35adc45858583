"""Whether a request read from the prompt cache what it repeats, and if not, why. Plain Python, on rows without content.

What it repeats is the prompt of the request that it continues, with the tokens that were reported for that. Nothing is
said where cached tokens were not reported, or where no earlier request is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from sessions_app.structure.cache_rules import CacheRule, cache_rule
from sessions_app.structure.parents import Parent
from sessions_app.structure.profiles import Profile
from sessions_app.structure.timeline import Structure, Timed, sane_times

HIT, PARTLY, MISS = "hit", "partly", "miss"
# Caches work in blocks of 128 tokens, or up to a mark: so much may be missing from a hit, the larger of both.
SPARE_TOKENS, SPARE_SHARE = 256, 0.1

NO_CACHE, MINIMUM, MODEL, TOOLS, SYSTEM = "no_cache", "minimum", "model", "tools", "system"
REWRITTEN, NOT_WRITTEN, IDLE, UNKNOWN = "rewritten", "not_written", "idle", "unknown"
CAUSES = (NO_CACHE, MINIMUM, MODEL, TOOLS, SYSTEM, REWRITTEN, NOT_WRITTEN, IDLE, UNKNOWN)
# Causes that follow from what a provider documents.
DOCUMENTED = frozenset({NO_CACHE, MINIMUM, IDLE, NOT_WRITTEN})

# A date, as OpenAI and Anthropic write it, or "latest".
_VERSION = re.compile(r"[-@](?:latest|\d{4}-?\d{2}-?\d{2})$")
_NO_LOSS = frozenset({NO_CACHE, MINIMUM})


class CacheRow(Timed, Protocol):
    """What must be known of a request."""

    @property
    def model(self) -> str: ...
    @property
    def input_tokens(self) -> int | None: ...
    @property
    def cached_tokens(self) -> int | None: ...
    @property
    def cache_write_tokens(self) -> int | None: ...


class CacheVerdict(NamedTuple):
    """`base`: the index of the request that is continued. `prefix`: the tokens that are repeated, `cached`: those of
    them that were read from the cache. `causes` of a miss, () of a hit. `is_at_most`: the history came back changed, so
    less may be repeated. `idle`: how long the conversation had rested. `rule`: what the provider documents.
    """

    kind: str
    base: int
    prefix: int
    cached: int
    causes: tuple[str, ...] = ()
    is_at_most: bool = False
    idle: timedelta | None = None
    rule: CacheRule | None = None

    @property
    def lost(self) -> int:
        """The tokens that are repeated, and were not cached."""
        return max(self.prefix - self.cached, 0)

    @property
    def counts(self) -> bool:
        """Whether it is a loss. What a model never caches is none, nor is what is too short."""
        return self.kind != HIT and _NO_LOSS.isdisjoint(self.causes)


def verdicts(
    rows: Sequence[CacheRow], profiles: Sequence[Profile | None], structure: Structure
) -> list[CacheVerdict | None]:
    """A verdict for each request of a session in order; None where nothing can be said."""
    roots: list[int] = []
    last_used: dict[int, datetime] = {}
    found: list[CacheVerdict | None] = []
    for index, (start, end) in enumerate(sane_times(rows)):
        parent = structure.origin(index)
        if parent is None or parent.index >= index:
            roots.append(root := index)
            found.append(None)
            used = last_used.get(root)
        else:
            roots.append(root := roots[parent.index])
            used = last_used.get(root)
            found.append(_verdict(index, parent, rows, profiles, start, used))
        if used is None or end > used:
            last_used[root] = end
    return found


def _verdict(
    index: int,
    parent: Parent,
    rows: Sequence[CacheRow],
    profiles: Sequence[Profile | None],
    start: datetime,
    last_used: datetime | None,
) -> CacheVerdict | None:
    row, base = rows[index], rows[parent.index]
    if row.cached_tokens is None or not base.input_tokens:
        return None
    prefix = base.input_tokens if row.input_tokens is None else min(base.input_tokens, row.input_tokens)
    cached = min(row.cached_tokens, prefix)
    kind = _kind(prefix, cached)
    idle = max(start - last_used, timedelta()) if last_used else None
    rule = cache_rule(row.model)
    if kind == HIT:
        return CacheVerdict(kind, parent.index, prefix, cached, (), False, idle, rule)
    causes = _causes(row, base, parent, (profiles[index], profiles[parent.index]), prefix, idle, rule)
    return CacheVerdict(kind, parent.index, prefix, cached, causes, REWRITTEN in causes, idle, rule)


def _kind(prefix: int, cached: int) -> str:
    if prefix - cached <= max(SPARE_TOKENS, SPARE_SHARE * prefix) and cached:
        return HIT
    return PARTLY if cached else MISS


def _causes(
    row: CacheRow,
    base: CacheRow,
    parent: Parent,
    profiles: tuple[Profile | None, Profile | None],
    prefix: int,
    idle: timedelta | None,
    rule: CacheRule | None,
) -> tuple[str, ...]:
    """What explains a miss, by itself: the first kind that applies."""
    if rule and not rule.caches:
        return (NO_CACHE,)
    if rule and prefix < rule.minimum:
        return (MINIMUM,)
    if row.model != base.model and row.model and base.model and _family(row.model) != _family(base.model):
        return (MODEL,)
    if changed := _changed(*profiles):
        return changed
    if not parent.is_whole:
        return (REWRITTEN,)
    if rule and rule.lives and idle and idle > rule.lives:
        return (IDLE,)
    if rule and rule.is_asked_for and base.cache_write_tokens == 0 and base.cached_tokens == 0:
        return (NOT_WRITTEN,)
    return (UNKNOWN,)


def _family(model: str) -> str:
    """A model's name without its version: `gpt-4o` may be an alias of `gpt-4o-2024-08-06`, and nobody knows."""
    return _VERSION.sub("", model)


def _changed(own: Profile | None, before: Profile | None) -> tuple[str, ...]:
    """What stands before the messages and is not the same as before."""
    if own is None or before is None:
        return ()
    changed = ((TOOLS, own.tools != before.tools), (SYSTEM, own.system != before.system))
    return tuple(name for name, is_changed in changed if is_changed)
