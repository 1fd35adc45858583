"""What calls that are no conversation answered, in few words: `12 × 1536 floats`, `flagged: violence`, `3 ranked`."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sessions_app.pages.html.formats import exact, size
from sessions_app.pages.thread.wording import counted

FLOAT_BYTES = 4
# So many categories and scores are told of one text, and so many verdicts of one call.
MOST_CATEGORIES, MOST_VERDICTS = 12, 20
# Vectors may stand in so many lists and objects.
_MOST_LEVELS = 4
_NAME_CHARS = 60


class AnswerItem(msgspec.Struct):
    """An item of an answer's list, with the members that are described. Any of them may be of any kind."""

    embedding: msgspec.Raw = msgspec.Raw(b"")
    embeddings: msgspec.Raw = msgspec.Raw(b"")
    flagged: Any = None
    categories: Any = None
    category_scores: Any = None
    relevance_score: Any = None
    relevanceScore: Any = None
    score: Any = None


@dataclass(frozen=True, slots=True)
class Told:
    """An answer in a few words, and in lines below each other. `ranking`: where of an input list each item stands."""

    words: str
    lines: Sequence[str] = ()
    ranking: bool = False


_ITEMS = msgspec.json.Decoder(list[AnswerItem] | AnswerItem)
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def told(content: bytes) -> Told | None:
    """What a part of an answer says; None for what is not recognised."""
    if content.lstrip()[:1] not in (b"[", b"{"):
        return None
    try:
        found = _ITEMS.decode(content)
    except (msgspec.MsgspecError, RecursionError):
        # A list of vectors, or of texts.
        return _vectors(content)
    items = found if isinstance(found, list) else [found]
    return next(filter(None, (read(items) for read in (_embeddings, _moderation, _ranking))), None) or _vectors(content)


# --- vectors --------------------------------------------------------------------------------------------------------


def _embeddings(items: list[AnswerItem]) -> Told | None:
    raws = [bytes(item.embedding) or bytes(item.embeddings) for item in items]
    sizes = [_floats_in(raw) if raw[:1] == b'"' else next(iter(_sizes(raw)), None) for raw in raws]
    return _sized([size for size in sizes if size is not None])


def _vectors(content: bytes) -> Told | None:
    return _sized(_sizes(content))


def _sized(sizes: list[int]) -> Told | None:
    if not sizes:
        return None
    return Told(f"{exact(len(sizes))} × {exact(sizes[0])} floats" if sizes[0] else counted(len(sizes), "embedding"))


def _sizes(raw: bytes, level: int = 0) -> list[int]:
    """The lengths of the vectors in a value: a list of numbers, or a list or object of such.

    Where the same vectors come in several types (Cohere, Titan), those of the first one.
    """
    raw = raw.strip()
    if level > _MOST_LEVELS:
        return []
    try:
        if raw.startswith(b"{"):
            found = (_sizes(bytes(inner), level + 1) for inner in _MEMBERS.decode(raw).values())
            return next(filter(None, found), [])
        if _NUMBERS.match(raw):
            return [raw.count(b",") + 1]
        if not raw.startswith(b"["):
            return []
        return [size for inner in _RAWS.decode(raw) for size in _sizes(bytes(inner), level + 1)[:1]]
    except (msgspec.MsgspecError, RecursionError):
        return []


# A list that begins with a number.
_NUMBERS = re.compile(rb"\[\s*-?\d")


def _floats_in(raw: bytes) -> int:
    """How many 4-byte floats a text in base64 holds."""
    try:
        return len(base64.b64decode(raw.strip(b'"'))) // FLOAT_BYTES
    except ValueError:
        return 0


# --- verdicts and rankings ------------------------------------------------------------------------------------------


def _moderation(items: list[AnswerItem]) -> Told | None:
    """The verdicts: which text is flagged as what, and how sure that is."""
    known = [item for item in items if isinstance(item.flagged, bool)]
    if not known:
        return None
    names = sorted({name for item in known for name in _flagged(item)})
    is_flagged = any(item.flagged for item in known)
    words = "flagged" + (f": {', '.join(names[:MOST_CATEGORIES])}" if names else "") if is_flagged else "not flagged"
    lines = [_verdict(number, item, len(known)) for number, item in enumerate(known[:MOST_VERDICTS], 1)]
    if len(known) > MOST_VERDICTS:
        lines.append(f"and {counted(len(known) - MOST_VERDICTS, 'more verdict')}")
    return Told(words, list(filter(None, lines)))


def _flagged(item: AnswerItem) -> list[str]:
    return [_plain(name) for name, hit in _object(item.categories) if hit is True]


def _verdict(number: int, item: AnswerItem, count: int) -> str:
    """`Input 2: violence 0.91, hate 0.2`, the highest scores first."""
    scores = [(name, score) for name, score in _object(item.category_scores) if _is_number(score) and score > 0]
    scores.sort(key=lambda pair: -pair[1])
    told = ", ".join(f"{_plain(name)} {score:.3g}" for name, score in scores[:MOST_CATEGORIES])
    said = ("flagged" if item.flagged else "not flagged") if count > 1 else ""
    named = f"Input {exact(number)}: " if count > 1 else ""
    return named + "; ".join(filter(None, (said, told)))


def _object(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _plain(name: str) -> str:
    """The name of a category of a moderation, without what no such name has."""
    return "".join(letter for letter in name[:_NAME_CHARS] if letter.isalnum() or letter in " /_-")


def _ranking(items: list[AnswerItem]) -> Told | None:
    scores = ((item.relevance_score, item.relevanceScore, item.score) for item in items)
    if not items or not all(any(map(_is_number, found)) for found in scores):
        return None
    return Told(f"{exact(len(items))} ranked", ranking=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# --- jobs and files -------------------------------------------------------------------------------------------------


def told_of_job(body: Any) -> str:
    """The state of a batch or another job, or what is known of a file; "" for anything else."""
    if not isinstance(body, dict):
        return ""
    if isinstance(listed := body.get("data"), list) and body.get("object") == "list":
        kinds = {item.get("object") for item in listed if isinstance(item, dict)}
        kind = next(iter(kinds)) if len(kinds) == 1 else None
        return counted(len(listed), _plain(kind) if isinstance(kind, str) else "object")
    facts: list[Callable[[dict[str, Any]], str]] = [_name, _purpose, _state, _counts, _bytes, _results]
    return ", ".join(filter(None, (fact(body) for fact in facts)))


def _text(body: dict[str, Any], *names: str) -> str:
    found = (body[name] for name in names if isinstance(body.get(name), str))
    return next(filter(None, found), "")[: 2 * _NAME_CHARS]


def _name(body: dict[str, Any]) -> str:
    return _text(body, "filename", "endpoint", "id")


def _purpose(body: dict[str, Any]) -> str:
    return f"for {purpose}" if (purpose := _text(body, "purpose")) else ""


def _state(body: dict[str, Any]) -> str:
    if body.get("deleted") is True:
        return "deleted"
    return _text(body, "status", "processing_status").replace("_", " ")


def _counts(body: dict[str, Any]) -> str:
    counts = _object(body.get("request_counts"))
    return ", ".join(f"{exact(count)} {_plain(name)}" for name, count in counts if type(count) is int and count)


def _bytes(body: dict[str, Any]) -> str:
    count = body.get("bytes")
    return size(count) if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else ""


def _results(body: dict[str, Any]) -> str:
    name = _text(body, "output_file_id", "fine_tuned_model", "results_url")
    return f"results in {name}" if name else ""
