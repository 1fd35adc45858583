"""Answers whose text stands beside their tool calls, or in a member of its own, made into messages.

Followed: Cohere's chat v1, Ollama's generate, Bedrock InvokeModel (Titan, Llama, Mistral, Cohere Command, AI21,
Claude 2), Hugging Face's pipelines and text-generation-inference 3, Vertex AI's predictions, LangChain's LLMResult, the
AI SDK's results, Google's Interactions, DashScope, Replicate, Perplexity, Dify, watsonx, Mistral's OCR, and
transcriptions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sessions_app.content.json_bytes import DocumentError, JsonBytes, kind_of, object_fields
from sessions_app.content.json_values import JsonObject
from sessions_app.wire.members import Fields, decoded, small_member

_MOST = 1_000
_MOST_BYTES, _HEAD_BYTES = 8_000_000, 2_000
_MOST_CITED = _MOST_IDS = 200
_PIPELINES = ("generated_text", "summary_text", "translation_text")
# Members of an answer that are its text, if it has no other shape.
_TEXTS = ("generated_text", "summary_text", "translation_text", "text", "content", "completion", "outputText", "output")


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """How an API writes an answer. `needs`: members that it has, with one of these kinds. `beside`: it has one of these
    too. `messages` makes messages of it; a message may have a `finish_reason`.
    """

    needs: dict[str, str]
    messages: Callable[[JsonObject], Iterable[Any]]
    beside: frozenset[str] = frozenset()

    def fits(self, fields: Fields) -> bool:
        has_all = all(name in fields and kind_of(fields[name]) in kinds for name, kinds in self.needs.items())
        return has_all and (not self.beside or not self.beside.isdisjoint(fields))


def messages_of_fields(fields: Fields, raw: JsonBytes) -> list[JsonObject]:
    """The messages of a body; empty if it is of none of these shapes."""
    shape = next((shape for shape in SHAPES if shape.fits(fields)), None)
    body = decoded(raw) if shape and len(raw) <= _MOST_BYTES else None
    return _found(lambda: shape.messages(body)) if shape and isinstance(body, dict) else []


def is_of_shape(fields: Fields) -> bool:
    """Whether a body is the answer of an API that answers in no other way."""
    return any(shape.fits(fields) for shape in SHAPES[:_SURE])


def generations_in(text: bytes) -> list[JsonObject]:
    """The messages in the text of what a model of LangChain returned; empty for any other."""
    if kind_of(text) != "object" or b'"generations"' not in text[:_HEAD_BYTES]:
        return []
    try:
        fields = object_fields(text)
    except DocumentError:
        return []
    return messages_of_fields(fields, text) if "generations" in fields else []


def messages_of_list(raw: JsonBytes) -> list[JsonObject]:
    """The answers of a Hugging Face pipeline: for each input an object, or a list of them."""
    head = bytes(memoryview(raw)[:200])
    if not any(b'"%s"' % name.encode() in head for name in _PIPELINES) or len(raw) > _MOST_BYTES:
        return []
    items = decoded(raw)
    return _found(lambda: (message for item in items[:_MOST] for message in _of_item(item)))


def sources_beside(fields: Fields) -> JsonObject | None:
    """The message with the sources that stand beside the choices.

    Perplexity has pages with titles, and addresses; GLM and DashScope have pages.
    """
    if fields.keys().isdisjoint(_BESIDE) or _ADDRESS_IN_MESSAGE in bytes(fields["choices"]):
        return None
    *lists, info, urls = (small_member(fields, name) for name in _LISTS)
    lists.append(info.get("search_results") if isinstance(info, dict) else None)
    found: list[Any] = [page for pages in lists if isinstance(pages, list) for page in pages if isinstance(page, dict)]
    told = {url for page in found if isinstance(url := page.get("url"), str)}
    found += [url for url in urls if isinstance(url, str) and url not in told] if isinstance(urls, list) else []
    grounded = {member: one for name, member in _GROUNDED.items() if (one := _first_object(small_member(fields, name)))}
    said = grounded | ({"citations": found} if found else {})
    return {"role": "assistant", "content": None} | said if said else None


def _first_object(items: Any) -> Any:
    return next((item for item in items if isinstance(item, dict)), None) if isinstance(items, list) else None


# LiteLLM's names for what Gemini writes into a candidate.
_GROUNDED = {
    "vertex_ai_grounding_metadata": "groundingMetadata",
    "vertex_ai_url_context_metadata": "urlContextMetadata",
    "vertex_ai_citation_metadata": "citationMetadata",
}
_LISTS = ("search_results", "web_search", "search_info", "citations")
_BESIDE = (*_LISTS, *_GROUNDED)
# LiteLLM writes them into the message, too.
_ADDRESS_IN_MESSAGE = b'"url_citation"'


def _found(read: Callable[[], Iterable[Any]]) -> list[JsonObject]:
    """At most so many messages; none if what holds them is nested too deeply."""
    try:
        return [message for message in islice(read(), _MOST) if isinstance(message, dict) and json.dumps(message)]
    except RecursionError:
        return []


def _message(content: Any, calls: Any = None, reasoning: Any = None, reason: Any = None) -> JsonObject:
    message: JsonObject = {"role": "assistant", "content": content}
    if isinstance(calls, list) and calls:
        message["tool_calls"] = [_call(call) for call in calls]
    if isinstance(reasoning, str) and reasoning:
        message["reasoning_content"] = reasoning
    if isinstance(reason, dict):
        reason = reason.get("reason")
    return message | ({"finish_reason": reason} if isinstance(reason, str) and reason else {})


def _call(call: Any) -> Any:
    """Cohere v1 has `name` and `parameters`, the AI SDK `toolName` and `input` or `args`."""
    if not isinstance(call, dict) or "function" in call:
        return call
    arguments: Any = next((call[name] for name in ("parameters", "input", "args", "arguments") if name in call), {})
    arguments = arguments if isinstance(arguments, str) else json.dumps(arguments)
    function = {"name": call.get("name", call.get("toolName")), "arguments": arguments}
    call_id = call.get("id", call.get("toolCallId"))
    return ({"id": call_id} if call_id else {}) | {"type": "function", "function": function}


# --- the shapes -----------------------------------------------------------------------------------------------------


def _of_text(body: JsonObject) -> Iterable[JsonObject]:
    """Cohere v1, the AI SDK, a transcription."""
    calls = body.get("tool_calls") or body.get("toolCalls")
    reasoning = body.get("reasoningText") or body.get("reasoning")
    message = _message(body["text"], calls, reasoning, body.get("finishReason"))
    yield message | ({"citations": cited} if (cited := _cited(body)) else {})


def _cited(body: JsonObject) -> list[Any]:
    """The documents that Cohere v1 cites by their ids, as sources of the texts that they stand for."""
    documents = [one for one in _listed(body, "documents") if isinstance(one, dict)]
    by_id = {one["id"]: one for one in documents if isinstance(one.get("id"), str)}
    cited: list[Any] = []
    told: set[str] = set()
    for citation in _listed(body, "citations"):
        ids = citation.get("document_ids") if isinstance(citation, dict) else None
        known = [one for one in ids[:_MOST_IDS] if isinstance(one, str)] if isinstance(ids, list) else []
        sources = [{"id": one, "document": by_id.get(one)} for one in known]
        cited.append(citation | {"sources": sources} if sources else citation)
        told.update(known)
    return cited + [{"sources": [{"document": one}]} for one in documents if str(one.get("id")) not in told]


def _listed(body: JsonObject, name: str) -> list[Any]:
    value = body.get(name)
    return value[:_MOST_CITED] if isinstance(value, list) else []


def _of_ollama(body: JsonObject) -> Iterable[JsonObject]:
    yield _message(body["response"], body.get("tool_calls"), body.get("thinking"))


def _of_member(name: str) -> Callable[[JsonObject], Iterable[JsonObject]]:
    return lambda body: [_message(body[name])]


def _of_items(name: str) -> Callable[[JsonObject], Iterable[JsonObject]]:
    return lambda body: [message for item in body[name][:_MOST] for message in _of_item(item)]


def _of_item(item: Any) -> Iterable[JsonObject]:
    """One of several answers: a text, an object with a text, a message, or a list of such."""
    if isinstance(item, str):
        yield _message(item)
    elif isinstance(item, list):
        yield from (message for inner in item[:_MOST] if not isinstance(inner, list) for message in _of_item(inner))
    elif isinstance(item, dict):
        yield from _of_object(item)


def _of_object(item: JsonObject) -> Iterable[JsonObject]:
    data = item.get("data")
    if isinstance(item.get("message"), dict):
        yield item["message"]
    elif "role" in item:
        yield item
    elif isinstance(item.get("generated_text"), list):
        # A chat pipeline gives the whole conversation back.
        yield from (message for message in item["generated_text"][-1:] if isinstance(message, dict))
    elif isinstance(item.get("candidates"), list):
        yield from _of_item(item["candidates"])
    elif isinstance(data, dict) and isinstance(data.get("text"), str):
        yield _message(data["text"], reason=item.get("finishReason"))
    else:
        reasons = ("stop_reason", "finish_reason", "finishReason", "completionReason")
        details = item.get("details")
        # text-generation-inference has it in `details`.
        places = (item, details) if isinstance(details, dict) else (item,)
        reason = next((place[name] for place in places for name in reasons if place.get(name)), None)
        text = next((item[name] for name in _TEXTS if isinstance(item.get(name), str)), None)
        if text is None and isinstance(item.get("content"), list):
            text = item["content"]
        if text is None and isinstance(item.get("type"), str):
            # An item of another kind, such as the call of a tool (Mistral).
            text = [item]
        if text is not None:
            yield _message(text, reason=reason)


def _of_conversation(body: JsonObject) -> Iterable[JsonObject]:
    """The messages and tools' executions of Mistral's agents are one answer."""
    content: list[Any] = []
    for item in body["outputs"][:_MOST]:
        said = item.get("content") if isinstance(item, dict) else None
        content += said if isinstance(said, list) else [said if isinstance(said, str) else item]
    yield _message(content)


def _of_contents(name: str) -> Callable[[JsonObject], Iterable[JsonObject]]:
    return lambda body: [_message(body[name])]


def are_pieces(raw: JsonBytes, beside: Iterable[str] = ()) -> bool:
    """Whether a list of texts is one text in pieces, as Replicate and generators of applications write it.

    Pieces of a text begin or end with spaces. Where that is not known, a list is a list: of names, or of addresses.
    """
    if kind_of(raw) != "array" or len(raw) > _MOST_BYTES or bytes(memoryview(raw)[1:20]).lstrip()[:1] != b'"':
        return False
    pieces = decoded(raw)
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        return False
    if any(piece.startswith(("https://", "http://")) for piece in pieces):
        return False
    return not _REPLICATE.isdisjoint(beside) or any(piece != piece.strip() for piece in pieces)


_REPLICATE = frozenset({"version", "urls", "logs", "predict_time"})


def joined_pieces(pieces: list[str]) -> JsonObject:
    """The message that a list of texts is."""
    return _message("".join(pieces))


def _of_dashscope(body: JsonObject) -> Iterable[JsonObject]:
    output = body["output"]
    if isinstance(output.get("choices"), list):
        for choice in output["choices"][:_MOST]:
            if isinstance(choice, dict) and isinstance(choice.get("message"), dict):
                yield choice["message"] | {"finish_reason": choice.get("finish_reason")}
    elif isinstance(output.get("text"), str):
        yield _message(output["text"], reason=output.get("finish_reason"))


def _of_dify(body: JsonObject) -> Iterable[JsonObject]:
    """The answer of an app, with the tools that its agent ran and the documents that were found for it."""
    message = _message(body["answer"])
    thoughts = [one for one in _listed(body, "agent_thoughts") if isinstance(one, dict)]
    tools = [one for one in thoughts if isinstance(one.get("tool"), str) and one["tool"]]
    message["executed_tools"] = [
        {"name": one["tool"], "arguments": one.get("tool_input"), "output": one.get("observation")} for one in tools
    ]
    said = [thought for one in thoughts if isinstance(thought := one.get("thought"), str) and thought.strip()]
    if new := [thought for thought in said if thought.strip() not in body["answer"]]:
        message["reasoning_content"] = "\n\n".join(new)
    metadata = body.get("metadata")
    found = _listed(metadata, "retriever_resources") if isinstance(metadata, dict) else []
    named = [one | {"title": one.get("document_name")} for one in found if isinstance(one, dict)]
    yield message | ({"citations": named} if named else {})


def _of_pages(body: JsonObject) -> Iterable[JsonObject]:
    """The pages that Mistral's OCR read, with the pictures in them."""
    content: list[JsonObject] = []
    for page in body["pages"][:_MOST]:
        if isinstance(page, dict) and isinstance(page.get("markdown"), str):
            content.append({"type": "text", "text": page["markdown"]})
            pictures = [one.get("image_base64") for one in _listed(page, "images") if isinstance(one, dict)]
            content += [{"type": "image_url", "image_url": one} for one in pictures if isinstance(one, str)]
    yield _message(content)


def _of_store(body: JsonObject) -> Iterable[JsonObject]:
    """What OpenAI found in a vector store."""
    found = [item for item in body["data"][:_MOST] if isinstance(item, dict)]
    yield _message(
        [
            {"type": "search_result", "title": one.get("filename"), "source": one.get("file_id")}
            | {"content": one.get("content")}
            for one in found
        ]
    )


SHAPES: tuple[AnswerShape, ...] = (
    AnswerShape({"answer": "string"}, _of_dify, frozenset({"conversation_id", "message_id", "task_id"})),
    AnswerShape({"pages": "array", "usage_info": "object"}, _of_pages),
    AnswerShape({"data": "array", "search_query": "array string"}, _of_store),
    # IBM's watsonx.
    AnswerShape({"results": "array", "model_id": "string"}, _of_items("results")),
    AnswerShape(
        {"response": "string"},
        _of_ollama,
        # Cloudflare's Workers AI has the last two.
        frozenset({"done", "done_reason", "eval_count", "created_at", "thinking", "usage", "tool_calls"}),
    ),
    AnswerShape({"results": "array", "inputTextTokenCount": "number"}, _of_items("results")),
    AnswerShape({"generation": "string"}, _of_member("generation")),
    AnswerShape({"generations": "array"}, _of_items("generations")),
    AnswerShape({"completions": "array"}, _of_items("completions")),
    AnswerShape({"completion": "string"}, _of_member("completion")),
    AnswerShape({"predictions": "array object"}, lambda body: _of_item(body["predictions"])),
    AnswerShape({"generated_text": "string array"}, lambda body: _of_object(body)),
    AnswerShape({"summary_text": "string"}, _of_member("summary_text")),
    AnswerShape(
        {"outputs": "array", "status": "string"},
        _of_contents("outputs"),
        frozenset({"object", "interaction_id", "agent", "previous_interaction_id", "role"}),
    ),
    AnswerShape({"outputs": "array", "conversation_id": "string"}, _of_conversation),
    AnswerShape({"outputs": "array"}, _of_items("outputs")),
    AnswerShape({"outputText": "string"}, _of_member("outputText")),
    AnswerShape({"output": "object", "request_id": "string"}, _of_dashscope),
    AnswerShape({"output": "array"}, lambda body: [joined_pieces(body["output"])]),
    AnswerShape({"text": "string"}, _of_text),
)
# So many of them are told by members that nothing else has.
_SURE = 3
