"""Which request another one continues: the rules, on facts alone. Pure Python, no Django.

The same rules hold inside a session, where they make the timeline, and between sessions, where they make sessions.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

# A repetition of a failed request that comes later than this is another attempt at the same question, by a person.
ATTEMPT_WINDOW = timedelta(minutes=15)


class LinkRole(IntEnum):
    """What a token is to the request that it stands for. Up to `TRACE` they are ids by which a person may look."""

    ID = 0
    RESPONSE = 1
    CALL = 2
    TRACE = 3
    END = 4  # its input and output together: what continues it begins so
    FAILED = 5  # its input, of a request that failed without an answer
    NEEDS_RESPONSE = 6
    BEGINS = 7  # what its input begins with
    RETRIES = 8  # its input, of a request that may repeat a failed one


@dataclass(frozen=True, slots=True)
class Candidate:
    """A request that another one may continue. `key_id` is its idempotency key."""

    key_id: uuid.UUID
    started_at: datetime

    @property
    def place(self) -> tuple[datetime, uuid.UUID]:
        return (self.started_at, self.key_id)


def latest_before(
    candidates: Iterable[Candidate], started_at: datetime, key_id: uuid.UUID, window: timedelta | None = None
) -> Candidate | None:
    """The latest of the candidates that started before a request did, at most `window` earlier."""
    place = (started_at, key_id)
    fitting = (c for c in candidates if c.place < place and (window is None or started_at - c.started_at <= window))
    return max(fitting, key=lambda candidate: candidate.place, default=None)
