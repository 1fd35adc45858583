"""Where a response body has its token counts and its cost, in any API or library.

OpenAI, Anthropic, Mistral, Bedrock Converse and most others have `usage`, Google `usageMetadata`, Cohere v1 `meta`,
Ollama and Bedrock's Llama and Titan the counts themselves, text-generation-inference `details`, LangChain
`usage_metadata`, `response_metadata` or `llm_output`.
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from typing import Any, NamedTuple

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, loads, object_fields
from sessions_app.content.unread import USAGE_OBJECTS
from sessions_app.records import Usage
from sessions_app.wire.fields import lenient_count
from sessions_app.wire.usage import UNKNOWN_USAGE, Counts, cost_of, counts_of

# Usage objects. Each completes the ones before it.
_ORDERED = (*USAGE_OBJECTS, "meta", "metrics", "tokens")
_ORDER = {name: order for order, name in enumerate(_ORDERED)}
_PLACES = frozenset(_ORDERED)
# Counts that are members of the body itself.
_OWN = frozenset(
    (
        *("prompt_eval_count", "eval_count", "prompt_token_count", "generation_token_count", "inputTextTokenCount"),
        *("tokens_evaluated", "tokens_predicted", "input_token_count", "output_token_count", "generated_token_count"),
    )
)
# Members that hold a body, or another usage object, if the body itself has none.
_AROUND = (
    *("response_metadata", "responseMetadata", "llm_output", "llmOutput", "kwargs", "x_groq", "metadata"),
    *("message", "response", "result", "body", "raw", "interaction", "generations", "results", "output"),
)
_MOST_BYTES = 100_000
_MOST_BYTES_AROUND = 4_000_000
_MOST_DEPTH = 5
_MOST_RESULTS = 100


class Counted(NamedTuple):
    """What a body says of tokens and cost."""

    usage: Usage = UNKNOWN_USAGE
    cost: Decimal | None = None


NOTHING_COUNTED = Counted()


def counted_in(fields: dict[str, JsonBytes], depth: int = 0) -> Counted:
    """Token counts and cost of a response body, by its members."""
    found: list[Counts] = []
    cost = None
    names = fields.keys()
    for name in sorted(names & _PLACES, key=_ORDER.__getitem__):
        if isinstance(value := _decoded(fields[name]), dict):
            found.append(counts_of(value))
            cost = cost_of(value) if cost is None else cost
    if not _OWN.isdisjoint(names):
        own = {name: _decoded(fields[name]) for name in names & _OWN}
        found += [counts_of(own), counts_of(_results_of_titan(fields))]
    if "details" in fields:
        found.append(counts_of(_details_of_tgi(fields["details"])))
    found = [counts for counts in found if counts]
    if found:
        return Counted(reduce(Counts.or_else, found).usage(), cost)
    if cost is not None or depth == _MOST_DEPTH:
        return Counted(cost=cost)
    return _counted_around(fields, depth)


def input_alone(fields: dict[str, JsonBytes]) -> Usage:
    """The input of a call that has no output, where only the sum of both is counted (Voyage)."""
    usage = _decoded(fields.get("usage", b"null"))
    return Usage(input_tokens=lenient_count(usage.get("total_tokens"))) if isinstance(usage, dict) else UNKNOWN_USAGE


def _counted_around(fields: dict[str, JsonBytes], depth: int) -> Counted:
    for name in _AROUND:
        raw = fields.get(name)
        if raw is None:
            continue
        for _ in range(_MOST_DEPTH):
            # LangChain's generations are in arrays of arrays.
            raw = _first_item(raw)
        if kind_of(raw) != "object" or len(memoryview(raw)) > _MOST_BYTES_AROUND:
            continue
        try:
            found = counted_in(object_fields(raw), depth + 1)
        except DocumentError:
            continue
        if found != NOTHING_COUNTED:
            return found
    return NOTHING_COUNTED


def _first_item(raw: JsonBytes) -> JsonBytes:
    if kind_of(raw) != "array" or len(memoryview(raw)) > _MOST_BYTES_AROUND:
        return raw
    try:
        return next(iter(array_items(raw)), raw)
    except DocumentError:
        return raw


def _details_of_tgi(raw: JsonBytes) -> dict[str, Any]:
    """text-generation-inference 3: the tokens of the prompt are listed, unless the caller did not want them."""
    details = _decoded(raw)
    if not isinstance(details, dict) or "generated_tokens" not in details:
        return {}
    prefill = details.get("prefill")
    length = details.get("input_length") or (len(prefill) if isinstance(prefill, list) and prefill else None)
    return {"input_tokens": length, "output_tokens": details["generated_tokens"]}


def _results_of_titan(fields: dict[str, JsonBytes]) -> dict[str, Any]:
    """Amazon Titan's texts have their own counts."""
    results = _decoded(fields["results"]) if "results" in fields and "inputTextTokenCount" in fields else None
    if not isinstance(results, list):
        return {}
    counts = [lenient_count(item.get("tokenCount")) for item in results[:_MOST_RESULTS] if isinstance(item, dict)]
    known = [count for count in counts if count is not None]
    return {"output_tokens": sum(known)} if known else {}


def _decoded(raw: JsonBytes) -> Any:
    if len(memoryview(raw)) > _MOST_BYTES:
        return None
    try:
        return loads(raw)
    except DocumentError:
        return None
