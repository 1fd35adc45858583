"""The requests of a session at which it branches, and those that repeat one that failed."""

from __future__ import annotations

import uuid

from sessions_app.models import Project
from sessions_app.queries.session import find_session, load_all_lines, structure_of


def forks_and_retries(project: Project, session_id: uuid.UUID) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """The requests of a session that several others continue, and those that repeat one that failed."""
    facts = find_session(project.pk, session_id)
    if facts is None:
        return set(), set()
    lines = load_all_lines(facts).requests
    found = structure_of(lines)
    forks = {lines[index].id for index in found.forks}
    return forks, {lines[index].id for index, place in found.places.items() if place}
