"""The lanes of sub-agents: the run that a tool call started, folded into one line with its sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from sessions_app.content.blocks import Message, ToolCallBlock
from sessions_app.content.messages import read_message
from sessions_app.content.tasks import call_that_asks, task_of
from sessions_app.pages.html.components import joined, sentence
from sessions_app.pages.html.formats import cost, duration, exact, tokens
from sessions_app.pages.html.pieces import code, link
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.wording import counted, ranges
from sessions_app.queries.session import RequestLine
from sessions_app.queries.window import Window
from sessions_app.records import ERROR
from sessions_app.structure import timeline
from sessions_app.structure.runs import Run, Runs
from sessions_app.structure.tool_failures import new_failures

NAME_CHARS = 80
# A call may start several agents. Of more than these, the number is told.
MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class LaneView:
    """What the line of a folded run says. `is_open`: it began on an earlier page."""

    number: int
    words: Markup
    sums: str
    is_error: bool
    is_open: bool


def lane_view(run: Run, window: Window, is_open: bool) -> LaneView:
    """The line of a run. Its sums are those of all its requests, on whichever page they are."""
    lines = [window.lines[index] for index in run.members]
    # No link: it stands in what opens the run. The first request of the run has one.
    starter = f"request {exact(run.starter + 1)}"
    name = started_by_call(run, window)
    by = sentence("{} of {}", code(name), starter) if name else starter
    numbers = ranges([index + 1 for index in run.members])
    noun = "request" if len(lines) == 1 else "requests"
    if run.tool:
        words = sentence("Within the tool {}: {} {}, called by {}", code(name), noun, numbers, starter)
    else:
        words = sentence("Sub-agent: {} {}, started by {}", noun, numbers, by)
    failed = any(line.status == ERROR for line in lines)
    brought = sum(new_failures(lines).values())
    return LaneView(run.first + 1, words, sums(lines, brought), failed, is_open)


def run_name(run: Run, runs: Runs, lines: Sequence[RequestLine]) -> str:
    """What tells a run from others: its tool and what the sub-agent was asked, else its number among those that one
    request started.
    """
    if asked := lines[run.first].input_preview:
        return ": ".join(filter(None, (run.tool, asked)))[:NAME_CHARS]
    beside = runs.started_by.get(run.starter, [])
    number = f" {exact(beside.index(run) + 1)}" if len(beside) > 1 and run in beside else ""
    return f"{run.tool[:NAME_CHARS] or 'sub-agent'}{number} of {exact(run.starter + 1)}"


def sums(lines: Sequence[RequestLine], tool_failures: int) -> str:
    """`3 requests · 1.2k → 310 tokens · $0.004 · 4.2 s · 1 failed`; what is not known is left out."""
    read, written = (_known(line.input_tokens for line in lines), _known(line.output_tokens for line in lines))
    costs = [line.cost for line in lines if line.cost is not None]
    extent = timeline.span_of(lines)
    failed = sum(line.status == ERROR for line in lines)
    pieces = [counted(len(lines), "request")]
    pieces += [f"{tokens(read)} → {tokens(written)} tokens"] if read is not None or written is not None else []
    pieces += [cost(sum(costs, Decimal(0)))] if costs else []
    pieces += [duration(extent.wall)] if extent and extent.wall else []
    pieces += [f"{exact(failed)} failed"] if failed else []
    pieces += [counted(tool_failures, "tool failure")] if tool_failures else []
    return " · ".join(pieces)


def _known(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def started_by_call(run: Run, window: Window) -> str:
    """The name of the tool whose call started a run; "" if the call was not read with the page."""
    if run.tool:
        return run.tool[:NAME_CHARS]
    if run.starter not in window.details or run.first not in window.details:
        return ""
    calls = [
        block
        for digest in window.outputs(run.starter)
        for block in _message(window, digest, "assistant").blocks
        if isinstance(block, ToolCallBlock)
    ]
    count = window.added[run.first].count if run.first in window.added else 0
    for position in range(count - 1, max(count - 4, -1), -1):
        found = window.history_digest(run.first, position)
        message = _message(window, found[0], found[1]) if found else None
        if message and message.role == "user":
            call = call_that_asks(calls, task_of(message))
            return call.name[:NAME_CHARS] if call else ""
    return ""


def _message(window: Window, digest: bytes, role: str) -> Message:
    part = window.parts.get(digest)
    return read_message(part.content, role) if part and part.content is not None else Message(role, [])


def started_words(runs: Sequence[Run], window: Window, addresses: Addresses) -> Markup:
    """What the tool calls of a request started: `delegate started requests 2–4 (sub-agent)`."""
    words = [_started(run, window, addresses) for run in runs[:MOST_NAMED]]
    if len(runs) > MOST_NAMED:
        words.append(sentence("{} more", exact(len(runs) - MOST_NAMED)))
    return joined(words, "; ")


def _started(run: Run, window: Window, addresses: Addresses) -> Markup:
    numbers = ranges([index + 1 for index in run.members])
    noun = "request" if len(run.members) == 1 else "requests"
    target = link(addresses.in_session(run.first + 1), f"{noun} {numbers}")
    name = started_by_call(run, window)
    if run.tool:
        return sentence("{} made {}", code(name), target)
    return sentence("{} started a sub-agent: {}", code(name) if name else "a tool call", target)
