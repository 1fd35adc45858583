"""Whether a call failed, and why: decided here for logs of all formats.

Error bodies followed: OpenAI (also `choices[].error` of OpenRouter), the Responses API (2025: `status`,
`incomplete_details`), Anthropic 2023-06-01, Gemini v1beta (`error`, `promptFeedback`, `finishReason`), Azure, AWS JSON
1.1 (`__type`) and botocore 1.40 (`Error`), vLLM 0.11 (`object: error`), FastAPI (`detail`), Cohere v2 and Mistral
(`message`), Ollama and Hugging Face TGI (`error` as a text), DashScope (`code`, `message`), RFC 9457 (`title`,
`detail`), and the HTML of proxies. A success has an `error` that is null, and an answer may look like an error. So a
body counts as one only by a sure sign, or when the caller says that the call failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from sessions_app.content import endings
from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, loads, object_fields
from sessions_app.wire.errors import (
    MESSAGES,
    MOST_ITEMS,
    NESTED,
    STATUSES,
    STREAM_EXCEPTIONS,
    TYPES,
    Failure,
    is_html,
    of_error,
    status_of,
)

# What the response of other kinds holds is what the caller's own code returned: a tool may well return an `error`.
KINDS = ("llm", "embedding", "retrieval")

_BROKEN = frozenset(
    {
        *("error", "failed", "malformed_function_call", "unexpected_tool_call", "malformed_response", "timeout"),
        *("malformed_model_output", "malformed_tool_use", "missing_thought_signature", "too_many_tool_calls"),
        *("no_image", "image_other", "insufficient_system_resource", "network_error"),
    }
)
_NEVER_SENT = frozenset({"expired", "canceled"})
_NO_REASON = frozenset({"", "block_reason_unspecified", "blocked_reason_unspecified"})

_TOLD = frozenset({*NESTED, *MESSAGES, *TYPES, *STATUSES, "ResponseMetadata"})
_ANSWERS = frozenset(
    {
        *("choices", "candidates", "output", "outputs", "content", "text", "response", "results", "data", "embeddings"),
        *("embedding", "generations", "completion", "generated_text", "delta", "predictions", "object", "answer"),
    }
)
# Why an answer ended: Anthropic, Bedrock Converse, Cohere, some others, Ollama.
STOPS = ("stop_reason", "stopReason", "finish_reason", "finishReason", "done_reason")
_ENDS = frozenset({*STOPS, "promptFeedback", "prompt_feedback", "incomplete_details"})
_BESIDE = frozenset(
    {
        *(
            "request_id",
            "requestId",
            "RequestId",
            "param",
            "timestamp",
            "path",
            "instance",
            "success",
            "trace",
            "traceId",
        ),
        *("trace_id", "LogStreamArn", "sequence_number", "support_id", "documentation_url", "docs"),
    }
)
_CODE = re.compile(r"[A-Za-z0-9_.-]+")
_FINE_CODES = frozenset({"0", "200", "ok", "success", "none"})
_EMPTY = frozenset({b"null", b'""', b"[]", b"{}", b"false"})
_SURE = frozenset({"error", "Error", "__type", "base_resp", "fault", *STREAM_EXCEPTIONS})
_FAILED = (b'"failed"', b'"error"')
_CALLS = (b'"response"', b'"thread.run"')
_EVENT_SIGNS = (b'"error"', b"response.failed", b"blockReason", b"block_reason", b"Exception")
_MOST_BYTES = 100_000


def of_body(fields: Mapping[str, JsonBytes]) -> Failure | None:
    """The failure that a model's response body reports by a sure sign, beside those of its choices."""
    told = {name: _value(fields, name) for name in fields.keys() & _TOLD} if _is_error(fields) else None
    if told is not None:
        return of_error(told) or Failure()
    if "custom_id" in fields and "result" in fields:
        return _of_batch(_value(fields, "result"))
    return None if _ENDS.isdisjoint(fields) else _of_end(fields)


def _of_batch(result: Any) -> Failure | None:
    """The result of a request in a batch of Anthropic's that was never sent to the model, which has no error."""
    kind = result.get("type") if isinstance(result, dict) else None
    return Failure(kind) if isinstance(kind, str) and kind in _NEVER_SENT else None


def _of_end(fields: Mapping[str, JsonBytes]) -> Failure | None:
    """The failure that is the reason why there is no answer, or why it ended."""
    feedback = _value(fields, "promptFeedback") or _value(fields, "prompt_feedback")
    if isinstance(feedback, dict) and (blocked := _blocked(feedback)):
        return blocked
    details = _value(fields, "incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    stopped = next((said for name in STOPS if (said := _value(fields, name))), None)
    return of_reason(reason) or of_reason(stopped, _explanation(fields))


def of_text(raw: JsonBytes) -> Failure | None:
    """The failure in a response that is a text: the page of a proxy, an error as JSON or as the event of a stream.

    The text of any model may mention an error, so it counts only if it is nothing else.
    """
    if len(raw) > _MOST_BYTES:
        return None
    text = _value({"text": raw}, "text")
    if not isinstance(text, str):
        return None
    text = text.lstrip("\ufeff \t\r\n")
    if is_html(text):
        page = of_error(text)
        return page if page and _PAGE_OF_ERROR.search(page.message[:200]) else None
    if text.startswith(("event:", "data:")):
        found = (of_body_text(event[1]) for event in islice(_DATA.finditer(text), MOST_ITEMS))
        event = _ERROR_EVENT.search(text)
        return next((failure for failure in found if failure), None) or (of_error(event[1]) if event else None)
    return of_body_text(text)


# What the pages of proxies and gateways are titled.
_PAGE_OF_ERROR = re.compile(
    r"^\W*(?:error |http )*[45]\d\d\b|\b(?:bad gateway|gateway time-?out|service (?:temporarily )?unavailable|internal "
    r"server error|too many requests|request entity too large|access denied|(?:error|not found|forbidden) 40[0-9]|"
    r"error [45]\d\d)\b",
    re.IGNORECASE,
)
_ERROR_EVENT = re.compile(r"^event: ?error\r?\ndata: ?([^\n]{1,20000}?)\r?$", re.MULTILINE)
_DATA = re.compile(r"^data: ?(\{[^\n]{1,20000}\})\r?$", re.MULTILINE)


def of_body_text(text: str) -> Failure | None:
    """Like `of_body`, of a body that is kept as JSON text. Only an error that is an object or a typed one counts."""
    if '"error"' not in text or text[:1] != "{" or len(text) > _MOST_BYTES:
        return None
    try:
        fields = object_fields(text.encode("utf-8", "surrogatepass"))
    except DocumentError:
        return None
    if fields.get("type") == b'"error"' and isinstance(_value(fields, "message"), str):
        # The Responses API sends such an event.
        return of_body(fields)
    error = _value(fields, "error")
    return of_error(error) if isinstance(error, dict) else None


def _is_error(fields: Mapping[str, JsonBytes]) -> bool:
    # Nearly all bodies are answers, so little is decoded before that is known.
    if not _SURE.isdisjoint(fields):
        found = ((name, _value(fields, name)) for name in fields.keys() & _SURE)
        if any(value is not None and _is_sure(name, value) for name, value in found):
            return True
    if b'"error"' in (fields.get("object"), fields.get("type")):
        return True
    if fields.get("status") in _FAILED and (fields.get("object") in _CALLS or _has_nothing_else(fields)):
        return True
    if any(name in _ANSWERS and _is_filled(raw) for name, raw in fields.items()):
        return False
    return _is_list_of_problems(_value(fields, "detail")) or (_has_nothing_else(fields) and _is_refused(fields))


def _has_nothing_else(fields: Mapping[str, JsonBytes]) -> bool:
    """Whether a body has only members that errors have. The answer of an app may have a `code` and a `message` too."""
    return all(name in _TOLD or name in _BESIDE or not _is_filled(raw) for name, raw in fields.items())


def _is_refused(fields: Mapping[str, JsonBytes]) -> bool:
    """Whether there is an HTTP status or the name of an error beside a message, or a list of errors."""
    if _is_filled(fields.get("errors")):
        return True
    if not any(isinstance(_value(fields, name), str) for name in MESSAGES):
        return False
    code = str(_value(fields, "code") or "")[:100]
    is_name = _CODE.fullmatch(code) is not None and code.lower() not in _FINE_CODES
    return is_name or (status_of({name: _value(fields, name) for name in STATUSES}) or 0) >= 400


def _is_sure(name: str, value: Any) -> bool:
    if name == "__type":
        return isinstance(value, str) and value.partition(":http")[0].endswith(("Exception", "Error", "Fault"))
    if name == "base_resp":
        # MiniMax: 0 is a success.
        return isinstance(value, dict) and value.get("status_code") not in (0, None)
    if name == "fault":
        # Gateways of Apigee.
        return isinstance(value, dict) and "faultstring" in value
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
    if endings.is_filtered(reason):
        return Failure(reason, explanation or f"A filter stopped the answer: {reason}")
    if endings.plain(reason) in _BROKEN:
        return Failure(reason, explanation or f"The answer ended with: {reason}")
    return None


def of_choice(fields: Mapping[str, JsonBytes], reason: str) -> Failure | None:
    """The failure of one choice or candidate. OpenRouter has the error of the provider in it."""
    found = of_reason(reason) if reason not in ("stop", "tool_calls", "STOP") else None
    said = (_value(fields, "finishMessage") or _value(fields, "finish_message")) if found else None
    if found and isinstance(said, str):
        found = replace(found, message=said)
    if found and (filters := _filters(_value(fields, "content_filter_results"))):
        found = replace(found, message=f"{found.message} ({filters})")
    error = of_error(_value(fields, "error")) if "error" in fields else None
    return error if error and error.message else found or error


def _filters(results: Any) -> str:
    """The filters of Azure that stopped an answer: `hate: high`."""
    if not isinstance(results, dict):
        return ""
    hits = [
        (name, hit.get("severity")) for name, hit in results.items() if isinstance(hit, dict) and hit.get("filtered")
    ]
    told = (f"{name}: {severity}" if isinstance(severity, str) else name for name, severity in hits[:_MOST_FILTERS])
    return ", ".join(told)[:_MOST_TOLD]


_MOST_FILTERS, _MOST_TOLD = 12, 400


def of_response(kind: str, said: Failure | None, raw: JsonBytes | None) -> Failure | None:
    """The failure that a response tells of a call of this kind. `said`: what it tells if it is a model's."""
    return of_tool_result(raw) if kind == "tool" else said if kind in KINDS else None


def of_tool_result(raw: JsonBytes | None) -> Failure | None:
    """The failure that a result of MCP (2025-06-18) reports: `isError` beside `content`, or JSON-RPC's `error`."""
    if raw is None or len(raw) > _MOST_BYTES or not any(sign in bytes(raw) for sign in _MCP_SIGNS):
        return None
    try:
        result = loads(raw)
        result = loads(result.encode("utf-8", "surrogatepass")) if isinstance(result, str) else result
    except DocumentError:
        return None
    if isinstance(result, dict) and result.get("jsonrpc") == "2.0":
        error, result = result.get("error"), result.get("result")
        if isinstance(error, dict):
            return of_error(error)
    if not isinstance(result, dict) or not isinstance(content := result.get("content"), list):
        return None
    if not any(result.get(flag) is True for flag in ("isError", "is_error")):
        return None
    texts = (item.get("text") for item in content[:MOST_ITEMS] if isinstance(item, dict))
    return Failure("tool_error", next((text for text in texts if isinstance(text, str)), ""))


_MCP_SIGNS = (b"isError", b"is_error", b"jsonrpc")


def of_choices(found: Iterable[Failure | None]) -> Failure | None:
    """The failure of all choices. If one of them is an answer, the call was a success."""
    failures = list(found)
    return failures[0] if failures and all(failures) else None


def of_events(raw: JsonBytes) -> Failure | None:
    """The failure in an array of events or chunks. Gemini answers a streamed request with an array of one error."""
    content = bytes(raw)
    if not any(sign in content for sign in _EVENT_SIGNS):
        return None
    items = array_items(raw)
    ends = [*items[:MOST_ITEMS], *items[MOST_ITEMS:][-MOST_ITEMS:]]
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
