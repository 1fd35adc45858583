"""How the tool results of one request went: those that it sent, in its history too, and those in its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sessions_app.content.blocks import ToolCallBlock, ToolResultBlock
from sessions_app.content.documents import PartKind
from sessions_app.content.messages import read_message
from sessions_app.content.outcomes import outcome_of
from sessions_app.content.packed_digests import unpack_digests
from sessions_app.models import RequestLog
from sessions_app.queries.content import load_bundles, load_parts

MOST_RESULTS = 1_000


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool's result: "" and False where nothing is known. `in_answer`: the provider ran the tool."""

    call_id: str
    name: str
    status: str
    reason: str
    in_answer: bool


def tool_results(log: RequestLog) -> list[ToolResult]:
    """The results in a request and its answer, in order: at most MOST_RESULTS; two or three statements."""
    return [] if log.kind != "llm" or log.step else list(islice(_results(log), MOST_RESULTS))


def _results(log: RequestLog) -> Iterator[ToolResult]:
    packed = [bytes(log.input_parts), bytes(log.output_parts)]
    bundles = load_bundles(log.session_id, [log.bucket], packed)
    inputs, outputs = (unpack_digests(one, bundles) for one in packed)
    parts = load_parts(log.session_id, [log.bucket], [*inputs, *outputs])
    names: dict[str, str] = {}
    for digest, in_answer in [*((d, False) for d in inputs), *((d, True) for d in outputs)]:
        part = parts.get(digest)
        if part is None or part.content is None or part.kind is not PartKind.MESSAGE:
            continue
        for block in read_message(part.content, "assistant" if in_answer else "user").blocks:
            if isinstance(block, ToolCallBlock):
                names[block.id] = block.name
            elif isinstance(block, ToolResultBlock):
                outcome = outcome_of(block)
                name = block.name or names.get(block.call_id, "")
                yield ToolResult(block.call_id, name, outcome.status, outcome.reason, in_answer)
