"""Decoded JSON values as text."""

from __future__ import annotations

import json
from typing import Any


def to_json(value: Any) -> str:
    """JSON text of a decoded value for showing and searching; what cannot be written so is shown as Python does, and
    of what is nested too deeply only that it is.
    """
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError):
        return repr(value)
    except RecursionError:
        return "(nested too deeply to be written here)"


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value)
