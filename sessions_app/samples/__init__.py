"""Sample sessions for project `demo`: a data file each, as a client would send their logs.

A file of `data/` is a JSON object: `key` is what the caller groups by, in the member `key_field` of each log (none when
that is empty); `source` the format of the logs; `ended_seconds_ago` how long before loading the last one ended. `logs`
are the logs as they are sent, but for these objects:

- `{"$time": s}`, `{"$epoch": s}`, `{"$second": s}`: the moment `s` seconds after loading (it is negative), as RFC 3339
  text, as a number, and as a whole number of seconds since 1970.
- `{"$same_as": n}`: the value that log `n` of the file has in the same place.
- `{"$first": m, "$of": n, "$then": […]}`: a list that begins with the first `m` elements of the list that log `n` has
  in the same place. So a log says what its request added to the conversation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson

__all__ = ["Sample", "all_samples", "bodies", "logs_of", "started"]

DATA = Path(__file__).parent / "data"
LOGS_PER_BODY = 25


@dataclass(frozen=True)
class Sample:
    """A finished session as its file has it; `ago` is how long before loading its last log ended."""

    key: str
    source: str
    key_field: str
    ago: timedelta
    logs: tuple[dict[str, Any], ...]

    @property
    def first_second(self) -> float:
        """When its first log began, in seconds after loading."""
        first = self.logs[0]
        seconds: float = first["started_at"]["$time"] if self.source == "native" else first["startTime"]["$epoch"]
        return seconds


@cache
def all_samples() -> tuple[Sample, ...]:
    """All sample sessions, the newest first."""
    return tuple(sorted(map(_read, sorted(DATA.glob("*.json"))), key=lambda sample: sample.ago))


def _read(path: Path) -> Sample:
    fields = orjson.loads(path.read_bytes())
    ago = timedelta(seconds=fields["ended_seconds_ago"])
    return Sample(fields["key"], fields["source"], fields["key_field"], ago, tuple(fields["logs"]))


def started(sample: Sample, anchor: datetime) -> datetime:
    """When the sample's first log began, if it was loaded at `anchor`; whole milliseconds."""
    return _moment(sample.first_second, anchor)


def bodies(sample: Sample, anchor: datetime) -> Iterator[bytes]:
    """JSON arrays of the sample's logs in order, as its source's endpoint takes them, as if loaded at `anchor`.

    `anchor` is a whole second.
    """
    logs = logs_of(sample, anchor)
    for first in range(0, len(logs), LOGS_PER_BODY):
        yield orjson.dumps(logs[first : first + LOGS_PER_BODY])


def logs_of(sample: Sample, anchor: datetime) -> list[dict[str, Any]]:
    """The sample's logs, written out."""
    logs: list[dict[str, Any]] = []
    for template in sample.logs:
        logs.append(_written_out(template, anchor, logs))
    return logs


def _written_out(value: Any, anchor: datetime, same_place: list[Any]) -> Any:
    """A value of a file. `same_place`: what the earlier logs have in its place; None for those without it."""
    if not isinstance(value, dict):
        return value
    match value:
        case {"$same_as": number}:
            return same_place[number]
        case {"$first": count, "$of": number, "$then": more}:
            return [*same_place[number][:count], *more]
        case {"$time": seconds}:
            return _moment(seconds, anchor).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case {"$epoch": seconds}:
            return _moment(seconds, anchor).timestamp()
        case {"$second": seconds}:
            return int(anchor.timestamp()) + seconds
    return {
        name: _written_out(member, anchor, [_member(earlier, name) for earlier in same_place])
        for name, member in value.items()
    }


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _moment(seconds: float, anchor: datetime) -> datetime:
    return anchor.astimezone(UTC) + timedelta(milliseconds=round(seconds * 1000))
