"""What of a message or body is in none of its blocks: shown as it came, its words kept for search. Plain Python.

Readers take from each API what they know. Here the words of what was sent are compared with the words of what was read,
so it does not matter which members a reader knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Set
from functools import cached_property
from typing import Any

from sessions_app.content.blocks import ContentBlock, Message
from sessions_app.content.json_bytes import DocumentError, JsonBytes, loads
from sessions_app.content.json_values import to_json
from sessions_app.content.search_text import words_of

# So many values of one message or body are looked at, down to so many levels, and so much of each text.
MOST_VALUES, MOST_LEVELS, MOST_CHARS = 5_000, 24, 2_000

# Members that say how something was sent, if they are no objects or lists; and those that pages show elsewhere.
_NOTES = frozenset(
    {
        *("role", "type", "id", "index", "object", "status", "phase", "partial", "is_error", "thought", "detail"),
        *("call_id", "tool_call_id", "tool_use_id", "toolUseId", "item_id", "output_index", "content_index", "format"),
        *("signature", "thoughtSignature", "thought_signature", "encrypted_content", "media_type", "mimeType"),
        *("finish_reason", "finishReason", "stop_reason", "stopReason", "stop_sequence", "done", "done_reason"),
        *("model", "modelVersion", "model_version", "created", "created_at", "completed_at", "createTime"),
        *("container_id", "execution", "approval_request_id"),
        # A decision that a block has in words, and what a result repeats of its call or asks of the provider.
        *("approve", "max_output_length", "scheduling"),
        # Where in a text a citation stands.
        *("start_index", "end_index", "startIndex", "endIndex", "start_char_index", "end_char_index"),
        *("start_page_number", "end_page_number", "start_block_index", "end_block_index", "document_index"),
        *("system_fingerprint", "service_tier", "responseId", "response_id", "provider", "mime_type"),
        *("total_duration", "load_duration", "eval_duration", "prompt_eval_duration"),
        *("eval_count", "prompt_eval_count"),
        *("inputTextTokenCount", "tokenCount", "completionReason", "prompt_token_count", "generation_token_count"),
        *("generated_tokens", "input_length", "generation_id", "temperature", "top_p", "tool_choice", "truncation"),
        *("parallel_tool_calls", "language", "outcome", "avgLogprobs", "avg_logprobs", "contentType", "content_type"),
        *("status_code", "statusCode", "custom_id", "request_id", "conversation_id", "model_name"),
        *("filtered", "detected", "success", "expires_at", "file_id", "fileId", "redactedContent"),
        *("toolName", "toolCallId", "toolCallType", "event_id", "previous_item_id", "native_finish_reason"),
        *("bucketOwner", "modality", "block_type", "__type"),
    }
)
# Objects with the counts of tokens, as the APIs name them.
USAGE_OBJECTS = (
    *("usage", "usageMetadata", "usage_metadata", "token_usage", "tokenUsage", "totalUsage", "total_usage"),
    *("usage_details", "usageDetails", "amazon-bedrock-invocationMetrics", "tokenMetadata"),
)
# Cohere has three within `meta`.
_COUNTS = frozenset({*USAGE_OBJECTS, "tokens", "billed_units", "billedUnits", "api_version", "apiVersion"})
# Marks for caching, the ids of the sources that an answer cites, and how likely its pieces were.
_SHOWN_ELSEWHERE = frozenset(
    {
        *("cache_control", "cachePoint", "document_ids", "documentIds"),
        # The queries of a search, which a call shows, as HTML for a page.
        *("searchEntryPoint", "search_entry_point"),
        *("logprobs", "logprobsResult", "logprobs_result"),
    }
)
# Tokens and references that are nothing but numbers (Ollama's `context`, Mistral).
# That an answer goes on from a text of the client (Mistral), and that a thought is over.
_FLAGS = frozenset({"prefix", "closed"})
_NUMBERS_OF_TOKENS = frozenset({"context", "token_ids", "prompt_token_ids", "reference_ids"})
# Of these a page says that there is reasoning, and its size.
_ENCRYPTED = ("redacted_thinking", "reasoning.encrypted")
_ARGUMENTS = frozenset({"input", "args", "arguments"})
# What names the line of a batch beside its answer (Gemini), and the class that LangChain's own serialisation names.
_NAME_OF_LINE = "key"
_CLASS = frozenset({"lc", "id"})
_RESULT_OF_COHERE = frozenset({"call", "outputs"})
# Members of a body about the call: its times, its HTTP headers.
_ABOUT_THE_CALL = frozenset({"metrics", "ResponseMetadata", "sdkHttpResponse", "sdk_http_response"})

# What the followed APIs write most.
_PLAIN_MEMBERS = frozenset({"role", "content", "parts", "name", "tool_calls", "tool_call_id", "id", "status", "type"})
_PLAIN_BLOCKS = {
    **dict.fromkeys(("text", "input_text", "output_text"), frozenset({"type", "text", "cache_control"})),
    "thinking": frozenset({"type", "thinking", "signature"}),
    "tool_use": frozenset({"type", "id", "name", "input", "cache_control"}),
    "tool_result": frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"}),
    "function_call": frozenset({"type", "id", "call_id", "name", "arguments", "status"}),
    "function_call_output": frozenset({"type", "id", "call_id", "output", "status"}),
}
_PLAIN_ITEMS = frozenset({"function_call", "function_call_output"})
_TEXT_OF = {"thinking": "thinking", "function_call": "arguments", "function_call_output": "output"}
_PLAIN_CALL = frozenset({"id", "type", "index", "function"})
_PLAIN_TEXT_PART = frozenset({"text", "thought", "thoughtSignature"})
_PLAIN_CALL_PART = frozenset({"functionCall", "thoughtSignature"})
_PLAIN_ARGUMENTS = frozenset({"name", "args", "id"})
# Words in the names of numbers that say where something stands in what is shown, or how sure it is.
_MEASURES = frozenset(
    {
        *("start", "end", "begin", "index", "indices", "offset", "offsets", "position", "positions", "page", "pages"),
        *("line", "lines", "number", "score", "scores", "confidence"),
    }
)
_NAME_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_TAGS = re.compile("</?think(?:ing)?>")
_ESCAPES = re.compile(r'\\(?:[nrtbf"\\/]|u[0-9a-fA-F]{4})')


def decoded(raw: JsonBytes) -> Any:
    """A JSON value; text that is no JSON as it is."""
    try:
        return loads(raw)
    except DocumentError:
        return bytes(raw).decode("utf-8", "replace")


def unread_in(raw: JsonBytes, message: Message) -> Any:
    """What of a message's JSON its blocks do not say; None if they say all of it."""
    value = decoded(raw)
    return None if _is_plain(value) else unread(value, message.blocks, message.name)


def unread(value: Any, blocks: Iterable[ContentBlock], *also: str) -> Any:
    """What of a JSON value is in none of these blocks and texts; None if there is nothing."""
    return _Remains({*also, *(text for block in blocks for text in _texts(block))}).of(value)


def untold(value: Any, known: Set[str]) -> Any:
    """What of a body from which no message was read says anything, were it only its type; None if there is nothing.

    Its members `known` are settings. With such members, its own type says nothing.
    """
    if isinstance(value, dict):
        settings = {"type", *known} if not known.isdisjoint(value.keys() - {"type"}) else set()
        value = {name: item for name, item in value.items() if name not in settings}
    remains = _Remains(set(), _NOTES - {"type"})
    found = remains.of(value)
    return value if found is None and remains.is_cut else found


def text_for_search(value: Any) -> str:
    """The names and texts of a JSON value."""
    return _ESCAPES.sub(" ", to_json(value))


def _is_plain(value: Any) -> bool:
    """Whether a message has only what every reader takes: this is quick, and true of most."""
    if isinstance(value, str):
        return True
    if not isinstance(value, dict):
        return False
    if len(value) == 2 and "role" in value and isinstance(value.get("content"), str):
        return True
    kind = value.get("type")
    if isinstance(kind, str) and kind in _PLAIN_ITEMS:
        return _is_plain_block(value)
    if not _has_only(value, _PLAIN_MEMBERS) or kind not in (None, "message"):
        return False
    content, parts, calls = value.get("content"), value.get("parts"), value.get("tool_calls")
    if content is not None and parts is not None:
        return False
    return _is_text_or_all(content, _is_plain_block) and _are_all(parts, _is_plain_part) and _are_all(calls, _is_call)


def _has_only(value: dict[str, Any], names: Set[str]) -> bool:
    """Whether an object has no other members than these, or only empty ones."""
    return value.keys() <= names or all(
        key in names or item is None or item in ("", [], {}) for key, item in value.items()
    )


def _are_all(items: Any, is_plain: Callable[[Any], bool]) -> bool:
    return items is None or (isinstance(items, list) and all(map(is_plain, items)))


def _is_text_or_all(content: Any, is_plain: Callable[[Any], bool]) -> bool:
    return isinstance(content, str) or _are_all(content, is_plain)


def _is_plain_block(block: Any) -> bool:
    """Whether it is a text, a thought, a call of a tool or its result with no more than these have."""
    if not isinstance(block, dict):
        return False
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in _PLAIN_BLOCKS or not _has_only(block, _PLAIN_BLOCKS[kind]):
        return False
    if kind == "tool_result":
        return _is_text_or_all(block.get("content"), _is_text)
    if kind == "tool_use":
        return isinstance(block.get("name"), str)
    return isinstance(block.get(_TEXT_OF.get(kind, "text")), str)


def _is_text(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "text" and _is_plain_block(block)


def _is_plain_part(part: Any) -> bool:
    """The same for a part of Gemini's."""
    if not isinstance(part, dict):
        return False
    if isinstance(call := part.get("functionCall"), dict):
        return _has_only(part, _PLAIN_CALL_PART) and _has_only(call, _PLAIN_ARGUMENTS)
    return isinstance(part.get("text"), str) and _has_only(part, _PLAIN_TEXT_PART)


def _is_call(call: Any) -> bool:
    if not isinstance(call, dict) or not _has_only(call, _PLAIN_CALL):
        return False
    function = call.get("function")
    return isinstance(function, dict) and function.keys() == {"name", "arguments"}


def _texts(value: Any) -> Iterator[str]:
    """Every text in a block."""
    if isinstance(value, str):
        # Data in a URL is as long as a picture. Its beginning tells it.
        yield value[: MOST_CHARS * 2] if value.startswith("data:") else value
    elif members := getattr(value, "__dataclass_fields__", None):
        for name in members:
            yield from _texts(getattr(value, name))
    elif isinstance(value, (list, tuple)) and any(hasattr(item, "__dataclass_fields__") for item in value):
        for item in value:
            yield from _texts(item)
    elif value and value is not True:
        yield to_json(value)


class _Remains:
    """Takes out of a JSON value what some texts say."""

    def __init__(self, texts: set[str], notes: Set[str] = _NOTES) -> None:
        self.texts = texts
        self.notes = notes
        self.left = MOST_VALUES
        # Whether there was more than is looked at.
        self.is_cut = False
        # How many texts were found.
        self.said = 0

    @cached_property
    def words(self) -> set[str]:
        """The words of all texts. Mostly nobody asks, as each text is said as it was sent."""
        found: set[str] = set()
        for text in self.texts:
            found.update(words_of(text))
            if "\\" in text:
                found.update(words_of(_ESCAPES.sub(" ", text)))
        return found

    def of(self, value: Any, level: int = 0) -> Any:
        self.left -= 1
        if self.left < 0 or level > MOST_LEVELS:
            self.is_cut = True
            return None
        if isinstance(value, dict):
            return self._of_object(value, level)
        if isinstance(value, list):
            if len(value) > 1 and all(isinstance(item, str) for item in value) and "".join(value) in self.texts:
                # A text in pieces.
                self.said += 1
                return None
            return [kept for item in value if (kept := self.of(item, level + 1)) is not None] or None
        if value is None or value is False or value == "":
            return None
        if isinstance(value, str):
            return self._of_text(value, level)
        return None if self.words.issuperset(_words(value)) else value

    def _of_object(self, value: dict[str, Any], level: int) -> Any:
        if _says_nothing(value):
            return None
        if value.get("detected") is True:
            # What a filter found is named by the member that has this object (Azure).
            return value
        before = self.said
        read = _ABOUT_THE_CALL if level == 0 else frozenset()
        if "lc" in value and "kwargs" in value:
            read |= _CLASS
        if isinstance(value.get("transcript"), str) and isinstance(value.get("data"), str):
            # A recording, of which a block only has the size.
            read |= {"data"}
        if value.keys() == _RESULT_OF_COHERE:
            # The call is repeated with what it returned.
            read |= {"call"}
        kept = {
            key: self.of(_heard(key, item), level + 1)
            for key, item in value.items()
            if key not in read and not self._is_read(key, item)
        }
        if self.said > before:
            if level == 0:
                kept.pop(_NAME_OF_LINE, None)
            kept = {key: item for key, item in kept.items() if not _is_measure(key, item)}
        return {key: item for key, item in kept.items() if item is not None} or None

    def _of_text(self, value: str, level: int) -> Any:
        """A text; of one that is JSON, what is left of that, if something of it was read."""
        if value in self.texts or self.words.issuperset(_words(value)):
            self.said += 1
            return None
        opened = decoded(value.encode("utf-8", "replace")) if value.lstrip()[:1] in ("{", "[", '"') else value
        if isinstance(opened, str) and opened == value:
            return value
        before = self.said
        rest = self.of(opened, level + 1)
        return rest if self.said > before else value

    def _is_read(self, key: str, item: Any) -> bool:
        if not isinstance(item, (dict, list)):
            return key in self.notes or (item is True and key in _FLAGS) or key.startswith("encrypted_")
        # Arguments that were sent as an object are read as its text.
        if key in _SHOWN_ELSEWHERE or (key in _COUNTS and isinstance(item, dict)):
            return True
        if key == "citations" and isinstance(item, dict) and item.keys() == {"enabled"}:
            # Whether a document may be cited (Anthropic, Bedrock).
            return True
        if key in _NUMBERS_OF_TOKENS and isinstance(item, list) and all(type(one) is int for one in item):
            return True
        return key in _ARGUMENTS and to_json(item) in self.texts


def _says_nothing(value: dict[str, Any]) -> bool:
    """Whether this is a filter that found nothing (Azure, Gemini), or encrypted reasoning."""
    if value.get("filtered") is False and not value.get("detected"):
        return True
    if "probability" in value and "category" in value and not value.get("blocked"):
        return True
    return value.get("type") in _ENCRYPTED


def _is_measure(key: str, item: Any) -> bool:
    """Whether this is a place in a text that is shown, a number of a source, or how sure it is."""
    if isinstance(item, dict):
        return all(_is_measure(name, inner) for name, inner in item.items())
    if isinstance(item, list):
        return all(_is_measure(key, inner) for inner in item)
    return isinstance(item, (int, float)) and not _MEASURES.isdisjoint(map(str.lower, _NAME_WORDS.findall(key)))


def _heard(key: str, item: Any) -> Any:
    """A recording without its data, of which a block only has the size."""
    is_recording = key in ("input_audio", "audio") and isinstance(item, dict) and isinstance(item.get("data"), str)
    return {name: inner for name, inner in item.items() if name != "data"} if is_recording else item


def _words(value: Any) -> list[str]:
    if not isinstance(value, str):
        return words_of(to_json(value))
    if "think" in value[:MOST_CHARS]:
        # The tags around thoughts are in no block.
        value = _TAGS.sub(" ", value[: MOST_CHARS * 2])
    # Of a longer text, the last word may be cut in two.
    return words_of(value) if len(value) <= MOST_CHARS else words_of(value[:MOST_CHARS])[:-1]
