"""The folds of an outline: turns of the user, agents and runs of sub-agents, and pieces of what is very long."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sessions_app.content.composition import CLASSES, USER
from sessions_app.content.summaries import agent_of_summary
from sessions_app.pages.thread.layout import MOST_STEPS, Layout
from sessions_app.queries.kept import once
from sessions_app.queries.session import RequestLine, structure_of
from sessions_app.records import ERROR
from sessions_app.structure.nesting import is_event, trace_of
from sessions_app.structure.profiles import unpack
from sessions_app.structure.runs import MOST_LEVELS, Run, Runs

# Texts that begin alike are one prompt: the first request of a session keeps more of it than those that go on from it.
PROMPT_CHARS = 60
_USER = CLASSES.index(USER)
# A fold with more rows and folds than this is divided into pieces. A piece has so many.
MOST_CHILDREN, PIECE = 60, 50

Kind = Literal["turn", "run", "agent", "piece"]


@dataclass(slots=True, eq=False)
class OutlineRow:
    """A request with its index, or a step without one.

    `more` stands for steps that have no row: on which side of which request they are, and how many.
    """

    index: int | None
    line: RequestLine
    # The side of which request it stands on; "" for the request itself. The index is -1 before all requests.
    side: str = ""
    owner: int = -1
    more: tuple[str, int, int] | None = None
    # Whether its trace is another one than that of the row before; whether the user said something new with it.
    begins_trace: bool = False
    is_prompt: bool = False

    @property
    def leaf(self) -> OutlineRow:
        return self


@dataclass(slots=True, eq=False)
class Fold:
    """What stands under one head: rows and other folds. `start`, `end`: which rows of the outline these are."""

    kind: Kind
    start: int
    end: int = 0
    # The request whose prompt begins a turn, the run, or the agent's step.
    prompt: int = -1
    run: Run | None = None
    step: RequestLine | None = None
    content: list[Node] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Names it in an address."""
        return f"{self.kind}-{self.start}-{self.end}"

    @property
    def leaf(self) -> OutlineRow:
        """Its first row."""
        return self.content[0].leaf

    def rows(self) -> Iterator[OutlineRow]:
        """All rows in it and in the folds in it."""
        for node in self.content:
            if isinstance(node, Fold):
                yield from node.rows()
            else:
                yield node

    def own(self) -> Iterator[OutlineRow]:
        """Its rows without those of the agents that it started."""
        for node in self.content:
            if not isinstance(node, Fold):
                yield node
            elif node.kind == "piece":
                yield from node.own()


Node = OutlineRow | Fold


def all_rows(layout: Layout, runs: Runs) -> list[OutlineRow]:
    """All rows in the order of the page: those of a run together. With what begins at each."""
    rows, summaries = list(_by_time(layout)), summaries_of(layout.lines.requests)
    if runs:
        places = {index: place for place, index in enumerate(runs.in_order(layout.indices))}
        rows.sort(key=lambda row: places.get(row.owner, -1))
    trace: str | None = None
    said = PromptsSaid(layout.lines.requests)
    for row in rows:
        if layout.groups and not is_event(row.line):
            own = trace_of(row.line)
            row.begins_trace, trace = own != trace, own
        if row.index is not None and row.index not in summaries:
            row.is_prompt = said.note(row.index, agent_of(runs, row.index))
    return rows


MAIN = -1


def agent_of(runs: Runs, index: int) -> int:
    """The first request of the run that a request is in; MAIN outside of runs."""
    around = runs.around(index) if runs else []
    return around[-1].first if around else MAIN


class PromptsSaid:
    """What the user said first and last, to the main agent and to each sub-agent."""

    def __init__(self, lines: Sequence[RequestLine]) -> None:
        self._lines, self._structure = lines, structure_of(lines)
        self._first: dict[int, str] = {}
        self._last: dict[int, str] = {}

    def note(self, index: int, agent: int) -> bool:
        """Note what the user said with a request. Returns whether it is something else than with the one before, or the
        same again.
        """
        line = self._lines[index]
        text = line.input_preview[:PROMPT_CHARS]
        if not text or self._last.get(agent) == text:
            return bool(text) and self._said_again(index, text)
        # A client that sends the last messages alone keeps the first one, which is then the only one of the user's.
        if line.resent_count and self._first.get(agent) == text:
            return False
        self._first.setdefault(agent, text)
        self._last[agent] = text
        return True

    def _said_again(self, index: int, text: str) -> bool:
        """Whether the user said the same again, such as "go on": the prompt has as much more of the user's, and the
        answer before it called no tool.
        """
        parent = self._structure.parents[index]
        if parent is None or not (parent.is_linked and parent.is_whole):
            return False
        line, before = self._lines[index], self._lines[parent.index]
        own, other = unpack(line.profile), unpack(before.profile)
        if own is None or other is None or other.calls or before.status == ERROR:
            return False
        # Beside another branch it is the same message.
        beside = (one for one in self._structure.children.get(parent.index, ()) if one < index)
        if any(self._lines[one].input_preview[:PROMPT_CHARS] == text for one in beside):
            return False
        grown = own.chars[_USER] - (other.chars[_USER] if line.previous is None else 0)
        return grown >= len(text)


def is_summary(line: RequestLine) -> bool:
    """Whether what stands in the user's name is an agent's summary of what came before: a mark says so."""
    return bool(line.input_preview) and agent_of_summary(line.input_preview) is not None


def summaries_of(lines: Sequence[RequestLine]) -> frozenset[int]:
    """The indices of the requests in which a summary stands in the user's name."""
    return once(lines, "summaries", lambda: frozenset([i for i, line in enumerate(lines) if is_summary(line)]))


def _by_time(layout: Layout) -> Iterator[OutlineRow]:
    """All rows. Of many steps beside one request the first ones, as in the thread; then how many more there are."""
    beside: tuple[str, int] | None = None
    count = 0
    for place, index, line in layout.places:
        count = count + 1 if place == beside else 1
        beside = place
        if index is not None or count <= MOST_STEPS:
            yield OutlineRow(index, line, *place)
        elif count == MOST_STEPS + 1:
            yield OutlineRow(None, line, *place, (*place, len(layout.beside(*place)) - MOST_STEPS))


class _Ref(NamedTuple):
    """Which fold a row is in: a turn by the index of its prompt, a run by that of its first request, or an agent."""

    kind: Kind
    key: int | uuid.UUID
    run: Run | None = None
    step: RequestLine | None = None


def outline_tree(rows: Sequence[OutlineRow], layout: Layout, runs: Runs, start: int = 0) -> Fold:
    """The rows in their folds, in one that stands for all. `start`: the place of the first one in the whole outline."""
    root = Fold("piece", start, start + len(rows))
    turns = _turns(rows, runs)
    opened: list[Fold] = [root]
    before: list[_Ref] = []
    turn_before: int | uuid.UUID | None = None
    for place, row in enumerate(rows, start):
        if not (runs or row.line.span_id):
            turn = turns.get(row.owner)
            if turn_before == turn:
                # Many rows of a chat only go on with the turn of the row before.
                opened[-1].content.append(row)
                continue
            following = rows[place - start + 1] if place - start + 1 < len(rows) else None
            if following is None or (not following.line.span_id and turns.get(following.owner) != turn):
                # Many others are a turn by themselves, which has no fold.
                _close(opened, 1, place)
                root.content.append(row)
                before, turn_before = [], None
                continue
        around = list(_around(row, turns, layout, runs))
        same = 0
        for one, other in zip(before, around, strict=False):
            if one[:2] != other[:2]:
                break
            same += 1
        _close(opened, same + 1, place)
        for ref in around[same:]:
            fold = Fold(ref.kind, place, place, ref.key if isinstance(ref.key, int) else -1, ref.run, ref.step)
            opened[-1].content.append(fold)
            opened.append(fold)
        opened[-1].content.append(row)
        before = around
        turn_before = around[0].key if len(around) == 1 and around[0].kind == "turn" else None
    _close(opened, 0, start + len(rows))
    _simplify(root)
    return root


def _close(opened: list[Fold], keep: int, place: int) -> None:
    """End the folds that the row at a place is not in."""
    for fold in opened[keep:]:
        fold.end = place
    del opened[keep:]


def _turns(rows: Sequence[OutlineRow], runs: Runs) -> dict[int, int]:
    """By the index of each request, that of the one whose prompt began its turn; -1 before the first prompt."""
    turn = -1
    found: dict[int, int] = {}
    for row in rows:
        if row.index is not None:
            turn = row.index if row.is_prompt and not (runs and runs.around(row.index)) else turn
            found[row.index] = turn
    return found


def _around(row: OutlineRow, turns: Mapping[int, int], layout: Layout, runs: Runs) -> Iterator[_Ref]:
    """The folds around a row, from the outside in."""
    if (turn := turns.get(row.owner, -1)) >= 0:
        yield _Ref("turn", turn)
    agents = _agents(row.line, layout) if row.line.span_id else []
    for run in runs.around(row.owner) if runs else ():
        outside = {step.id for step in _agents(layout.lines.requests[run.starter], layout)}
        while agents and agents[0].id in outside:
            yield _Ref("agent", agents[0].id, step=agents.pop(0))
        yield _Ref("run", run.first, run)
    for step in agents:
        yield _Ref("agent", step.id, step=step)


def _agents(line: RequestLine, layout: Layout) -> list[RequestLine]:
    """The steps of agents around a request or step, from the outside in; itself if it is one."""
    if not line.span_id:
        return []
    around = [step for step in layout.traces.nesting.ancestors(line) if step.kind == "agent"]
    found = around[::-1] + ([line] if line.kind == "agent" and line.step else [])
    return found[:MOST_LEVELS]


def _simplify(fold: Fold) -> None:
    """A fold of a single row is that row alone, but for a run of a sub-agent."""
    for place, node in enumerate(fold.content):
        if isinstance(node, Fold):
            if len(node.content) > 1 or isinstance(node.content[0], Fold):
                _simplify(node)
            if len(node.content) == 1 and node.kind != "run" and not isinstance(node.content[0], Fold):
                fold.content[place] = node.content[0]


def in_pieces(nodes: Sequence[Node], start: int) -> Sequence[Node]:
    """The rows and folds in pieces, where they are too many to be written one after another."""
    while len(nodes) > MOST_CHILDREN:
        pieces: list[Node] = []
        for first in range(0, len(nodes), PIECE):
            content = list(nodes[first : first + PIECE])
            end = start + sum(map(_size, content))
            pieces.append(Fold("piece", start, end, content=content))
            start = end
        nodes, start = pieces, pieces[0].start if isinstance(pieces[0], Fold) else start
    return nodes


def _size(node: Node) -> int:
    return node.end - node.start if isinstance(node, Fold) else 1


def indices(rows: Iterable[OutlineRow]) -> list[int]:
    """The indices of the requests among the rows."""
    return [row.index for row in rows if row.index is not None]
