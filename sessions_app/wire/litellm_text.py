"""LiteLLM's older payload (`generic_api_use_v1: true`): other members, and Python's `str()` wrote each value."""

from __future__ import annotations

import json
from typing import Any

from sessions_app.content.json_bytes import JsonBytes
from sessions_app.records import Documents
from sessions_app.wire.bodies import text_member
from sessions_app.wire.python_text import read_python_text

# The names in the current payload. `usage`, `metadata` and the members of metadata are handled below.
_NAMES = {
    "id": "id",
    "call_type": "call_type",
    "startTime": "startTime",
    "endTime": "endTime",
    "model": "model",
    "user": "end_user",
    "cost": "response_cost",
}
_METADATA_NAMES = ("model_group", "api_base")


def is_text_payload(members: dict[str, JsonBytes]) -> bool:
    """Whether an entry has the older shape: only there, model parameters are called `modelParameters`."""
    return "modelParameters" in members and "model_parameters" not in members


def text_values(members: dict[str, JsonBytes]) -> dict[str, Any]:
    """The members that a record needs, decoded, under their current names."""
    values: dict[str, Any] = {}
    for old, new in _NAMES.items():
        text = text_member(members, old)
        values[new] = None if text == "None" else text
    usage = decoded(members, "usage")
    metadata = decoded(members, "metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    hidden = metadata.get("hidden_params")
    hidden = hidden if isinstance(hidden, dict) else {}
    values |= {name: metadata.get(name) for name in _METADATA_NAMES}
    values["litellm_call_id"] = hidden.get("litellm_call_id")
    values["custom_llm_provider"] = hidden.get("custom_llm_provider")
    values["metadata"] = {**metadata, "usage_object": usage}
    values["model_parameters"] = decoded(members, "modelParameters")
    # LiteLLM does not post failures in this shape.
    values["status"] = "success"
    return values


def decoded(members: dict[str, JsonBytes], name: str) -> Any:
    """A member's value; the text itself when it is no Python value."""
    text = text_member(members, name)
    try:
        return read_python_text(text)
    except ValueError:
        return text


def as_json(value: Any) -> bytes:
    """A decoded member as JSON."""
    return json.dumps(value).encode("ascii")


def text_documents(members: dict[str, JsonBytes], log: bytes) -> Documents:
    """What an entry holds, as values instead of Python's texts. `log` is unchanged."""
    parameters = decoded(members, "modelParameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    request = {"model": text_member(members, "model"), "messages": decoded(members, "messages"), **parameters}
    return Documents(
        request=as_json(request),
        response=as_json(decoded(members, "response")),
        metadata=as_json(decoded(members, "metadata")),
        parameters=parameters,
        log=log,
    )
