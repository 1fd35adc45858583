"""One session that is exported, and what every format must know of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from sessions_app.api.links import PageLinks
from sessions_app.models import Project, Session

# What is safe in the name of a file on any system.
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")
_NAME_CHARS = 40


@dataclass(frozen=True, slots=True)
class ExportedSession:
    """A session with its project. `origin`: the scheme and host of the pages to which it links. `zone`: in which the
    times are that people read.
    """

    session: Session
    project: Project
    origin: str
    zone: tzinfo = UTC

    @property
    def about(self) -> dict[str, Any]:
        """The context of serializers."""
        return {"project": self.project.slug, "links": self.links}

    @property
    def links(self) -> PageLinks:
        return PageLinks(self.origin, self.project.slug)

    def file_name(self, format: str) -> str:
        """`session-order-4711-1f0c9a3e.md`. A key is any text, so only its letters and digits are in the name."""
        key = _UNSAFE.sub("-", self.session.session_key or "")[:_NAME_CHARS].strip("-").lower()
        return "-".join(filter(None, ("session", key, self.session.pk.hex[:8]))) + f".{format}"
