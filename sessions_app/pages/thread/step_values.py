"""What a step was given and returned, where that is no message: the arguments and the result of a tool."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from sessions_app.pages.html.components import NOTHING
from sessions_app.pages.html.excerpts import RESULT_LINES, excerpt
from sessions_app.pages.html.json_text import beginning, drawn, indented, is_json
from sessions_app.pages.html.messages import first_line, summary_of_arguments, with_seams
from sessions_app.pages.html.pieces import clamped, code_box
from sessions_app.pages.html.source import WHOLE_PART, BlockAddress
from sessions_app.pages.html.texts import said_box
from sessions_app.pages.html.tools.drawing import drawn_call, drawn_result
from sessions_app.pages.html.tools.kinds import Asked
from sessions_app.pages.thread.documents import Document, documents_in, drawn_documents
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.content import StoredPart

# A value up to this size is read, so that a text within it can be shown as a text. A longer one is shown as JSON.
_READ_BYTES = 400_000
# A value up to this length is indented whole, a longer one only as far as it is shown.
_INDENTED_CHARS = 20_000
# Arguments up to this length are read for the line that sums them up.
_SUMMARISED_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Value:
    """What a step was given or returned: a text if it is no more than one, else JSON, indented.

    `documents`: what a retrieval found, or was given.
    """

    part: StoredPart
    text: str
    is_json: bool
    documents: Sequence[Document] = ()

    def html(self, base_url: str, call: Asked | None = None, is_result: bool = False) -> Markup:
        """A box with the value, or its beginning; drawn as what the call that is known asks for or returned.

        `base_url` is the address of the step.
        """
        address = BlockAddress(base_url, self.part.digest, WHOLE_PART)
        url = address.text_url
        if self.part.content is None:
            return clamped(NOTHING, url, self.part.byte_size)
        if self.documents:
            return drawn_documents(self.documents, url)
        if call and is_result and (returned := drawn_result(self.text, call, address)):
            return returned.html
        if call and not is_result and (drawing := drawn_call(call, address)):
            return drawing
        found = (beginning if self.is_json else excerpt)(self.text, lines=RESULT_LINES)
        return clamped(with_seams(found.shown, self._box), url, found.hidden_chars)

    def _box(self, text: str) -> Markup:
        return code_box(drawn(text)) if self.is_json else said_box(text)


def value_of(part: StoredPart, is_result: bool, is_retrieval: bool = False) -> Value:
    """The value in a part. A result may be wrapped; see `plain_result`. A retrieval's are documents."""
    if part.content is None:
        return Value(part, "", False)
    decoded = part.content.decode("utf-8", "replace")
    value = _read(part.content) if len(part.content) <= _READ_BYTES else None
    if is_retrieval and (found := documents_in(value)):
        return Value(part, _readable(decoded), True, found)
    text = (
        value
        if isinstance(value, str)
        else plain_result(value)
        if is_result or is_retrieval
        else plain_arguments(value)
    )
    if text is None:
        return Value(part, _readable(decoded), True)
    return Value(part, _readable(text), True) if is_json(text) else Value(part, text, False)


def _read(text: str | bytes) -> Any:
    """The value of a JSON text; None when it is none, or nested too deeply."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _readable(text: str) -> str:
    """JSON text, indented unless it is so long that only its beginning will be."""
    return indented(text) if len(text) <= _INDENTED_CHARS else text


# --- in few words -----------------------------------------------------------------------------------------------------

# Frameworks wrap what a tool returned: as a block of text, as LangChain's ToolMessage, as the one member of an object.
_WRAPPERS = ("text", "content", "result", "output", "response", "return_value")


def plain_result(value: Any) -> str | None:
    """The text that a result consists of; None when there is more in it, or it is nested too deeply."""
    try:
        return _plain(value)
    except RecursionError:
        return None


def _plain(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        texts = [_plain(item) for item in value]
        return "\n".join(text for text in texts if text is not None) if None not in texts else None
    if not isinstance(value, dict):
        return None
    if "request" in value and "response" in value:
        return _of_scheduler(value)
    if value.get("type") == "tool":
        return _plain(value.get("data", value.get("content")))
    members = value.keys() - ({"type"} if value.get("type") == "text" else set())
    wrapped = value[next(iter(members))] if len(members) == 1 and members <= set(_WRAPPERS) else None
    return wrapped if isinstance(wrapped, str) else None


def plain_arguments(value: Any) -> str | None:
    """The arguments alone, where a scheduler of tools wraps them (Gemini CLI, Qwen Code); None for anything else."""
    if isinstance(value, dict) and "callId" in value and isinstance(value.get("args"), dict):
        return json.dumps(value["args"], ensure_ascii=False)
    return None


def _of_scheduler(value: dict[str, Any]) -> str | None:
    """What a tool returned, or why it failed, within what its scheduler tells of the call."""
    response = value.get("response")
    parts = response.get("responseParts") if isinstance(response, dict) else None
    if not isinstance(parts, list):
        return None
    found = [part.get("functionResponse") for part in parts if isinstance(part, dict)]
    replies = [reply["response"] for reply in found if isinstance(reply, dict) and "response" in reply]
    texts = [_plain(reply) or _member_text(reply) for reply in replies]
    return "\n".join(text for text in texts if text is not None) if texts and None not in texts else None


def _member_text(reply: Any) -> str | None:
    error = reply.get("error") if isinstance(reply, dict) and len(reply) == 1 else None
    return error if isinstance(error, str) else None


def arguments_of(value: Value | None) -> str:
    """A tool's arguments in a line. A Python function has them in `args` and `kwargs`; empty `args` are left out."""
    if value is None:
        return ""
    members = _read(value.text) if value.is_json and len(value.text) <= _SUMMARISED_CHARS else None
    if isinstance(members, dict) and members.keys() == {"args", "kwargs"} and members["args"] == []:
        return summary_of_arguments(json.dumps(members["kwargs"], ensure_ascii=False))
    return summary_of_arguments(value.text)


def returned_in_line(values: Sequence[Value]) -> str:
    """What a step returned, in a line: the members of an object, how many items there are, else the first line."""
    if len(values) != 1:
        return counted(len(values), "item") if values else ""
    text = values[0].text
    if not values[0].is_json:
        return first_line(text)
    items = _read(text) if len(text) <= _SUMMARISED_CHARS else None
    return counted(len(items), "item") if isinstance(items, list) else summary_of_arguments(text)


def documents_found(values: Sequence[Value]) -> str:
    """What a retrieval returned: `3 documents` and the first one's words, or the first line of something else."""
    documents = [document for value in values for document in value.documents]
    if not documents:
        return first_line(values[0].text) if len(values) == 1 else counted(len(values), "document") if values else ""
    words = next((first_line(document.text) for document in documents if document.text), "")
    return ": ".join(filter(None, (counted(len(documents), "document"), words)))
