"""GET /api/v1/sessions.jsonl: whole sessions as JSON lines, each with its requests and their documents as sent.

The answer is written piece by piece, so that it may be of any size. Memory holds one request at a time.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.db import connection
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.request import Request

from sessions_app.api import parameters
from sessions_app.api.errors import not_found
from sessions_app.api.insights import request_insights, session_insights
from sessions_app.api.schema import operation
from sessions_app.api.serializers.requests import DocumentsSerializer, ExportedSessionSerializer, RequestFactsSerializer
from sessions_app.api.serializers.sessions import SessionSerializer
from sessions_app.api.views import Endpoint
from sessions_app.api.writing import written
from sessions_app.models import BulkAction, Project, Session
from sessions_app.queries import content, contradictions, requests
from sessions_app.queries.chosen_sessions import next_chunk
from sessions_app.queries.insights import SessionInsights, insights_of

# So many sessions, so many requests without their documents, and so many documents are read at a time. What a request
# continues is looked for in its whole session, so that is not done for few.
CHUNK_SESSIONS, CHUNK_REQUESTS, CHUNK_DOCUMENTS = 20, 400, 20
# One piece of the answer has about so many bytes, or took so long. Each opens a connection to the database.
PIECE_BYTES, PIECE_SECONDS = 1_000_000, 0.5
_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


class Stopped(Exception):
    """The download was stopped. The connection breaks, so that nobody takes what came for the whole."""


class ExportEndpoint(Endpoint):
    """Sessions as JSON lines. The parameters are the filters of the list, or `action`: a selection made on the page."""

    http_method_names = ["get"]

    @operation(
        "export_sessions",
        "Read",
        {200: (ExportedSessionSerializer, "JSON lines: in each a session.")},
        (400,),
        parameters.ExportParameters,
        media_type="application/jsonl",
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Export sessions.

        All sessions that match, the oldest activity first, as JSON lines: a session with its requests, and each of
        these with its documents as sent. If the connection breaks, the file is not whole.
        """
        parameters.refuse_project(request, self.caller)
        project = parameters.project_of(request, self.caller)
        action = self._action(request, project)
        has_insights = parameters.INSIGHTS in parameters.included(request, parameters.INSIGHTS)
        lines = Lines(action, self.about_project(project.slug), has_insights).pieces()
        response = StreamingHttpResponse(in_threads(lines), content_type="application/jsonl")
        response.headers["Content-Disposition"] = f'attachment; filename="sessions-{project.slug}.jsonl"'
        return response

    def _action(self, request: Request, project: Project) -> BulkAction:
        """The selection, or one that is not stored for the filters."""
        named = request.query_params.get("action")
        if named is None:
            query = parameters.filters_of(request).url_query().removeprefix("?")
            return BulkAction(project=project, kind=BulkAction.DOWNLOAD, query=query, made_at=timezone.now())
        mine = BulkAction.objects.filter(project=project, kind=BulkAction.DOWNLOAD, user_id=request.user.pk or 0)
        action = mine.filter(pk=parameters.uuid_of(named, "action")).first()
        if action is None:
            raise not_found("action")
        # It begins anew: a file cannot be continued.
        mine.filter(pk=action.pk).update(state=BulkAction.RUNNING, done=0, ended_at=None)
        return action


class Lines:
    """Writes the lines of a download, and notes how far it is."""

    def __init__(self, action: BulkAction, about: dict[str, Any], has_insights: bool = False) -> None:
        self.action = action
        self.about = about
        self.has_insights = has_insights
        self.done = 0

    def pieces(self) -> Iterator[bytes]:
        place, more = "", True
        while more:
            chunk = next_chunk(self.action, place, CHUNK_SESSIONS)
            for session_id, _ in chunk.sessions:
                yield from self.session(session_id)
                self.done += 1
            place, more = chunk.place, bool(chunk.place)
            self.note(BulkAction.RUNNING if more else BulkAction.DONE)

    def session(self, session_id: uuid.UUID) -> Iterator[bytes]:
        session = Session.objects.filter(pk=session_id, project_id=self.action.project_id).first()
        if session is None:
            return
        insights = insights_of(session.project_id, session.pk) if self.has_insights else None
        of_session = {"insights": session_insights(insights)} if insights else {}
        head = written(SessionSerializer(session, context=self.about).data | of_session)
        before = head.removesuffix(b"}") + b',"requests":['
        for piece in written_requests(session, self.about, insights):
            yield before + piece
            before = b","
        yield (before if before != b"," else b"") + b"]}\n"

    def note(self, state: str) -> None:
        """Raises Stopped."""
        if self.action._state.adding:
            return
        running = BulkAction.objects.filter(pk=self.action.pk, state=BulkAction.RUNNING)
        ended = timezone.now() if state == BulkAction.DONE else None
        if not running.update(state=state, done=self.done, ended_at=ended):
            raise Stopped


def written_requests(
    session: Session, about: dict[str, Any], insights: SessionInsights | None = None
) -> Iterator[bytes]:
    """The requests and steps of a session in order, each as JSON with its documents. With `insights`, what these say
    of it.
    """
    for rows in requests.in_blocks(session, CHUNK_REQUESTS):
        context = {
            "session_key": session.session_key,
            "parents": requests.parents_of(rows, session),
            "standing": requests.standing_for(rows),
            "contradicted": contradictions.contradicted(session.id, [row.id for row in rows]),
            **about,
        }
        write = RequestFactsSerializer(context=context).to_representation
        for start in range(0, len(rows), CHUNK_DOCUMENTS):
            by_id = {row.id: row for row in rows[start : start + CHUNK_DOCUMENTS]}
            places = {row.id: row.bucket for row in by_id.values()}
            for log_id, documents in content.load_documents_of(session.id, places):
                said = {"insights": request_insights(insights, log_id)} if insights else {}
                yield _in_one_line(written(write(by_id[log_id]) | DocumentsSerializer(documents).data | said))


def _in_one_line(json: bytes) -> bytes:
    """Documents are as they came, with the line ends between their members. Within a text these are escaped."""
    return json.translate(_LINE_ENDS) if b"\n" in json or b"\r" in json else json


async def in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The event loop must not wait for the database."""
    while (piece := await asyncio.to_thread(_joined, pieces)) is not None:
        if piece:
            yield piece


def _joined(pieces: Iterator[bytes]) -> bytes | None:
    """The next pieces; None at the end. They may be empty before it."""
    joined, size, deadline = [], 0, time.monotonic() + PIECE_SECONDS
    try:
        for piece in pieces:
            joined.append(piece)
            size += len(piece)
            if size >= PIECE_BYTES or time.monotonic() >= deadline:
                break
        else:
            return b"".join(joined) if joined else None
    finally:
        # This thread is any of the loop's, and would keep the connection.
        connection.close()
    return b"".join(joined)
