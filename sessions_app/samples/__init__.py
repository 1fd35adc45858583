"""Sample sessions for project `demo`. Each has a data file with its logs as a client would send them.

A file in `data/` is a JSON object. `key` is the caller's session key, which each log has in its member `key_field`. If
`key_field` is empty, the logs have no key. `source` is the format of the logs. `ended_seconds_ago` says how long before
loading the last log ended. Of OpenTelemetry, `logs` are spans, and `around` has their resource and scope. `logs` are
sent as they are, except for these objects:

- `{"$time": s}`, `{"$epoch": s}`, `{"$second": s}`, `{"$nano": s}`: the time `s` seconds after loading (`s` is
  negative) as RFC 3339 text, as seconds since 1970, as whole seconds, and as text of nanoseconds.
- `{"$attributes": {…}}`: attributes of a span by name, in the form of OTLP; lists and objects become JSON text.
- `{"$same_as": n}`: the value in the same place of log `n`.
- `{"$first": m, "$of": n, "$then": […]}`: the first `m` elements of the list in the same place of log `n`, then more.
  So a log shows only what its request added to the conversation.
- `{"$lines": n, "$each": [texts]}`: a text of `n` lines that repeat these texts, with the line's number for `{n}`.
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

_STARTS = {
    "native": ("started_at", "$time"),
    "litellm": ("startTime", "$epoch"),
    "otlp": ("startTimeUnixNano", "$nano"),
}
_STEPS = ("invoke_agent", "execute_tool")
DATA = Path(__file__).parent / "data"
LOGS_PER_BODY = 25


@dataclass(frozen=True)
class Sample:
    """A sample session as in its file. `ago`: how long before loading its last log ended. `around`: what is sent
    around spans.
    """

    key: str
    source: str
    key_field: str
    ago: timedelta
    logs: tuple[dict[str, Any], ...]
    around: dict[str, Any]

    @property
    def first_second(self) -> float:
        """When its first log started, in seconds after loading (negative)."""
        member, form = _STARTS[self.source]
        seconds: float = self.logs[0][member][form]
        return seconds

    @property
    def request_count(self) -> int:
        """How many requests it becomes. Other spans than calls of a model become steps."""
        return sum(1 for log in self.logs if not log.get("name", "").startswith(_STEPS))

    @property
    def content_type(self) -> str:
        return "application/json;signal=traces" if self.source == "otlp" else "application/json"


@cache
def all_samples() -> tuple[Sample, ...]:
    """All sample sessions, newest first."""
    return tuple(sorted(map(_read, sorted(DATA.glob("*.json"))), key=lambda sample: sample.ago))


def _read(path: Path) -> Sample:
    fields = orjson.loads(path.read_bytes())
    ago = timedelta(seconds=fields["ended_seconds_ago"])
    return Sample(
        fields["key"], fields["source"], fields["key_field"], ago, tuple(fields["logs"]), fields.get("around", {})
    )


def started(sample: Sample, anchor: datetime) -> datetime:
    """When the sample's first log started, in whole milliseconds, if the sample was loaded at `anchor`."""
    return _moment(sample.first_second, anchor)


def bodies(sample: Sample, anchor: datetime) -> Iterator[bytes]:
    """The sample's logs as bodies for the endpoint of its format, as if loaded at `anchor`, a whole second."""
    logs = logs_of(sample, anchor)
    if sample.source == "otlp":
        scope_spans = [{"scope": sample.around["scope"], "spans": logs}]
        yield orjson.dumps({"resourceSpans": [{"resource": sample.around["resource"], "scopeSpans": scope_spans}]})
        return
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
    if isinstance(value, list):
        return [_written_out(item, anchor, []) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$same_as": number}:
            return same_place[number]
        case {"$first": count, "$of": number, "$then": more}:
            return [*same_place[number][:count], *_written_out(more, anchor, [])]
        case {"$lines": count, "$each": texts}:
            return "\n".join(texts[index % len(texts)].replace("{n}", str(index + 1)) for index in range(count))
        case {"$time": seconds}:
            return _moment(seconds, anchor).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case {"$epoch": seconds}:
            return _moment(seconds, anchor).timestamp()
        case {"$second": seconds}:
            return int(anchor.timestamp()) + seconds
        case {"$nano": seconds}:
            return str(int(_moment(seconds, anchor).timestamp() * 1_000) * 1_000_000)
        case {"$attributes": values}:
            return [{"key": name, "value": _attribute(item)} for name, item in values.items()]
    return {
        name: _written_out(member, anchor, [_member(earlier, name) for earlier in same_place])
        for name, member in value.items()
    }


def _attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"stringValue": value if isinstance(value, str) else orjson.dumps(value).decode()}


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _moment(seconds: float, anchor: datetime) -> datetime:
    return anchor.astimezone(UTC) + timedelta(milliseconds=round(seconds * 1000))
