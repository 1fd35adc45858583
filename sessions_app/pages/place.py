"""A request in its session, and the facts that pages show of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sessions_app.models import Project, RequestLog
from sessions_app.pages.addresses import Addresses
from sessions_app.pages.facts import facts_of
from sessions_app.queries.lookup import find_request
from sessions_app.queries.session import RequestLine, SessionFacts, find_session, load_lines
from sessions_app.queries.thread import Stretch, index_of


@dataclass(frozen=True, slots=True)
class Place:
    """A request in its session: the session's requests in order, and which of them it is."""

    log: RequestLog
    session: SessionFacts
    lines: list[RequestLine]
    index: int
    addresses: Addresses

    @property
    def number(self) -> int:
        return self.index + 1

    @property
    def url(self) -> str:
        return self.addresses.request(self.log.id)

    def neighbour(self, step: int) -> RequestLine | None:
        index = self.index + step
        return self.lines[index] if 0 <= index < len(self.lines) else None


def place_of(project: Project, request_id: uuid.UUID) -> Place | None:
    """Where a request of this project stands; None when it is not there."""
    log = find_request(request_id, project.pk)
    session = find_session(project.pk, log.session_id) if log else None
    lines = load_lines(session) if session else []
    index = index_of(lines, request_id)
    if log is None or session is None or index is None:
        return None
    return Place(log, session, lines, index, Addresses(project.slug, session.id, len(lines)))


def whole_number(text: str, default: int) -> int:
    """A whole number out of an address; `default` for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else default


def facts_context(project: Project, place: Place, stretch: Stretch) -> dict[str, Any]:
    """What `_request_facts.html` shows of a request."""
    facts = facts_of(place.log, place.lines, place.index, stretch, place.addresses)
    return {"project": project, "place": place, "line": place.lines[place.index], "facts": facts}
