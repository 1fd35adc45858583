"""Sample sessions for project `demo`. Each has a data file with its logs as a client would send them.

A file in `data/` is a JSON object. `key` is the caller's session key, which each log has in its member `key_field`. If
`key_field` is empty, the logs have no key. `source` is the format of the logs. `ended_seconds_ago` says how long before
loading the last log ended. `logs` are the logs as they are sent, except for these objects:

- `{"$time": s}`, `{"$epoch": s}`, `{"$second": s}`: the time `s` seconds after loading (`s` is negative) as RFC 3339
  text, as seconds since 1970, and as whole seconds since 1970.
- `{"$same_as": n}`: the value in the same place of log `n`.
- `{"$first": m, "$of": n, "$then": […]}`: the first `m` elements of the list in the same place of log `n`, then more.
  So a log shows only what its request added to the conversation.
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
    """A sample session as in its file. `ago`: how long before loading its last log ended."""

    key: str
    source: str
    key_field: str
    ago: timedelta
    logs: tuple[dict[str, Any], ...]

    @property
    def first_second(self) -> float:
        """When its first log started, in seconds after loading (negative)."""
        first = self.logs[0]
        seconds: float = first["started_at"]["$time"] if self.source == "native" else first["startTime"]["$epoch"]
        return seconds


@cache
def all_samples() -> tuple[Sample, ...]:
    """All sample sessions, newest first."""
    return tuple(sorted(map(_read, sorted(DATA.glob("*.json"))), key=lambda sample: sample.ago))


def _read(path: Path) -> Sample:
    fields = orjson.loads(path.read_bytes())
    ago = timedelta(seconds=fields["ended_seconds_ago"])
    return Sample(fields["key"], fields["source"], fields["key_field"], ago, tuple(fields["logs"]))


def started(sample: Sample, anchor: datetime) -> datetime:
    """When the sample's first log started, in whole milliseconds, if the sample was loaded at `anchor`."""
    return _moment(sample.first_second, anchor)


def bodies(sample: Sample, anchor: datetime) -> Iterator[bytes]:
    """The sample's logs as JSON arrays for the endpoint of its format, as if loaded at `anchor`, a whole second."""
    logs = logs_of(sample, anchor)
    for first in range(0, len(logs), LOGS_PER_BODY):
        yield orjson.dumps(logs[first : first + LOGS_PER_BODY])


def logs_of(sample: Sample, anchor: datetime) -> list[dict[str, Any]]:
    """The sample's logs, without the short forms of its file."""
    logs: list[dict[str, Any]] = []
    for template in sample.logs:
        logs.append(_written_out(template, anchor, logs))
    return logs


def _written_out(value: Any, anchor: datetime, same_place: list[Any]) -> Any:
    """A value of a file without short forms. `same_place`: what earlier logs have in the same place, or None."""
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
