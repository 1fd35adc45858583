"""Finding words in a session: the box, how often they are there, where, and the marks in the texts."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode

from django.http import QueryDict
from markupsafe import Markup

from sessions_app.content.needles import Needle
from sessions_app.models import Project
from sessions_app.pages.html.components import component
from sessions_app.pages.html.marking import HERE, Marker
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.layout import Layout, layout_of
from sessions_app.queries.search.find import Hits, find_in_session
from sessions_app.queries.search_coverage import search_coverage
from sessions_app.queries.session import SessionFacts, SessionLines
from sessions_app.search_language import Query, QueryError, parse

MOST_LISTED = 100
ONLY_WORDS = "Here only words are looked for."
_TARGET = re.compile(r"([0-9a-f-]{32,36})(?:\.([0-9a-f]{0,32}))?")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the address leads: a request or step, and the digest of a stored part of it, as hex; "" for none."""

    request_id: uuid.UUID
    part: str

    def __str__(self) -> str:
        return f"{self.request_id}.{self.part}"


@dataclass(frozen=True, slots=True)
class FoundAt:
    """A text that has the words: the number of its request, the page of its session, who said it, and how often."""

    number: int
    page: str
    text: str
    role: str
    count: int
    target: Target

    @property
    def href(self) -> str:
        """A link to it. Only a few of thousands are written."""
        return address_of(self.page, self.text, self.target)


@dataclass(frozen=True)
class SessionFind:
    """What the box shows. `places` are all texts in order; `is_whole`: all requests were looked through.
    `is_indexed`: everything that is stored can be found already. `counts` by the index of a request.

    `current` is the index of the place that the address leads to. `number`: of the request there.
    """

    text: str
    error: str = ""
    session: uuid.UUID | None = None
    needles: Sequence[Needle] = ()
    is_whole: bool = True
    places: Sequence[FoundAt] = ()
    is_indexed: bool = True
    counts: Mapping[int, int] = field(default_factory=dict)
    target: Target | None = None
    current: int | None = None
    number: int | None = None

    @property
    def total(self) -> int:
        return sum(place.count for place in self.places)

    @property
    def requests(self) -> int:
        return len(self.counts)

    @property
    def listed(self) -> Sequence[FoundAt]:
        return self.places[:MOST_LISTED]

    @property
    def in_list(self) -> str:
        """The query of the list of requests that finds the same, page by page, however long the session is."""
        return urlencode({"q": f"session:{self.session} {self.text}"})

    @property
    def more(self) -> int:
        return max(len(self.places) - MOST_LISTED, 0)

    @property
    def place(self) -> int:
        """The number of the current place, 0 if there is none."""
        return 0 if self.current is None else self.current + 1

    @property
    def next(self) -> FoundAt | None:
        """The place after the current one; after the last the first."""
        if not self.places:
            return None
        return self.places[0 if self.current is None else (self.current + 1) % len(self.places)]

    @property
    def previous(self) -> FoundAt | None:
        """The place before the current one; before the first the last."""
        return self.places[(self.current or 0) - 1] if self.places else None


def find(
    project: Project, session: SessionFacts, lines: SessionLines, query: QueryDict, layout: Layout | None = None
) -> SessionFind:
    """Where the words are in the requests of a session, whose `layout` is made if that is needed.

    Filters in the text are not used here.
    """
    text = query.get("find", "")
    if not text.strip():
        return SessionFind("")
    try:
        parsed = parse(text)
    except QueryError as error:
        return SessionFind(text, error.message)
    needles, roles = needles_of(parsed), frozenset(parsed.values_of("in"))
    if not needles:
        return SessionFind(text, ONLY_WORDS)
    is_indexed = search_coverage(project).is_complete
    look = partial(find_in_session, project, session.id, session.buckets, needles, roles)
    found = _hits(lines, text, is_indexed, look)
    target = target_of(query.get("hit", ""))
    asked = {hit.request_id for hit in found.hits} | ({target.request_id} if target else set())
    numbers = _numbers(project, lines, layout, asked)
    page = Addresses(project.slug, session.id, len(lines.requests)).session
    hits = [(numbers[hit.request_id], hit) for hit in found.hits if hit.request_id in numbers]
    hits.sort(key=lambda one: one[0])
    counts: Counter[int] = Counter()
    for number, hit in hits:
        counts[number - 1] += hit.count
    places = [
        FoundAt(number, page, text, hit.role, hit.count, Target(hit.request_id, hit.digest.hex()))
        for number, hit in hits
    ]
    current = next((place for place, one in enumerate(places) if one.target == target), None)
    return SessionFind(
        text,
        session=session.id,
        needles=needles,
        is_whole=found.is_whole,
        places=places,
        is_indexed=is_indexed,
        counts=dict(counts),
        target=target,
        current=current,
        number=numbers.get(target.request_id) if target else None,
    )


def _hits(lines: SessionLines, text: str, is_indexed: bool, look: Callable[[], Hits]) -> Hits:
    """What `look` finds. Who goes from one place to the next asks for the same words again, so it is kept with the
    lines; not if more may be found the next time.
    """
    found = lines.derived.for_state("hits", text, look)
    if not (found.is_whole and is_indexed):
        lines.derived.drop("hits")
    return found


def needles_of(query: Query) -> list[Needle]:
    """The words that a query asks for."""
    return [clause.needle for clause in query.texts if not clause.negated]


def _numbers(
    project: Project, lines: SessionLines, layout: Layout | None, asked: Set[uuid.UUID]
) -> dict[uuid.UUID, int]:
    """The numbers of requests; of a step that of the request which it is beside."""
    found = {line.id: index + 1 for index, line in enumerate(lines.requests)}
    steps = [step.id for step in lines.steps if step.id in asked] if lines.requests else []
    if steps:
        owners = (layout or layout_of(project, lines)).owners
        found |= {step: max(owners.get(step, 0), 0) + 1 for step in steps}
    return found


def address_of(page: str, text: str, target: Target) -> str:
    """The page of a session or request at a place where words were found."""
    return f"{page}?{urlencode({'find': text, 'hit': str(target)})}#{HERE}"


def target_of(text: str) -> Target | None:
    """The place that a parameter names; None if it names none."""
    match = _TARGET.fullmatch(text)
    try:
        return Target(uuid.UUID(match[1]), match[2] or "") if match else None
    except ValueError:
        return None


def marked(found: SessionFind, html: Markup, addresses: Addresses) -> Markup:
    """The requests of a page with the words marked, and the place that the address leads to as its target."""
    marker = Marker(found.needles)
    marker.read(html)
    if found.target and found.number:
        href = address_of(addresses.request(found.target.request_id), found.text, found.target)
        marker.point_at(found.number, found.target.part, component("thread", "hit_note")(HERE, href))
    return marker.html()
