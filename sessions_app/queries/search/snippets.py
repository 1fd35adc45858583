"""What was found, in a few words around it, and where."""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeAlias

from sessions_app.content.needles import Needle
from sessions_app.queries.search.contents import Content, FoundRow, SaidText, load_contents
from sessions_app.queries.search.walk import FoundSession

MOST_SNIPPETS = 3
CHARS_BEFORE, CHARS_AFTER = 60, 160

_Place: TypeAlias = tuple[Content, SaidText]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A place where something was found. `pieces`: texts, and whether each is what was found.

    `digest`: of the part that has it, b"" for a text beside the messages, such as that of an error. `role`: user,
    assistant, system, tool, error, another one of the sender, or "". `is_cut`: whether text is left out before and
    after.
    """

    session_id: uuid.UUID
    request_id: uuid.UUID
    started_at: datetime
    role: str
    digest: bytes
    pieces: tuple[tuple[str, bool], ...]
    is_cut: tuple[bool, bool]


def add_contents(found: Sequence[FoundSession], needles: Mapping[int, Needle]) -> None:
    """Read the first requests of each session that may have a needle, as far as nobody did; two statements."""
    missing = [row for one in found for row in _first_rows(one, needles) if row.id not in one.contents]
    loaded = load_contents(missing, {one.id: None for one in found})
    for one in found:
        one.contents.update({row.id: loaded[row.id] for row in _first_rows(one, needles) if row.id in loaded})


def snippets_of(found: FoundSession, needles: Mapping[int, Needle], roles: frozenset[str]) -> list[Snippet]:
    """The first places in a session, at most MOST_SNIPPETS: one in each request if there are several.

    What a client sends back in another form is the same place: it is where it came first.
    """
    contents = [found.contents[row.id] for row in _first_rows(found, needles) if row.id in found.contents]
    seen: set[Hashable] = set()
    each: list[list[_Place]] = []
    for number, content in enumerate(contents):
        # All places in a request tell what a later one only repeats. Of what is read piece by piece, and of the last
        # one, no more are looked for than may be shown.
        is_last = number == len(contents) - 1
        left = MOST_SNIPPETS - sum(map(bool, each)) if is_last else MOST_SNIPPETS
        most = left if content.is_large or is_last else None
        each.append(list(islice(_places(content, needles.values(), roles, seen), most)))
    first = [places[0] for places in each if places]
    rest = [place for places in each for place in places[1:]]
    chosen = [_snippet(*place, needles.values()) for place in (first + rest)[:MOST_SNIPPETS]]
    return sorted(chosen, key=lambda snippet: snippet.started_at)


def snippets_of_request(content: Content, needles: Sequence[Needle], roles: frozenset[str]) -> list[Snippet]:
    """The first places in a request, at most MOST_SNIPPETS."""
    return [_snippet(*place, needles) for place in islice(_places(content, needles, roles, set()), MOST_SNIPPETS)]


def more_rows(found: FoundSession, needles: Mapping[int, Needle]) -> int:
    """In how many further requests of the session the index has it."""
    rows = {row.id for place in needles for row in found.rows.get(place, ())}
    return max(len(rows) - len(list(_first_rows(found, needles))), 0)


def _first_rows(found: FoundSession, needles: Mapping[int, Needle]) -> Iterable[FoundRow]:
    rows = {row.id: row for place in needles for row in found.rows.get(place, ())[:MOST_SNIPPETS]}
    return sorted(rows.values(), key=lambda row: (row.started_at, row.id))[:MOST_SNIPPETS]


def _places(
    content: Content, needles: Iterable[Needle], roles: frozenset[str], seen: set[Hashable]
) -> Iterator[_Place]:
    """The texts in which something is found, but for messages that were `seen` before."""
    for piece in content.pieces(roles, needles):
        is_found = any(needle.is_in(piece.original.normal) for needle in needles)
        if is_found and (meaning := content.meaning(piece)) not in seen:
            seen.add(meaning)
            # A part beside the messages, such as a system prompt, may differ in what is no text.
            if piece.digest:
                if (text := (piece.role, piece.original.normal)) in seen:
                    continue
                seen.add(text)
            yield content, piece


def _snippet(content: Content, piece: SaidText, needles: Iterable[Needle]) -> Snippet:
    text = piece.original.text
    found = sorted(span for needle in needles for span in needle.spans(piece.original.normal, 10))
    spans = piece.original.spans(found)
    first, last = spans[0]
    start, end = max(first - CHARS_BEFORE, 0), min(last + CHARS_AFTER, len(text))
    # At a word's beginning, if one is near.
    if start and (space := text.find(" ", start, first)) >= 0:
        start = space + 1
    pieces: list[tuple[str, bool]] = []
    place = start
    for begin, stop in spans:
        if begin >= place and stop <= end:
            pieces += [(_line(text[place:begin]), False), (_line(text[begin:stop]), True)]
            place = stop
    pieces.append((_line(text[place:end]), False))
    kept = tuple(one for one in pieces if one[0])
    row, is_cut = content.row, (start > 0, end < len(text))
    return Snippet(row.session_id, row.id, row.started_at, piece.role, piece.digest, kept, is_cut)


def _line(text: str) -> str:
    """A text in one line; a space at either end stays one."""
    inner = " ".join(text.split())
    if not inner:
        return " " if text else ""
    return f"{' ' * text[0].isspace()}{inner}{' ' * text[-1].isspace()}"
