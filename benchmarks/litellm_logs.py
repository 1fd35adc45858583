"""LiteLLM's payloads of short chats: a few lines of conversation in about 14 KB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from benchmarks import text
from benchmarks.calls import Chat, Session
from benchmarks.litellm_form import litellm_payload

MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini")


def payloads(number: int, first: int = 0, until: datetime | None = None) -> list[dict[str, Any]]:
    """`number` payloads, as `generic_api` posts them; `first` chooses which, so that others get other ids."""
    anchor = (until or datetime.now(UTC)).replace(microsecond=0)
    found: list[dict[str, Any]] = []
    place = first
    while len(found) < number:
        session = chat(place)
        found += [litellm_payload(session, call, anchor) for call in range(len(session.calls))]
        place += 1
    return found[:number]


def chat(place: int) -> Session:
    """A chat of one to three turns."""
    random = Random(place)
    key, ago = f"short-chat-{place:08d}", timedelta(seconds=random.randrange(60))
    system, user = text.prose(Random(place % 5), 160), f"user-{random.randrange(500):04d}"
    talk = Chat(key, MODELS[place % len(MODELS)], system)
    for _ in range(random.randrange(1, 4)):
        talk.turn(text.prose(random, 120), text.markdown(random, 400))
    return Session(key, tuple(talk.calls), ago, user, ("benchmark",))
