"""Single members and values of OTLP's JSON encoding: ids, texts, times, counts, and attributes as plain values."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any

from sessions_app.content.json_bytes import json_kind
from sessions_app.wire.otlp_values import MAX_DEPTH, MAX_NANOS, SHOWN_CHARS, Plain, Problems, valid_or_empty

SPAN_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUS_CODES = ("UNSET", "OK", "ERROR")
_SPECIAL_DOUBLES = ("NaN", "Infinity", "-Infinity")
_MOST_COUNT = 2**32 - 1


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


class _Snakes(dict[str, str]):
    def __missing__(self, name: str) -> str:
        self[name] = _snake(name)
        return self[name]


_SNAKE = _Snakes()


def member_of(members: Any, name: str) -> Any:
    """A member under either of its two names; None when it is missing or null."""
    value = members.get(name)
    return members.get(_SNAKE[name]) if value is None else value


def has_member(members: Any, name: str) -> bool:
    """Whether it is there under either of its names, even if it is null."""
    return name in members or _SNAKE[name] in members


def hex_id(value: Any, size: int) -> str:
    """The id as hex. Plain protobuf mappings write base64, which is recognised by its length."""
    text = value if isinstance(value, str) else "" if value is None else str(value)[:SHOWN_CHARS]
    if len(text) == 2 * size:
        return text.lower()
    if looks_like_base64(text, size):
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            return text
        return raw.hex() if len(raw) == size else text
    return text


def looks_like_base64(text: str, size: int) -> bool:
    return len(text.rstrip("=")) == math.ceil(size * 4 / 3)


def objects_of(value: Any, path: str, problems: Problems) -> list[tuple[int, Plain]]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems.note(path, f"must be an array, got {json_kind(value)}; left out")
        return []
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            problems.note(f"{path}[{index}]", f"must be an object, got {json_kind(item)}; left out")
    return [(index, item) for index, item in enumerate(value) if isinstance(item, dict)]


# --- single members -------------------------------------------------------------------------------------------------


def optional_id(members: Plain, name: str, size: int, path: str, problems: Problems) -> str:
    return valid_or_empty(hex_id(member_of(members, name), size), size, f"{path}.{name}", problems)


def text_of(value: Any, path: str, problems: Problems) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    problems.note(path, f"must be a text, got {json_kind(value)}")
    return _as_text(value)


def _whole(value: Any) -> int | None:
    """A 64-bit integer, given as number or text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= 40:
        digits = value[1:] if value.startswith("-") else value
        return int(value) if digits.isascii() and digits.isdigit() else None
    return value if isinstance(value, int) else None


def nanos_of(members: Plain, name: str, path: str, problems: Problems) -> str:
    value = member_of(members, name)
    if value is None or value == "":
        return "0"
    number = _whole(value)
    if number is None or not 0 <= number <= MAX_NANOS:
        problems.note(f"{path}.{name}", f"{_shown(value)} is no number of nanoseconds since 1970; taken as unknown")
        return "0"
    return str(number)


def enumeration_of(value: Any, prefix: str, names: tuple[str, ...], path: str, problems: Problems) -> int:
    """An enumeration's number. Names are understood too: OTLP forbids them, but plain protobuf mappings write them."""
    if value is None:
        return 0
    if isinstance(value, str) and value.upper().removeprefix(prefix) in names:
        return names.index(value.upper().removeprefix(prefix))
    number = _whole(value)
    if number is None or not -(2**31) <= number < 2**31:
        problems.note(path, f"{_shown(value)} is not understood; taken as unset")
        return 0
    return number


def copy_state(members: Plain, found: Plain, path: str, problems: Problems) -> None:
    state = text_of(member_of(members, "traceState"), f"{path}.traceState", problems)
    if state:
        found["traceState"] = state
    _count(members, "flags", found, path, problems)


def copy_dropped_counts(members: Plain, found: Plain, path: str, problems: Problems, *names: str) -> None:
    for name in names:
        _count(members, f"dropped{name.title()}Count", found, path, problems)


def _count(members: Plain, name: str, found: Plain, path: str, problems: Problems) -> None:
    value = member_of(members, name)
    if value is None:
        return
    number = _whole(value)
    if number is None or not 0 <= number <= _MOST_COUNT:
        problems.note(f"{path}.{name}", f"{_shown(value)} is no count; left out")
    elif number:
        found[name] = number


def _shown(value: Any) -> str:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return repr(value if not isinstance(value, int) or value.bit_length() < 400 else "a huge number")[:SHOWN_CHARS]
    return json_kind(value)


# --- values ---------------------------------------------------------------------------------------------------------


def attributes_of(value: Any, path: str, problems: Problems, depth: int = 0) -> Plain:
    """Attributes as a plain object. If a name occurs more than once, the last value counts."""
    if value is None:
        return {}
    if isinstance(value, dict):
        problems.note(path, "must be an array of {key, value}, got an object, whose members are taken for them")
        return {name: _bare(item, depth) for name, item in value.items()}
    if not isinstance(value, list):
        problems.note(path, f"must be an array of {{key, value}}, got {json_kind(value)}")
        return {"": _bare(value, depth)}
    found: Plain = {}
    for index, pair in enumerate(value):
        if not isinstance(pair, dict):
            problems.note(f"{path}[{index}]", f"must be {{key, value}}, got {json_kind(pair)}")
            name, given = f"[{index}]", _bare(pair, depth)
        else:
            name = text_of(pair.get("key"), f"{path}[{index}].key", problems)
            given = value_of(pair.get("value"), f"{path}.{name}"[:200], depth, problems)
        if name in found:
            problems.note(f"{path}.{name}", "is there more than once; the last one counts")
        found[name] = given
    return found


def value_of(value: Any, path: str, depth: int, problems: Problems) -> Any:
    """The plain value of an AnyValue."""
    if value is None or value == {}:
        return None
    if not isinstance(value, dict):
        problems.note(path, f"must be an object as {{stringValue}}, got {json_kind(value)}, which is kept")
        return _bare(value, depth)
    for name, read in _READERS.items():
        given = member_of(value, name)
        if given is not None:
            return read(given, path, depth, problems)
    if all(item is None for item in value.values()):
        return None
    problems.note(path, "has no value of a known kind and is kept as it came")
    return _bare(value, depth)


def _string(given: Any, path: str, depth: int, problems: Problems) -> Any:
    return given if isinstance(given, str) else _odd(given, "a text", path, depth, problems)


def _boolean(given: Any, path: str, depth: int, problems: Problems) -> Any:
    return given if isinstance(given, bool) else _odd(given, "true or false", path, depth, problems)


def _integer(given: Any, path: str, depth: int, problems: Problems) -> Any:
    number = _whole(given)
    if number is None or not -(2**63) <= number < 2**63:
        return _odd(given, "a 64-bit integer", path, depth, problems)
    return number


def _double(given: Any, path: str, depth: int, problems: Problems) -> Any:
    if given in _SPECIAL_DOUBLES:
        return given
    try:
        number = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    return number if math.isfinite(number) else _odd(given, "a number", path, depth, problems)


def _bytes(given: Any, path: str, depth: int, problems: Problems) -> Any:
    """Base64, standard or URL-safe, with or without padding, as protobuf's JSON mapping accepts."""
    if isinstance(given, str):
        text = given.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            return {"bytesValue": base64.b64encode(raw).decode()}
        except (binascii.Error, ValueError):
            pass
    return {"bytesValue": _odd(given, "base64", path, depth, problems)}


def _array_value(given: Any, path: str, depth: int, problems: Problems) -> Any:
    values = given.get("values") if isinstance(given, dict) else given
    if values is None:
        return []
    if not isinstance(values, list):
        return _odd(values, "an array", path, depth, problems)
    if depth >= MAX_DEPTH:
        return _too_deep(values, path, problems)
    return [value_of(item, path, depth + 1, problems) for item in values]


def _map_value(given: Any, path: str, depth: int, problems: Problems) -> Any:
    values = given.get("values") if isinstance(given, dict) else given
    if depth >= MAX_DEPTH:
        return _too_deep(values, path, problems)
    return attributes_of(values, path, problems, depth + 1)


_READERS = {
    "stringValue": _string,
    "intValue": _integer,
    "boolValue": _boolean,
    "doubleValue": _double,
    "arrayValue": _array_value,
    "kvlistValue": _map_value,
    "bytesValue": _bytes,
}


def _odd(given: Any, expected: str, path: str, depth: int, problems: Problems) -> Any:
    problems.note(path, f"must be {expected}, got {json_kind(given)} {_shown(given)}, which is kept".replace("  ", " "))
    return _bare(given, depth)


def _too_deep(values: Any, path: str, problems: Problems) -> str:
    problems.note(path, f"is nested more than {MAX_DEPTH} levels deep; what is below is kept as JSON text")
    return _as_text(values)


def _as_text(value: Any) -> str:
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError):
        return f"({json_kind(value)})"


def _bare(value: Any, depth: int) -> Any:
    """A value that is no AnyValue, as JSON that can be stored: no NaN, no huge integers, bounded depth."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return str(value) if value.bit_length() < 10_000 else "(a huge number)"
    if not isinstance(value, (dict, list)):
        return value
    if depth >= MAX_DEPTH:
        return _as_text(value)
    if isinstance(value, dict):
        return {name: _bare(item, depth + 1) for name, item in value.items()}
    return [_bare(item, depth + 1) for item in value]
