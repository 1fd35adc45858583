"""LiteLLM's payloads of short chats: a few lines of conversation in about 14 KB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from benchmarks import text
from sessions_app.samples.litellm_form import litellm_payload
from sessions_app.samples.talk import Talk

MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini")


def payloads(number: int, first: int = 0, until: datetime | None = None) -> list[dict[str, Any]]:
    """`number` payloads, as `generic_api` posts them; `first` chooses which, so that others get other ids."""
    anchor = (until or datetime.now(UTC)).replace(microsecond=0)
    found: list[dict[str, Any]] = []
    place = first
    while len(found) < number:
        sample = chat(place).sample()
        found += [litellm_payload(sample, call, anchor) for call in range(len(sample.calls))]
        place += 1
    return found[:number]


def chat(place: int) -> Talk:
    """A chat of one to three turns."""
    random = Random(place)
    talk = Talk(
        f"short-chat-{place:08d}",
        timedelta(seconds=random.randrange(60)),
        MODELS[place % len(MODELS)],
        system=text.prose(Random(place % 5), 160),
        user=f"user-{random.randrange(500):04d}",
        tags=("benchmark",),
    )
    for _ in range(random.randrange(1, 4)):
        talk.say(text.prose(random, 120)).reply(text.markdown(random, 400))
    return talk
