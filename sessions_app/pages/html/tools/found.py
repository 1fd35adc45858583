"""Lists that tools return: pages that a search found, and places in files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Any, NamedTuple

from sessions_app.pages.html.tools.reading import is_text, read

_TITLES = ("title", "name", "headline")
_ADDRESSES = ("url", "link", "href", "uri", "source")
_SNIPPETS = ("snippet", "description", "summary", "text", "content", "body", "excerpt")
_LISTS = ("results", "items", "hits", "organic", "organic_results", "sources", "documents", "data", "matches")


class SearchHit(NamedTuple):
    """What a search found; `rest` are the members that are none of these."""

    title: str
    address: str
    snippet: str
    rest: dict[str, Any]


class SearchHits(NamedTuple):
    """What a search found, and what it says beside that."""

    hits: Sequence[SearchHit]
    rest: dict[str, Any]


def hits_of(value: Any) -> SearchHits | None:
    """What a search found: objects with a title and an address. None for data of any other shape."""
    rest: dict[str, Any] = {}
    if isinstance(value, dict):
        name = next((name for name in _LISTS if isinstance(value.get(name), list)), "")
        rest = {key: item for key, item in value.items() if key != name}
        value = value.get(name)
    if not isinstance(value, list) or not value:
        return None
    hits = [_hit(item) for item in value]
    found = [hit for hit in hits if hit]
    return SearchHits(found, rest) if len(found) == len(hits) else None


# Claude Code's search writes what it found as JSON within its answer.
_LINKS = re.compile(r"^(?:Links|Results|Sources): (?=\[)", re.MULTILINE)
_MOST_BEFORE = 2_000


def hits_within(text: str) -> tuple[str, SearchHits, str] | None:
    """What a search found, from a line of JSON in its text, with what stands before and after the line."""
    begin = _LINKS.search(text[:_MOST_BEFORE])
    if begin is None:
        return None
    end = text.find("\n", begin.end())
    end = len(text) if end < 0 else end
    hits = hits_of(read(text[begin.end() : end]))
    return (text[: begin.start()].strip("\n"), hits, text[end:].strip("\n")) if hits else None


def _hit(item: Any) -> SearchHit | None:
    if not isinstance(item, dict):
        return None
    parts: list[str] = []
    rest = dict(item)
    for names in (_TITLES, _ADDRESSES, _SNIPPETS):
        named = next((name for name in names if is_text(rest.get(name)) and rest[name]), "")
        parts.append(rest.pop(named) if named else "")
    title, address, snippet = parts
    return SearchHit(title, address, snippet, rest) if title and address.startswith(("https://", "http://")) else None


# --- places in files ------------------------------------------------------------------------------------------------

# `path:12:text` of grep, `path:12-text` of its context, with a column after the number or without.
_PLACE = re.compile(r"([^\s:][^:\n]{0,400}):(\d{1,9})([:-])(.*)")
_CONTEXT = re.compile(r"(.{1,400}?)-(\d{1,9})-(.*)")
_SHARE = 0.6


class FileMatch(NamedTuple):
    """A line that was found; `path` and `number` are None for a line that names no place."""

    path: str | None
    number: int | None
    text: str


def places_of(text: str) -> Sequence[FileMatch] | None:
    """The places that a text lists; None if few of its lines name one."""
    lines = text.rstrip("\n").split("\n")
    found = [_place(line) for line in lines]
    paths = {place.path for place in found if place.path is not None}
    found = [_context(place, paths) if place.path is None else place for place in found]
    count = sum(place.path is not None for place in found)
    is_list = count >= _SHARE * sum(bool(line.strip(" -")) for line in lines)
    return found if paths and is_list else None


def _context(line: FileMatch, paths: Set[str]) -> FileMatch:
    """A line of the context of a place, which has the path of one."""
    match = _CONTEXT.fullmatch(line.text)
    return FileMatch(match[1], int(match[2]), match[3]) if match and match[1] in paths else line


def _place(line: str) -> FileMatch:
    match = _PLACE.fullmatch(line)
    return FileMatch(match[1], int(match[2]), match[4]) if match else FileMatch(None, None, line)


def by_path(places: Sequence[FileMatch]) -> Iterator[tuple[str | None, list[FileMatch]]]:
    """The same in groups: neighbours of one file together."""
    group: list[FileMatch] = []
    for place in places:
        if group and place.path != group[-1].path:
            yield group[-1].path, group
            group = []
        group.append(place)
    if group:
        yield group[-1].path, group
