"""Finding words in a session: the box, how often they are there, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sessions_app.models import Project
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.queries.search.find import find_in_session
from sessions_app.queries.search_coverage import search_coverage
from sessions_app.queries.session import RequestLine, SessionFacts
from sessions_app.search_language import QueryError, parse

MOST_LISTED = 100


@dataclass(frozen=True)
class FoundAt:
    """A text that has the words: the number of its request, a link to it, who said it, and how often."""

    number: int
    href: str
    role: str
    count: int


@dataclass(frozen=True)
class SessionFind:
    """What the box shows. `places` are the first MOST_LISTED of all; `is_whole`: all requests were looked
    through. `is_indexed`: everything that is stored can be found already."""

    text: str
    error: str = ""
    total: int = 0
    requests: int = 0
    is_whole: bool = True
    places: list[FoundAt] = field(default_factory=list)
    more: int = 0
    is_indexed: bool = True


def find(project: Project, session: SessionFacts, requests: Sequence[RequestLine], text: str) -> SessionFind:
    """Where the words are in the requests of a session. Filters in the text are not used here."""
    if not text.strip():
        return SessionFind("")
    try:
        query = parse(text)
    except QueryError as error:
        return SessionFind(text, error.message)
    needles = [clause.needle for clause in query.texts if not clause.negated]
    if not needles:
        return SessionFind(text, "Here only words are looked for.")
    roles = frozenset(query.values_of("in"))
    found = find_in_session(project, session.id, session.buckets, needles, roles)
    numbers = {line.id: index + 1 for index, line in enumerate(requests)}
    # What steps around the requests say has no number.
    hits = [(numbers[hit.request_id], hit) for hit in found.hits if hit.request_id in numbers]
    hits.sort(key=lambda one: one[0])
    addresses = Addresses(project.slug, session.id, len(requests))
    places = [
        FoundAt(number, _with_words(addresses.in_session(number), text), hit.role, hit.count)
        for number, hit in hits[:MOST_LISTED]
    ]
    total = sum(hit.count for _, hit in hits)
    in_requests = len({number for number, _ in hits})
    more, is_indexed = max(len(hits) - MOST_LISTED, 0), search_coverage(project).is_complete
    return SessionFind(text, "", total, in_requests, found.is_whole, places, more, is_indexed)


def _with_words(address: str, text: str) -> str:
    """A link that keeps the words."""
    path, _, fragment = address.partition("#")
    return f"{path}{'&' if '?' in path else '?'}{urlencode({'find': text})}#{fragment}"
