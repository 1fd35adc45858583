"""Decoded JSON values, and their text."""

from __future__ import annotations

import json
from typing import Any

JsonObject = dict[str, Any]


def as_text(value: Any) -> str:
    """A string as it is, "" for null, the JSON text of anything else."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value)


def to_json(value: Any) -> str:
    """JSON text to show and to search in.

    What JSON cannot write is shown as Python does; what is nested too deeply is only named.
    """
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError):
        return repr(value)
    except RecursionError:
        return "(nested too deeply to be written here)"
