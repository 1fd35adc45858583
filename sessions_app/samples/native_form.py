"""A sample as logs of our own format, dated backwards from the moment of loading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sessions_app.samples.prices import PRICES, cost
from sessions_app.samples.talk import Call, Sample, identifier

Log = dict[str, Any]


def started(sample: Sample, anchor: datetime) -> datetime:
    """When the sample's first call began, if it was loaded at `anchor`; whole milliseconds."""
    exact = anchor - sample.ago - timedelta(seconds=sample.calls[-1].end - sample.calls[0].start)
    return exact.replace(microsecond=exact.microsecond // 1000 * 1000)


def moment(sample: Sample, anchor: datetime, second: float) -> datetime:
    return started(sample, anchor) + timedelta(milliseconds=round((second - sample.calls[0].start) * 1000))


def rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def request_id(sample: Sample, place: int) -> str:
    return identifier("req_", sample.key, place)


def native_log(sample: Sample, place: int, anchor: datetime) -> Log:
    """The log of one call, as `POST /api/v1/logs` takes it."""
    call = sample.calls[place]
    first_token = {"first_token_at": rfc3339(moment(sample, anchor, call.first_token))} if call.first_token else {}
    return {
        "request_id": request_id(sample, place),
        **({sample.key_field: sample.key} if sample.key_field else {}),
        "kind": call.kind,
        "call_type": call.call_type,
        "model": call.model,
        "provider": PRICES[call.model].provider if call.model in PRICES else "",
        "status": "error" if call.error else "success",
        "status_code": call.status_code,
        "started_at": rfc3339(moment(sample, anchor, call.start)),
        **first_token,
        "ended_at": rfc3339(moment(sample, anchor, call.end)),
        "user": sample.user or None,
        "tags": list(sample.tags),
        "metadata": sample.metadata,
        "request": call.request,
        **result(call, moment(sample, anchor, call.end)),
    }


def result(call: Call, ended_at: datetime) -> Log:
    """What came of the call: the response and its cost, or the error."""
    found: Log = {}
    if call.error:
        found["error"] = call.error
    if call.response is not None:
        found["response"] = dated(call.response, ended_at)
    price = cost(call.model, call.tokens) if call.tokens and call.model in PRICES else None
    if price is not None:
        found["cost"] = float(price)
    return found


def dated(response: Log, ended_at: datetime) -> Log:
    """The response with the second at which it was made."""
    second = int(ended_at.timestamp())
    return {name: second if name in ("created", "created_at") else value for name, value in response.items()}
