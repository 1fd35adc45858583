"""What an answer cites: OpenAI's annotations, the citations of others, Gemini's grounding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sessions_app.content.blocks import Citation, CitationsBlock, ContentBlock, ToolCallBlock
from sessions_app.content.json_values import JsonObject, as_text, to_json

MOST_CITATIONS = 200
# How deep the facts of a citation are looked for.
_MOST_LEVELS = 3
_TITLES = ("title", "document_title", "documentTitle", "filename", "file_name", "name", "tool")
_ADDRESSES = ("url", "uri", "retrievedUrl", "retrieved_url", "source", "link")
# What a source is called if it has no address.
_IDS = ("file_id", "fileId", "document_id", "id")
_NAMES = frozenset({*_TITLES, *_ADDRESSES, *_IDS})
_QUOTES = ("cited_text", "citedText", "quote", "text", "snippet", "content")
_LISTS = ("citations", "annotations")


def blocks_of(item: JsonObject) -> list[ContentBlock]:
    """What a block or message cites, as a block; none if it cites nothing."""
    if "citations" not in item and "annotations" not in item:
        return []
    found = [one for name in _LISTS if isinstance(item.get(name), list) for one in _read(item[name])]
    return together(found)


def together(found: Iterable[Citation]) -> list[ContentBlock]:
    """Citations as one block, each once."""
    known = tuple(dict.fromkeys(found))[:MOST_CITATIONS]
    return [CitationsBlock(known)] if known else []


def _read(items: list[Any]) -> Iterator[Citation]:
    for item in items[:MOST_CITATIONS]:
        if isinstance(item, str):
            # Perplexity's are plain addresses.
            yield Citation("", item)
        elif isinstance(item, dict):
            yield from _of_object(item)
        elif isinstance(item, list):
            # LiteLLM has a list for each text of Anthropic's answer.
            yield from (one for inner in item[:MOST_CITATIONS] if isinstance(inner, dict) for one in _of_object(inner))


def _of_object(item: JsonObject) -> Iterator[Citation]:
    """Cohere and Bedrock name several sources for one text."""
    sources = item.get("sources")
    quote = _first(item, _QUOTES) or _source_text(item)
    if isinstance(sources, list) and sources:
        for source in sources[:MOST_CITATIONS]:
            if isinstance(source, dict):
                yield _citation(source, _text_of_source(source) or quote)
    else:
        yield _citation(item, quote)


def _text_of_source(source: JsonObject) -> str:
    """The text of a document, or what a tool returned (Cohere): whole, if it is not only a text with its name."""
    for name in ("document", "tool_output", "toolOutput"):
        inner = source.get(name)
        if isinstance(inner, dict):
            rest = {key: value for key, value in inner.items() if key not in _NAMES}
            only = next(iter(rest.values())) if len(rest) == 1 else None
            return only if isinstance(only, str) else to_json(rest) if rest else ""
        if isinstance(inner, str):
            return inner
    return _first(source, _QUOTES)


def _source_text(item: JsonObject) -> str:
    parts = item.get("sourceContent")
    texts = [as_text(part.get("text")) for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return " ".join(texts)


def _citation(item: JsonObject, quote: str) -> Citation:
    title, url = _first(item, _TITLES), _first(item, _ADDRESSES) or _first(item, _IDS)
    number = item.get("document_index")
    if not title and not url and type(number) is int:
        # Documents of a request need no title. They are counted from 0.
        title = f"document {number + 1}"
    return Citation(title, url, quote)


def _first(item: JsonObject, names: tuple[str, ...]) -> str:
    """The first text under one of these names, also in the objects inside."""
    level = [item]
    for _ in range(_MOST_LEVELS):
        for name in names:
            for one in level:
                if isinstance(one.get(name), str) and one[name]:
                    return str(one[name])
        level = [inner for one in level for inner in one.values() if isinstance(inner, dict)][:20]
    return ""


# --- Gemini's grounding ---------------------------------------------------------------------------------------------

_GROUNDING = ("groundingMetadata", "grounding_metadata")
_URL_CONTEXT = ("urlContextMetadata", "url_context_metadata")
SOURCE_MEMBERS = frozenset({*_GROUNDING, *_URL_CONTEXT, "citationMetadata", "citation_metadata"})
# The object itself, where it stands alone.
_OWN = frozenset(
    {
        *("groundingChunks", "grounding_chunks", "webSearchQueries", "web_search_queries", "urlMetadata"),
        *("url_metadata", "citationSources", "citation_sources"),
    }
)


def grounding_blocks(item: JsonObject) -> list[ContentBlock]:
    """What Google searched and found for an answer, wherever a message has it."""
    if SOURCE_MEMBERS.isdisjoint(item) and _OWN.isdisjoint(item):
        return []
    values = [item[name] for name in sorted(item.keys() & SOURCE_MEMBERS)]
    if item.keys() & _OWN:
        values.append(item)
    blocks: list[ContentBlock] = []
    found: list[Citation] = []
    for value in values:
        if isinstance(value, dict):
            queries = _list(value, "webSearchQueries", "web_search_queries")
            if queries:
                blocks.append(ToolCallBlock("google_search", to_json({"queries": queries}), by_provider=True))
            found += _grounded(value)
    return [*blocks, *together(found)]


def _grounded(value: JsonObject) -> Iterator[Citation]:
    quotes: dict[int, str] = {}
    for support in _list(value, "groundingSupports", "grounding_supports"):
        if isinstance(support, dict):
            segment = support.get("segment")
            text = as_text(segment.get("text")) if isinstance(segment, dict) else ""
            for index in _list(support, "groundingChunkIndices", "grounding_chunk_indices"):
                if isinstance(index, int):
                    quotes.setdefault(index, text)
    for number, chunk in enumerate(_list(value, "groundingChunks", "grounding_chunks")):
        if isinstance(chunk, dict):
            # What was found, as far as it is there; else what was said of it.
            yield _citation(chunk, _first(chunk, _QUOTES) or quotes.get(number, ""))
    names = ("urlMetadata", "url_metadata", "citationSources", "citation_sources", "citations")
    for page in _list(value, *names):
        if isinstance(page, dict):
            yield _citation(page, _first(page, ("urlRetrievalStatus", "url_retrieval_status", "license")))


def _list(value: JsonObject, *names: str) -> list[Any]:
    return next((value[name][:MOST_CITATIONS] for name in names if isinstance(value.get(name), list)), [])
