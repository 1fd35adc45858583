"""Writes answers as JSON, whatever strangers put into their texts."""

from __future__ import annotations

import json
from typing import Any

import orjson


def written(data: Any) -> bytes:
    """JSON by orjson, which writes `orjson.Fragment` members as they are.

    It refuses lone surrogates and integers of more than 64 bits. Python's own writer takes them.
    """
    try:
        return orjson.dumps(data)
    except TypeError:
        return orjson.dumps(_tolerated(data))


def _tolerated(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.encode("utf-8", "replace").decode(): _tolerated(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tolerated(item) for item in value]
    return orjson.Fragment(json.dumps(value)) if isinstance(value, (str, int)) else value
