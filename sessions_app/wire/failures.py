"""Whether a call failed, and why: decided here for logs of all formats.

Error bodies followed: OpenAI (also `choices[].error` of OpenRouter), the Responses API (2025: `status`,
`incomplete_details`), Anthropic 2023-06-01, Gemini v1beta (`error`, `promptFeedback`, `finishReason`), Azure, AWS JSON
1.1 (`__type`) and botocore 1.40 (`Error`), vLLM 0.11 (`object: error`), FastAPI (`detail`), Cohere v2 and Mistral
(`message`), Ollama and Hugging Face TGI (`error` as a text), DashScope (`code`, `message`), RFC 9457 (`title`,
`detail`), and the HTML of proxies. A success has an `error` that is null, and an answer may look like an error. So a
body counts as one only by a sure sign, or when the caller says that the call failed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import msgspec

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, loads, object_fields

# What the response of other kinds holds is what the caller's own code returned: a tool may well return an `error`.
KINDS = ("llm", "embedding", "retrieval")

_MOST_BYTES, _MOST_CHARS, _MOST_DEPTH, _MOST_ITEMS = 100_000, 20_000, 5, 5

_FILTERED = frozenset(
    {
        *("content_filter", "content_filtered", "guardrail_intervened", "refusal", "error_toxic"),
        *("safety", "recitation", "blocklist", "prohibited_content", "spii", "model_armor", "language"),
        *("image_safety", "image_prohibited_content", "image_recitation"),
    }
)
_BROKEN = frozenset(
    {
        *("error", "failed", "malformed_function_call", "unexpected_tool_call", "malformed_response", "timeout"),
        *("malformed_model_output", "malformed_tool_use", "missing_thought_signature", "too_many_tool_calls"),
        *("no_image", "image_other"),
    }
)
_NO_REASON = frozenset({"", "block_reason_unspecified", "blocked_reason_unspecified"})

# Exceptions in an event stream of Bedrock (Runtime API 2023-09-30).
_STREAM_EXCEPTIONS = frozenset(
    {
        *("internalServerException", "modelStreamErrorException", "validationException", "throttlingException"),
        *("serviceUnavailableException", "modelTimeoutException"),
    }
)
_NESTED = ("error", "Error", "errors", "fault", "exception", "base_resp", *_STREAM_EXCEPTIONS)
_MESSAGES = (
    *("message", "Message", "errorMessage", "error_message", "error_msg", "status_msg", "msg", "detail", "details"),
    *("error_description", "description", "faultstring", "title", "reason"),
)
_TYPES = ("type", "__type", "error_type", "errorType", "code", "Code", "error_code", "status", "name")
_STATUSES = ("status_code", "statusCode", "http_status", "code", "status")
_TOLD = frozenset({*_NESTED, *_MESSAGES, *_TYPES, *_STATUSES, "ResponseMetadata"})
_ANSWERS = frozenset(
    {
        *("choices", "candidates", "output", "outputs", "content", "text", "response", "results", "data", "embeddings"),
        *("embedding", "generations", "completion", "generated_text", "delta", "predictions", "object", "answer"),
    }
)
# Why an answer ended: Anthropic, Bedrock Converse, Cohere, some others, Ollama.
STOPS = ("stop_reason", "stopReason", "finish_reason", "finishReason", "done_reason")
_ENDS = frozenset({*STOPS, "promptFeedback", "prompt_feedback", "incomplete_details"})
_FINE_CODES = frozenset({"0", "200", "ok", "success", "none"})
_NOTHING = frozenset({"", "none", "null", "false"})
_EMPTY = frozenset({b"null", b'""', b"[]", b"{}", b"false"})
_SURE = frozenset({"error", "Error", "__type", "base_resp", *_STREAM_EXCEPTIONS})
_FAILED = (b'"failed"', b'"error"')
_EVENT_SIGNS = (b'"error"', b"response.failed", b"blockReason", b"block_reason", b"Exception")


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


# --- an error, by its value -------------------------------------------------------------------------------------------


def of_error(value: Any, depth: int = 0) -> Failure | None:
    """What an error says: a text, an object or a list, as any API writes it. None if it says nothing: null, "", {}."""
    if isinstance(value, str):
        return _of_text(value, depth)
    if isinstance(value, list):
        found = [failure for item in value[:_MOST_ITEMS] if (failure := _of_item(item, depth))]
        words = "; ".join(failure.message for failure in found if failure.message)
        return replace(found[0], message=words) if found else None
    if not isinstance(value, dict) or depth > _MOST_DEPTH:
        return None
    return _of_object(value, depth)


def _of_item(item: Any, depth: int) -> Failure | None:
    """An error of a list. FastAPI names the place of a wrong value: `{"loc": ["body", "model"], "msg": …}`."""
    failure = of_error(item, depth + 1)
    place = item.get("loc") if isinstance(item, dict) else None
    if failure and failure.message and isinstance(place, list) and place:
        named = ".".join(str(step) for step in place[:20] if isinstance(step, (str, int)))
        return replace(failure, message=f"{named}: {failure.message}")
    return failure


def _of_object(value: dict[str, Any], depth: int) -> Failure | None:
    nested = next((value[name] for name in _NESTED if name in value and _says_something(value[name])), None)
    own = Failure(_type_of(value), _message_of(value, depth), status_of(value))
    if nested is None and not own.message:
        named = (value.get(name) for name in _MESSAGES)
        nested = next((item for item in named if isinstance(item, (dict, list)) and _says_something(item)), None)
    inner = of_error(nested, depth + 1) if nested is not None else None
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
    said = [item for name in _MESSAGES if isinstance(item := value.get(name), str) and item.strip()]
    found = _of_text(said[0], depth + 1) if said else None
    return found.message if found else ""


def _type_of(value: dict[str, Any]) -> str:
    """The word for a kind of error; a number only if there is no word."""
    found = [str(said) for name in _TYPES if type(said := value.get(name)) in (str, int) and said]
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
    for said in (*(value.get(name) for name in _STATUSES), in_metadata):
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


# --- the body of a response -------------------------------------------------------------------------------------------


def of_body(fields: Mapping[str, JsonBytes]) -> Failure | None:
    """The failure that a model's response body reports by a sure sign, beside those of its choices."""
    told = {name: _value(fields, name) for name in fields.keys() & _TOLD} if _is_error(fields) else None
    if told is not None:
        return of_error(told) or Failure()
    return _of_end(fields) if fields.keys() & _ENDS else None


def _of_end(fields: Mapping[str, JsonBytes]) -> Failure | None:
    """The failure that is the reason why there is no answer, or why it ended."""
    feedback = _value(fields, "promptFeedback") or _value(fields, "prompt_feedback")
    if isinstance(feedback, dict) and (blocked := _blocked(feedback)):
        return blocked
    details = _value(fields, "incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    stopped = next((said for name in STOPS if (said := _value(fields, name))), None)
    return of_reason(reason) or of_reason(stopped, _explanation(fields))


def of_body_text(text: str) -> Failure | None:
    """Like `of_body`, of a body that is kept as JSON text. Only an error that is an object counts."""
    if '"error"' not in text or text[:1] != "{" or len(text) > _MOST_BYTES:
        return None
    try:
        fields = object_fields(text.encode("utf-8", "surrogatepass"))
    except DocumentError:
        return None
    error = _value(fields, "error")
    return of_error(error) if isinstance(error, dict) else None


def _is_error(fields: Mapping[str, JsonBytes]) -> bool:
    # Nearly all bodies are answers, so little is decoded before that is known.
    if any(fields[name] != b"null" and _is_sure(name, _value(fields, name)) for name in fields.keys() & _SURE):
        return True
    if b'"error"' in (fields.get("object"), fields.get("type")) or fields.get("status") in _FAILED:
        return True
    if any(_is_filled(fields[name]) for name in fields.keys() & _ANSWERS):
        return False
    message = _value(fields, "message")
    if isinstance(message, dict):
        return False
    if _is_filled(fields.get("errors")) or _is_list_of_problems(_value(fields, "detail")):
        return True
    if not any(isinstance(_value(fields, name), str) for name in _MESSAGES):
        return False
    code = _value(fields, "code")
    is_bad_code = isinstance(code, (str, int)) and bool(code) and str(code).lower() not in _FINE_CODES
    status = status_of({name: _value(fields, name) for name in _STATUSES})
    return (status or 0) >= 400 or is_bad_code or _value(fields, "success") is False


def _is_sure(name: str, value: Any) -> bool:
    if name == "__type":
        return isinstance(value, str) and value.partition(":http")[0].endswith(("Exception", "Error", "Fault"))
    if name == "base_resp":
        # MiniMax: 0 is a success.
        return isinstance(value, dict) and value.get("status_code") not in (0, None)
    return value is True or of_error(value) is not None


def _is_list_of_problems(value: Any) -> bool:
    """Whether this is what FastAPI says of a request that it does not accept."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "msg" in value[0]


def _blocked(feedback: dict[str, Any]) -> Failure | None:
    """Gemini answers a prompt that it blocks without a candidate."""
    reason = feedback.get("blockReason") or feedback.get("block_reason")
    reason = reason.rpartition(".")[2] if isinstance(reason, str) else ""
    if reason.lower() in _NO_REASON:
        return None
    said = feedback.get("blockReasonMessage") or feedback.get("block_reason_message")
    return Failure(reason, said if isinstance(said, str) and said else f"The prompt was blocked: {reason}")


def _explanation(fields: Mapping[str, JsonBytes]) -> str:
    """Anthropic explains some refusals (`stop_details`)."""
    details = _value(fields, "stop_details")
    said = details.get("explanation") if isinstance(details, dict) else None
    return said if isinstance(said, str) else ""


def of_reason(reason: Any, explanation: str = "") -> Failure | None:
    """The failure that is the reason why an answer ended; None for an answer that is complete, or only cut.

    Google's SDK writes `FinishReason.SAFETY`.
    """
    if not isinstance(reason, str) or len(reason) > 100:
        return None
    reason = reason.rpartition(".")[2]
    if reason.lower() in _FILTERED:
        return Failure(reason, explanation or f"A filter stopped the answer: {reason}")
    if reason.lower() in _BROKEN:
        return Failure(reason, explanation or f"The answer ended with: {reason}")
    return None


def of_choice(fields: Mapping[str, JsonBytes], reason: str) -> Failure | None:
    """The failure of one choice or candidate. OpenRouter has the error of the provider in it."""
    found = of_reason(reason) if reason not in ("stop", "tool_calls", "STOP") else None
    said = (_value(fields, "finishMessage") or _value(fields, "finish_message")) if found else None
    if found and isinstance(said, str):
        found = replace(found, message=said)
    error = of_error(_value(fields, "error")) if "error" in fields else None
    return error if error and error.message else found or error


def of_choices(found: Iterable[Failure | None]) -> Failure | None:
    """The failure of all choices. If one of them is an answer, the call was a success."""
    failures = list(found)
    return failures[0] if failures and all(failures) else None


def of_events(raw: JsonBytes) -> Failure | None:
    """The failure in an array of events or chunks. Gemini answers a streamed request with an array of one error."""
    if not any(sign in bytes(raw) for sign in _EVENT_SIGNS):
        return None
    items = array_items(raw)
    ends = [*items[:_MOST_ITEMS], *items[_MOST_ITEMS:][-_MOST_ITEMS:]]
    for item in ends:
        if kind_of(item) == "object" and len(item) <= _MOST_BYTES:
            fields = object_fields(item)
            # The Responses API sends `response.failed` and `response.incomplete` with the response in them.
            inner = fields.get("response")
            found = of_body(object_fields(inner) if inner is not None and kind_of(inner) == "object" else fields)
            if found:
                return found
    return None


def of_failed_body(raw: JsonBytes | None) -> Failure | None:
    """What the response of a call that is known to have failed says of it, in any shape."""
    if raw is None or len(raw) > _MOST_BYTES:
        return None
    try:
        value = loads(raw)
    except DocumentError:
        return None
    if isinstance(value, dict):
        value = {name: item for name, item in value.items() if name in _TOLD and not _is_message(item)}
    found = of_error(value) if value else None
    # What has no message may be an answer: its `type` and `status` are no error's.
    return found if found and found.message else None


def is_error_text(raw: JsonBytes, has_reason: bool) -> bool:
    """Whether the text that came with an HTTP status of 400 or more is that of the error, and no answer.

    `has_reason`: the caller says why the call failed, so the text may be what was answered until then.
    """
    if not has_reason:
        return True
    text = _value({"text": raw}, "text")
    return isinstance(text, str) and is_html(text)


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and "role" in value


def _is_filled(raw: JsonBytes | None) -> bool:
    return raw is not None and (len(raw) > 8 or bytes(raw).strip() not in _EMPTY)


def _value(fields: Mapping[str, JsonBytes], name: str) -> Any:
    """A decoded member; None when it is absent, unreadable or large."""
    raw = fields.get(name)
    if raw is None or raw == b"null" or len(raw) > _MOST_BYTES:
        return None
    try:
        return loads(raw)
    except DocumentError:
        return None
