"""What must be said of a request beside its figures: that it was cut, broke off, has no end, or is reported twice."""

from __future__ import annotations

from collections.abc import Iterator

from sessions_app.pages.thread.wording import counted, ends_early, unfinished
from sessions_app.queries.requests import RequestRow
from sessions_app.queries.session import RequestLine
from sessions_app.records import StreamNote
from sessions_app.wire.fields import ERROR_CHARS


def notes_on(request: RequestRow | RequestLine) -> Iterator[str]:
    """Sentences without a full stop."""
    if words := unfinished(request):
        yield words
    if words := ends_early(request.finish_reason):
        yield f"{words} ({request.finish_reason})"
    problems, stream = StreamNote.apart(request.problems or ())
    if isinstance(request, RequestLine):
        stream = request.stream
    if stream and stream.is_broken_off:
        yield f"the stream broke off after {counted(stream.events, 'event')}"
    yield from problems
    if request.duplicate_of is not None:
        yield "reports the call of another request, and is not counted"


def error_note(message: str) -> str:
    """That the message of an error is only its beginning, if it may be so."""
    whole = "the documents of the request have all of it"
    return f"The first {ERROR_CHARS:,} characters of the error: {whole}" if len(message) >= ERROR_CHARS else ""
