"""Counts attempts to sign in, in the database, so that all processes share the counters and restarts keep them.

The time windows come from the library `limits`. The counters are ours, because it has none for PostgreSQL. A keyed hash
selects one of SLOTS counters of each kind. So names and addresses are not stored, and the table stays small, however
many of them an attacker invents. Two that share a counter share its limit, which is rare.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import Error, connection
from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

SLOTS = 2**16
# Each attempt also deletes this many expired rows.
CLEANED_AT_ONCE = 20

INCREASE = """
INSERT INTO throttle AS counted (key, hits, expires_at)
VALUES (%(key)s, %(amount)s, now() + %(seconds)s * interval '1 second')
ON CONFLICT (key) DO UPDATE SET
    hits = CASE WHEN counted.expires_at <= now() THEN excluded.hits ELSE counted.hits + excluded.hits END,
    expires_at = CASE WHEN counted.expires_at <= now() THEN excluded.expires_at ELSE counted.expires_at END
RETURNING hits
"""
READ = "SELECT hits, extract(epoch FROM expires_at) FROM throttle WHERE key = %s AND expires_at > now()"
DECREASE = "UPDATE throttle SET hits = hits - 1 WHERE key = %s AND hits > 0 AND expires_at > now()"
CLEAN = """
DELETE FROM throttle WHERE key IN (
    SELECT key FROM throttle WHERE expires_at <= now() ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
)
"""


class Counters(Storage):
    """Storage for `limits` in the table `throttle`."""

    @property
    def base_exceptions(self) -> type[Exception]:
        return Error

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        with connection.cursor() as cursor:
            cursor.execute(INCREASE, {"key": place_of(key), "amount": amount, "seconds": expiry})
            hits: int = cursor.fetchone()[0]
        return hits

    def get(self, key: str) -> int:
        return self._read(key)[0]

    def get_expiry(self, key: str) -> float:
        return self._read(key)[1]

    def give_back(self, key: str) -> None:
        """Uncount one attempt."""
        with connection.cursor() as cursor:
            cursor.execute(DECREASE, [place_of(key)])

    def clear(self, key: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM throttle WHERE key = %s", [place_of(key)])

    def reset(self) -> int | None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM throttle")
            removed: int = cursor.rowcount
        return removed

    def check(self) -> bool:
        return True

    def clean(self) -> None:
        """Delete some of the expired rows."""
        with connection.cursor() as cursor:
            cursor.execute(CLEAN, [CLEANED_AT_ONCE])

    def _read(self, key: str) -> tuple[int, float]:
        with connection.cursor() as cursor:
            cursor.execute(READ, [place_of(key)])
            hits, expires_at = cursor.fetchone() or (0, time.time())
        return hits, float(expires_at)


def place_of(key: str) -> str:
    """The counter for a key of `limits`: `kind/who/amount/multiple/unit` becomes `kind/amount/multiple/unit/slot`."""
    kind, _, rest = key.partition("/")
    _, *window = rest.rsplit("/", 3)
    secret = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), key=secret, digest_size=8).digest()
    return "/".join((kind, *window, str(int.from_bytes(digest) % SLOTS)))


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many attempts of one kind are allowed in which time: `5 per minute; 15 per 15 minutes`."""

    kind: str
    rates: str

    def windows(self) -> list[RateLimitItem]:
        return [type(item)(item.amount, item.multiples, namespace=self.kind) for item in parse_many(self.rates)]


class Attempt:
    """One attempt, counted against several limits, each with a name or address."""

    def __init__(self, *counted: tuple[RateLimit, str]) -> None:
        self.counters = Counters()
        self.limiter = FixedWindowRateLimiter(self.counters)
        self.windows = [(window, who) for limit, who in counted for window in limit.windows()]

    def take(self) -> int:
        """Count the attempt before it is made and return 0; or return how many seconds to wait, and count nothing."""
        used_up = [pair for pair in self.windows if not self.limiter.test(*pair)]
        if not used_up:
            # Others may have tried in between; the counters decide.
            used_up = [pair for pair in self.windows if not self.limiter.hit(*pair)]
            self.counters.clean()
        return self._wait(used_up)

    def _wait(self, used_up: Iterable[tuple[RateLimitItem, str]]) -> int:
        ends = [self.limiter.get_window_stats(*pair).reset_time for pair in used_up]
        return max((max(1, math.ceil(end - time.time())) for end in ends), default=0)

    def give_back(self) -> None:
        """Uncount the attempt, because it succeeded or was not made."""
        for window, who in self.windows:
            self.counters.give_back(window.key_for(who))


def in_words(seconds: int) -> str:
    """A time to wait: `40 seconds`, `3 minutes`."""
    number, unit = (seconds, "second") if seconds < 90 else (math.ceil(seconds / 60), "minute")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
