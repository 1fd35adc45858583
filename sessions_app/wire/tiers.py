"""The tier of service in which a call was answered, as its answer states it: such calls have prices of their own.

Followed: OpenAI, Groq, Anthropic (`usage.service_tier`, `usage.speed`), Gemini (`usageMetadata.trafficType`), Bedrock
(`serviceTier`), and the lines of batches of OpenAI, Anthropic and Bedrock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sessions_app.wire.members import Fields, small_member

BATCH = "batch"
_USUAL = frozenset({"", "default", "standard", "auto", "on_demand", "traffic_type_unspecified", "unspecified"})
_NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}")
_NAMES = ("service_tier", "serviceTier", "trafficType", "traffic_type", "speed")
_PLACES = ("usage", "usageMetadata", "usage_metadata")
_SIGNS = tuple(name.encode() for name in _NAMES)
# What the line of a batch has beside the answer in it.
_LINES = (
    frozenset({"custom_id", "response"}),
    frozenset({"custom_id", "result"}),
    frozenset({"recordId", "modelOutput"}),
)


def tier_of(fields: Fields) -> str:
    """The tier that a response body states; "" for the usual one, and if it states none."""
    if any(line <= fields.keys() for line in _LINES):
        return BATCH
    stated = [small_member(fields, name) for name in _NAMES[:2] if name in fields]
    for place in _PLACES:
        if place in fields and any(sign in bytes(fields[place]) for sign in _SIGNS):
            usage = small_member(fields, place)
            stated += [usage.get(name) for name in _NAMES] if isinstance(usage, dict) else []
    return first_tier(stated)


def first_tier(stated: Iterable[Any]) -> str:
    """The first of some values that names a tier which is not the usual one."""
    found = (value.get("type") if isinstance(value, dict) else value for value in stated)
    names = (value.lower().removeprefix("on_demand_") for value in found if isinstance(value, str))
    return next((name for name in names if name not in _USUAL and _NAME.fullmatch(name)), "")
