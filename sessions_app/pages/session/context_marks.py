"""Where the context of a session was compacted or shrank, from the light lines of its requests alone."""

from __future__ import annotations

from collections.abc import Sequence

from sessions_app.pages.html.formats import tokens
from sessions_app.pages.session.outline_tree import summaries_of
from sessions_app.queries.session import RequestLine
from sessions_app.structure.timeline import Structure

# A context that loses this part of its tokens shrank, unless it was small.
_LOST, _LEAST_TOKENS = 0.4, 2_000


def context_marks(lines: Sequence[RequestLine], structure: Structure) -> dict[int, str]:
    """What happened to the context, by the index of the request before which it did."""
    found: dict[int, str] = {}
    summaries = summaries_of(lines)
    for index, (line, base) in enumerate(zip(lines, structure.continues, strict=True)):
        before = lines[base] if base is not None else None
        if index in summaries and base not in summaries:
            found[index] = "goes on from a summary"
        elif before is not None and base is not None and (words := _shrunk(line, before)):
            found[index] = f"{words} since request {base + 1}"
    return found


def _shrunk(line: RequestLine, before: RequestLine) -> str:
    """`context shrank from 90k to 12k tokens`; "" if it did not, or if that is not known."""
    now, then = line.input_tokens, before.input_tokens
    # Of a call that failed, providers report 0 tokens, whatever its prompt was.
    if not now or then is None or then < _LEAST_TOKENS or now > then * (1 - _LOST) or line.model != before.model:
        return ""
    return f"context shrank from {tokens(then)} to {tokens(now)} tokens"
