"""The documents of a stored LiteLLM payload: the request as its client sent it, the response, metadata, parameters."""

from __future__ import annotations

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, loads, object_fields
from sessions_app.content.splitting import Splitter
from sessions_app.records import Documents
from sessions_app.wire import bodies, litellm_rows, litellm_text

PLACEHOLDER = "default-message-value"

# These members are documents or columns by themselves. All others are shown with the metadata.
_SHOWN_ELSEWHERE = frozenset(
    {
        *("messages", "response", "model_parameters", "metadata"),
        *("id", "trace_id", "call_type", "status", "custom_llm_provider", "model", "model_group", "api_base"),
        *("startTime", "endTime", "end_user", "prompt_tokens", "completion_tokens", "response_cost"),
    }
)


def documents_of(log: bytes) -> Documents:
    """What a stored payload holds, for reading. LiteLLM logs a request in pieces; they are put together again."""
    members = object_fields(log)
    if litellm_text.is_text_payload(members):
        return litellm_text.text_documents(members, log)
    if litellm_rows.is_row(members):
        return _of_row(members, log)
    parameters = _parameters(members)
    left_out = bodies.SYSTEM_MEMBERS | bodies.TOOL_MEMBERS
    return Documents(
        request=_request(members, parameters),
        response=_given(members.get("response")),
        metadata=_metadata(members),
        parameters={name: loads(raw) for name, raw in parameters.items() if name not in left_out},
        log=log,
        is_input_withheld="messages" in members and is_placeholder(members["messages"]),
    )


def _of_row(members: dict[str, JsonBytes], log: bytes) -> Documents:
    """A row of the spend logs: what it has as texts is opened."""
    request = litellm_rows.request_of(members)
    if request is None and litellm_rows.has_messages(members):
        messages = litellm_rows.opened(members["messages"]) or b"null"
        request = _as_object(_model_member(members) | {"messages": messages})
    asked = object_fields(request) if request is not None else {}
    left_out = bodies.INPUT_MEMBERS | bodies.SYSTEM_MEMBERS | bodies.TOOL_MEMBERS | {"model"}
    others = {name: raw for name, raw in members.items() if name not in {*_SHOWN_ELSEWHERE, litellm_rows.REQUEST}}
    metadata = litellm_rows.opened(members.get("metadata"))
    given = object_fields(metadata) if metadata is not None and kind_of(metadata) == "object" else {}
    return Documents(
        request=request,
        response=_given(litellm_rows.opened(members.get("response"))),
        metadata=_as_object(others | given),
        parameters={name: loads(raw) for name, raw in asked.items() if name not in left_out},
        log=log,
    )


def is_placeholder(raw: JsonBytes) -> bool:
    """Whether LiteLLM had no messages: it then writes a made-up user message or an empty text."""
    size = len(memoryview(raw))
    if size > 100 or not (size <= 4 or PLACEHOLDER.encode() in bytes(raw)):
        return False
    return loads(raw) in ("", {}, "{}", PLACEHOLDER, [{"role": "user", "content": PLACEHOLDER}])


def _parameters(members: dict[str, JsonBytes]) -> dict[str, JsonBytes]:
    raw = members.get("model_parameters")
    return object_fields(raw) if raw is not None and kind_of(raw) == "object" else {}


def _given(raw: JsonBytes | None) -> bytes | None:
    """A document; None when it is missing, null, or the {} of a failure."""
    return None if raw is None or bytes(memoryview(raw)[:4]) in (b"null", b"{}") else bytes(raw)


def _metadata(members: dict[str, JsonBytes]) -> bytes:
    raw = members.get("metadata")
    given = object_fields(raw) if raw is not None and kind_of(raw) == "object" else {}
    others = {name: value for name, value in members.items() if name not in _SHOWN_ELSEWHERE}
    return _as_object(others | given)


def _request(members: dict[str, JsonBytes], parameters: dict[str, JsonBytes]) -> bytes | None:
    messages = members.get("messages")
    call_type = bodies.text_member(members, "call_type")
    if call_type == "call_mcp_tool":
        return _tool_call(members)
    if messages is None or kind_of(messages) == "null" or is_placeholder(messages):
        return _as_object(parameters) if parameters else None
    if call_type == "pass_through_endpoint" and (body := _body_in_message(messages)):
        return body
    name, value = _input_member(call_type, messages)
    request = _model_member(members) | {name: value}
    return _as_object(request | {key: raw for key, raw in parameters.items() if key not in request})


def _model_member(members: dict[str, JsonBytes]) -> dict[str, JsonBytes]:
    """The model as the client named it: by its model group, which is public, else the model that was called."""
    for name in ("model_group", "model"):
        if bodies.text_member(members, name):
            return {"model": members[name]}
    return {}


def _input_member(call_type: str, messages: JsonBytes) -> tuple[str, JsonBytes]:
    """The input, under the name that it has in the called API. LiteLLM wraps plain texts in user messages."""
    if "response" in call_type:
        return "input", messages
    if any(word in call_type for word in ("embedding", "moderation")):
        return "input", _texts(messages)
    if any(word in call_type for word in ("text_completion", "image", "video")):
        return "prompt", _texts(messages)
    return "messages", messages


def _texts(messages: JsonBytes) -> JsonBytes:
    """The texts inside made-up user messages: a single one, or several as an array. Any other value is returned as it
    is.
    """
    if kind_of(messages) != "array":
        return messages
    contents = []
    for item in array_items(messages):
        members = object_fields(item) if kind_of(item) == "object" else {}
        if members.keys() != {"role", "content"}:
            return messages
        contents.append(bytes(members["content"]))
    return contents[0] if len(contents) == 1 else b"[" + b",".join(contents) + b"]"


def _tool_call(members: dict[str, JsonBytes]) -> bytes | None:
    raw = members.get("metadata")
    metadata = object_fields(raw) if raw is not None and kind_of(raw) == "object" else {}
    return _given(metadata.get("mcp_tool_call_metadata"))


def _body_in_message(messages: JsonBytes) -> bytes | None:
    """The JSON body of a pass-through request: LiteLLM logs it as the text of a single message. None when there is
    none.
    """
    try:
        text = loads(_texts(messages))
        body = text.encode() if isinstance(text, str) else b""
        return body if body and kind_of(body) == "object" and object_fields(body) else None
    except (DocumentError, UnicodeEncodeError):
        return None


def _as_object(members: dict[str, JsonBytes]) -> bytes:
    return Splitter().members(members, lambda _, raw: bytes(raw))
