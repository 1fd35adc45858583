"""What an error says: its type, its message and its HTTP status, as any API writes them.

`failures` has the APIs and versions that are followed, and decides whether something is an error at all.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import msgspec

from sessions_app.content.json_bytes import DocumentError, loads

MOST_ITEMS = 5
_MOST_CHARS, _MOST_DEPTH = 20_000, 5

# Exceptions in an event stream of Bedrock (Runtime API 2023-09-30).
STREAM_EXCEPTIONS = (
    *("internalServerException", "modelStreamErrorException", "validationException", "throttlingException"),
    *("serviceUnavailableException", "modelTimeoutException"),
)
NESTED = ("error", "Error", "errors", "last_error", "fault", "exception", "base_resp", *STREAM_EXCEPTIONS)
MESSAGES = (
    *("message", "Message", "errorMessage", "error_message", "error_msg", "status_msg", "msg", "detail", "details"),
    *("error_description", "description", "faultstring", "title", "reason"),
)
TYPES = ("type", "__type", "error_type", "errorType", "code", "Code", "error_code", "ErrorCode", "status", "name")
STATUSES = ("status_code", "statusCode", "http_status", "OriginalStatusCode", "code", "status")
_NOTHING = frozenset({"", "none", "null", "false"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call failed, as far as somebody says: "" and None are unknown."""

    type: str = ""
    message: str = ""
    http_status: int | None = None

    def or_else(self, other: Failure | None) -> Failure:
        """This, completed from another account of the same failure."""
        if other is None:
            return self
        return Failure(self.type or other.type, self.message or other.message, self.http_status or other.http_status)


def of_error(value: Any, depth: int = 0) -> Failure | None:
    """What an error says: a text, an object or a list, as any API writes it. None if it says nothing: null, "", {}."""
    if isinstance(value, str):
        return _of_text(value, depth)
    if depth > _MOST_DEPTH:
        return None
    if isinstance(value, list):
        found = [failure for item in value[:MOST_ITEMS] if (failure := _of_item(item, depth))]
        words = "; ".join(failure.message for failure in found if failure.message)
        return replace(found[0], message=words) if found else None
    return _of_object(value, depth) if isinstance(value, dict) else None


def _of_item(item: Any, depth: int) -> Failure | None:
    """An error of a list. FastAPI names the place of a wrong value: `{"loc": ["body", "model"], "msg": …}`."""
    failure = of_error(item, depth + 1)
    place = item.get("loc") if isinstance(item, dict) else None
    if failure and failure.message and isinstance(place, list) and place:
        named = ".".join(str(step) for step in place[:20] if isinstance(step, (str, int)))
        return replace(failure, message=f"{named}: {failure.message}")
    return failure


def _of_object(value: dict[str, Any], depth: int) -> Failure | None:
    nested = next((value[name] for name in NESTED if name in value and _says_something(value[name])), None)
    own = Failure(_type_of(value), _message_of(value, depth), status_of(value))
    if nested is None and not own.message:
        named = (value.get(name) for name in MESSAGES)
        nested = next((item for item in named if isinstance(item, (dict, list)) and _says_something(item)), None)
    inner = of_error(nested, depth + 1) if nested is not None else None
    if inner and not inner.type:
        # Bedrock's exceptions are named by their member.
        inner = replace(inner, type=next((name for name in STREAM_EXCEPTIONS if value.get(name) is nested), ""))
    if isinstance(nested, str) and inner:
        # `{"error": "Not Found", "message": "No such model"}`: where both are texts, the shorter word is the type.
        inner = Failure(own.type or nested, own.message) if own.message else Failure(own.type, inner.message)
    own = replace(own, type="") if own.type == "error" and inner else own
    found = (inner or Failure()).or_else(own)
    if found.message or found.type or found.http_status:
        return found
    if not any(_says_something(item) for item in islice(value.values(), 100)):
        return None
    return Failure("", _written(value))


def _message_of(value: dict[str, Any], depth: int) -> str:
    said = [item for name in MESSAGES if isinstance(item := value.get(name), str) and item.strip()]
    found = _of_text(said[0], depth + 1) if said else None
    return found.message if found else ""


def _type_of(value: dict[str, Any]) -> str:
    """The word for a kind of error; a number only if there is no word."""
    found = [str(said) for name in TYPES if type(said := value.get(name)) in (str, int) and said]
    found = [said for said in found if not said.startswith(("http", "about:")) and status_of({"code": said}) is None]
    words = [said for said in found if not said.isdigit()]
    # `{"type": "error", "code": "rate_limit"}`: only the second says which.
    words = [said for said in words if said != "error"] or words
    word = next(iter(words or found), "")
    # AWS writes `com.amazon.coral.service#ThrottlingException`, and may add `:` with the address of a document.
    return word.rpartition("#")[2].partition(":http")[0] if "#" in word or ":http" in word else word


def status_of(value: Any) -> int | None:
    """The HTTP status that an error object names."""
    if not isinstance(value, dict):
        return None
    metadata = value.get("ResponseMetadata")
    in_metadata = metadata.get("HTTPStatusCode") if isinstance(metadata, dict) else None
    for said in (*(value.get(name) for name in STATUSES), in_metadata):
        if isinstance(said, str) and len(said) == 3 and said.isascii() and said.isdigit():
            said = int(said)
        if type(said) is int and 100 <= said <= 599:
            return said
    return None


_TITLE = re.compile(r"<(?:title|h1)\b[^<>]*>([^<]*)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_HTML = re.compile(r"\s*<(?:!doctype html|html|head|body|center|h1)\b", re.IGNORECASE)


def is_html(text: str) -> bool:
    return _HTML.match(text[:1000]) is not None


def _of_text(text: str, depth: int) -> Failure | None:
    """An error that is written as a text: JSON in it is read, of a web page only its title is taken."""
    text = text.strip()
    if text[:1] in ("{", "[") and len(text) <= _MOST_CHARS and depth <= _MOST_DEPTH:
        try:
            found = of_error(loads(text.encode("utf-8", "surrogatepass")), depth + 1)
        except DocumentError:
            found = None
        if found and found.message:
            return found
    if is_html(text):
        page = text[:_MOST_CHARS]
        title = next((found[1] for found in _TITLE.finditer(page) if found[1].strip()), "") or _TAG.sub(" ", page)
        text = " ".join(html.unescape(title).split())
    return Failure(message=text) if text.lower() not in _NOTHING else None


def _says_something(value: Any) -> bool:
    """Whether a value is filled: an object with nothing but empty members is not."""
    if isinstance(value, dict):
        return any(item not in (None, "", 0, False) and item != {} and item != [] for item in value.values())
    return bool(value)


def _written(value: dict[str, Any]) -> str:
    try:
        return msgspec.json.encode(value)[:_MOST_CHARS].decode("utf-8", "replace")
    except (ValueError, TypeError, OverflowError, RecursionError):
        return ""
