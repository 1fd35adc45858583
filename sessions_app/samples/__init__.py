"""Sample sessions for project `demo`: what is in them, and the bodies that a client would send.

Everything is generated here and deterministic; only the times depend on the moment of loading. The bodies go through
the same accept and digest path as a client's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import chain

import orjson

from sessions_app.samples import agents, branching, engineering, failures, media, office, support
from sessions_app.samples.litellm_form import litellm_payload
from sessions_app.samples.native_form import native_log, started
from sessions_app.samples.talk import Sample

__all__ = ["Sample", "all_samples", "bodies", "started"]

MODULES = (support, office, engineering, agents, branching, failures, media)
WRITERS = {"native": native_log, "litellm": litellm_payload}
LOGS_PER_BODY = 25


@cache
def all_samples() -> tuple[Sample, ...]:
    """All sample sessions, the newest first."""
    samples = chain.from_iterable((write().sample() for write in module.SESSIONS) for module in MODULES)
    return tuple(sorted(samples, key=lambda sample: sample.ago))


def bodies(sample: Sample, anchor: datetime) -> Iterator[bytes]:
    """JSON arrays of the sample's logs in order, as its source's endpoint takes them, as if loaded at `anchor`."""
    write = WRITERS[sample.source]
    for first in range(0, len(sample.calls), LOGS_PER_BODY):
        places = range(first, min(first + LOGS_PER_BODY, len(sample.calls)))
        yield orjson.dumps([write(sample, place, anchor) for place in places])
