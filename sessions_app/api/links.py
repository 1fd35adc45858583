"""Addresses of a project's pages, as the API tells them to programs."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest


def origin_of(request: HttpRequest) -> str:
    """The scheme and host that the client called."""
    return request.build_absolute_uri("/").removesuffix("/")


class PageLinks:
    """The pages of one project. `origin`: the scheme and host that the client called."""

    def __init__(self, origin: str, project_slug: str) -> None:
        self._base = f"{origin}/p/{project_slug}/"

    @classmethod
    def asked_by(cls, request: HttpRequest, project_slug: str) -> PageLinks:
        # Made once an answer: to make an address absolute takes longer than all else about a list's item.
        return cls(origin_of(request), project_slug)

    def session(self, session_id: UUID) -> str:
        return f"{self._base}sessions/{session_id}/"

    def place(self, session_id: UUID, words: str, request_log_id: UUID, digest: bytes) -> str:
        """A part of a request on the page of its session, where words were found (`pages/session/find.py`)."""
        query = urlencode({"find": words, "hit": f"{request_log_id}.{digest.hex()}"})
        return f"{self.session(session_id)}?{query}#hit"

    def corrections(self, session_id: UUID) -> str:
        return f"{self._base}sessions/{session_id}/corrections/"

    def request(self, request_log_id: UUID) -> str:
        return f"{self._base}requests/{request_log_id}/"
