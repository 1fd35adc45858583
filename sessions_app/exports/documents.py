"""A session as JSON, with the documents of its requests as they were sent."""

from __future__ import annotations

from collections.abc import Iterator

from sessions_app.api.export import written_requests
from sessions_app.api.serializers.sessions import SessionSerializer
from sessions_app.api.writing import written
from sessions_app.exports.session import ExportedSession


def json_pieces(exported: ExportedSession) -> Iterator[bytes]:
    """One object: the session, and its requests."""
    session = written(SessionSerializer(exported.session, context=exported.about).data)
    yield b'{"session":' + session + b',"requests":['
    between = b"\n"
    for request in written_requests(exported.session, exported.about):
        yield between + request
        between = b",\n"
    yield b"\n]}\n"


def jsonl_pieces(exported: ExportedSession) -> Iterator[bytes]:
    """A request a line."""
    for request in written_requests(exported.session, exported.about):
        yield request + b"\n"
