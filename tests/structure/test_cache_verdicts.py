"""Whether a request read from the prompt cache what it repeats, and why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sessions_app.records import RULE_CONVERSATION
from sessions_app.structure.cache_rules import cache_rule
from sessions_app.structure.cache_verdicts import CacheVerdict, verdicts
from sessions_app.structure.parents import Parent
from sessions_app.structure.profiles import Profile
from tests.factories import START
from tests.structure.findings.made_up import structure_of

PROFILE = Profile((0,) * 8, system=1, tools=2)


@dataclass(frozen=True)
class Row:
    started_at: datetime = START
    ended_at: datetime | None = START + timedelta(seconds=1)
    received_at: datetime = START + timedelta(days=1)
    model: str = "claude-sonnet-4-5"
    input_tokens: int | None = 10_000
    cached_tokens: int | None = 0
    cache_write_tokens: int | None = None


def verdict(
    cached: int | None = 0,
    base: Row | None = None,
    profile: Profile | None = PROFILE,
    is_whole: bool = True,
    after: timedelta = timedelta(seconds=10),
    **members: Any,
) -> CacheVerdict | None:
    """The verdict of a request that continues `base`."""
    base = base or Row()
    row = Row(START + after, START + after, cached_tokens=cached, input_tokens=12_000, model=base.model)
    structure = structure_of([None, 0])
    structure.parents[1] = Parent(0, RULE_CONVERSATION, is_whole)
    first, second = verdicts([base, replace(row, **members)], [PROFILE, profile], structure)
    assert first is None
    return second


@pytest.mark.parametrize(
    ("cached", "kind", "lost"),
    [(10_000, "hit", 0), (9_000, "hit", 1_000), (8_999, "partly", 1_001), (1, "partly", 9_999), (0, "miss", 10_000)],
)
def test_it_works(cached: int, kind: str, lost: int) -> None:
    found = verdict(cached)
    assert found
    assert (found.kind, found.prefix, found.lost, found.base) == (kind, 10_000, lost, 0)
    assert bool(found.causes) == (kind != "hit")


def test_of_a_short_prompt_a_block_may_be_missing() -> None:
    found = verdict(1_000, Row(input_tokens=1_250))
    assert found
    assert found.kind == "hit"


@pytest.mark.parametrize(
    ("members", "causes"),
    [
        ({"profile": PROFILE._replace(system=9)}, ("system",)),
        ({"profile": PROFILE._replace(tools=9)}, ("tools",)),
        ({"profile": PROFILE._replace(tools=9, system=9)}, ("tools", "system")),
        ({"model": "claude-opus-4-1"}, ("model",)),
        ({"base": Row(model="gpt-4o"), "model": "gpt-4o-mini"}, ("model",)),
        # One may be the other's alias.
        ({"base": Row(model="gpt-4o"), "model": "gpt-4o-2024-08-06"}, ("unknown",)),
        ({"is_whole": False}, ("rewritten",)),
        ({"after": timedelta(minutes=6)}, ("idle",)),
        ({"after": timedelta(minutes=4)}, ("unknown",)),
        ({"base": Row(input_tokens=1_000)}, ("minimum",)),
        ({"base": Row(cache_write_tokens=0)}, ("not_written",)),
        ({"base": Row(cache_write_tokens=None)}, ("unknown",)),
        # It read the cache, so it need not write.
        ({"base": Row(cache_write_tokens=0, cached_tokens=9_000)}, ("unknown",)),
        ({"base": Row(model="gpt-4"), "after": timedelta(hours=9)}, ("no_cache",)),
        ({"base": Row(model="gpt-4.1"), "after": timedelta(minutes=11)}, ("idle",)),
        ({"base": Row(model="mine"), "after": timedelta(days=9)}, ("unknown",)),
        ({"profile": None}, ("unknown",)),
    ],
)
def test_the_cause_of_a_miss(members: dict[str, Any], causes: tuple[str, ...]) -> None:
    found = verdict(**members)
    assert found
    assert found.causes == causes
    assert found.is_at_most == (causes == ("rewritten",))
    assert found.counts == (causes[0] not in ("minimum", "no_cache"))


def test_a_shorter_prompt_repeats_no_more_than_it_has() -> None:
    found = verdict(1_000, is_whole=False, input_tokens=3_000)
    assert found
    assert (found.prefix, found.lost) == (3_000, 2_000)


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert verdict(cached=None) is None
    assert verdict(base=Row(input_tokens=None)) is None


def test_a_request_in_between_keeps_the_cache_alive() -> None:
    rows = [Row(started_at=(at := START + timedelta(minutes=4 * n)), ended_at=at) for n in range(3)]
    found = verdicts(rows, [PROFILE] * 3, structure_of([None, 0, 0]))
    assert found[2]
    assert (found[2].causes, found[2].idle) == (("unknown",), timedelta(minutes=4))


@pytest.mark.parametrize(
    ("model", "minimum"),
    [
        ("claude-haiku-4-5-20251001", 4_096),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", 2_048),
        ("anthropic/claude-sonnet-4-5", 1_024),
        ("claude-3-opus-20240229", 1_024),
        ("claude-opus-5", 512),
        ("gpt-4o-mini", 1_024),
        ("openai/gpt-5-codex", 1_024),
        ("o4-mini", 1_024),
        ("gpt-4-turbo", 0),
        ("gemini-2.5-pro", 2_048),
        ("deepseek-chat", 64),
        ("mine", None),
        ("my-o1-like", None),
    ],
)
def test_what_providers_document(model: str, minimum: int | None) -> None:
    rule = cache_rule(model)
    assert (rule.minimum if rule else None) == minimum
