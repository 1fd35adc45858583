"""How the tool results of one request went: those that it sent, in its history too, and those in its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sessions_app.content.blocks import ToolCallBlock
from sessions_app.content.documents import PartKind
from sessions_app.content.messages import read_message
from sessions_app.content.outcomes import outcome_of
from sessions_app.content.packed_digests import unpack_digests
from sessions_app.content.tool_matching import PlacedMessage, ResultPiece, match, pieces
from sessions_app.models import RequestLog
from sessions_app.queries.content import load_bundles, load_parts

MOST_RESULTS = 1_000
# The call of a result is looked for in so many earlier responses.
MOST_CONTINUED = 10


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool's result: "" and False where nothing is known. `in_answer`: the provider ran the tool."""

    call_id: str
    name: str
    status: str
    reason: str
    in_answer: bool


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a message stands: how many responses before the request, and its number among the messages there."""

    before: int
    number: int
    in_answer: bool


def tool_results(log: RequestLog) -> list[ToolResult]:
    """The results in a request and its answer, in order, at most MOST_RESULTS.

    Two or three statements. If a call is missing that a result answers, as many for each of the responses that the
    request continues by their ids.
    """
    return [] if log.kind != "llm" or log.step else list(islice(_results(log), MOST_RESULTS))


def _results(log: RequestLog) -> Iterator[ToolResult]:
    found = _messages(log, 0)
    results = _with_calls(found)
    for before, earlier in enumerate(_continued(log), 1):
        if all(piece.block.name or call.name for piece, _, call in results):
            break
        found = [*_messages(earlier, before), *found]
        results = _with_calls(found)
    for piece, place, call in results:
        outcome, block = outcome_of(piece.block, call), piece.block
        call_id, name = block.call_id or call.id, block.name or call.name
        yield ToolResult(call_id, name, outcome.status, outcome.reason, place.in_answer)


def _with_calls(found: list[PlacedMessage]) -> list[tuple[ResultPiece, _Origin, ToolCallBlock]]:
    """The results of the request itself, each with its call: an empty one if it is not in these messages."""
    stream = pieces(found).stream
    calls = {result.key: call.block for result, call in match(stream)}
    results = ((piece, piece.key[0]) for piece in stream if isinstance(piece, ResultPiece))
    return [
        (piece, place, calls.get(piece.key, ToolCallBlock()))
        for piece, place in results
        if isinstance(place, _Origin) and not place.before
    ]


def _continued(log: RequestLog) -> Iterator[RequestLog]:
    """The requests of its session that gave the responses which this one continues, the latest first."""
    for _ in range(MOST_CONTINUED):
        if log.previous is None:
            return
        requests = RequestLog.objects.filter(session_id=log.session_id, provides__contains=[log.previous])
        earlier = requests.exclude(id=log.id).order_by("started_at", "id").first()
        if earlier is None:
            return
        yield (log := earlier)


def _messages(log: RequestLog, before: int) -> list[PlacedMessage]:
    """The messages that a request sent, then those of its answer."""
    packed = [bytes(log.input_parts), bytes(log.output_parts)]
    bundles = load_bundles(log.session_id, [log.bucket], packed)
    inputs, outputs = (unpack_digests(one, bundles) for one in packed)
    parts = load_parts(log.session_id, [log.bucket], [*inputs, *outputs])
    found: list[PlacedMessage] = []
    for number, digest in enumerate([*inputs, *outputs]):
        part, in_answer = parts.get(digest), number >= len(inputs)
        if part is not None and part.content is not None and part.kind is PartKind.MESSAGE:
            message = read_message(part.content, "assistant" if in_answer else "user")
            found.append(PlacedMessage(message, _Origin(before, number, in_answer)))
    return found
