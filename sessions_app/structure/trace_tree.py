"""Requests and steps as a tree: as their traces nest, and the requests of a sub-agent's run together. Pure Python."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Generic, Protocol, TypeVar

from sessions_app.records import ERROR
from sessions_app.structure import timeline
from sessions_app.structure.nesting import Nesting, Spanned
from sessions_app.structure.runs import Run, Runs

# What is nested more deeply stands beside what is around it, so that a page can draw it.
MOST_DEPTH = 12


class TreeRow(Spanned, Protocol):
    """What must be known of a request or step to add it up."""

    @property
    def status(self) -> str: ...
    @property
    def step(self) -> bool: ...
    @property
    def input_tokens(self) -> int | None: ...
    @property
    def output_tokens(self) -> int | None: ...
    @property
    def cost(self) -> Decimal | None: ...


T = TypeVar("T", bound=TreeRow)


@dataclass(slots=True)
class Sums:
    """What the requests of a node come to. None is unknown for all of them."""

    requests: int = 0
    failed: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: Decimal | None = None

    def add(self, other: Sums) -> None:
        self.requests += other.requests
        self.failed += other.failed
        self.input_tokens = _sum(self.input_tokens, other.input_tokens)
        self.output_tokens = _sum(self.output_tokens, other.output_tokens)
        self.cost = other.cost if self.cost is None else self.cost + (other.cost or 0)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)


@dataclass(slots=True, eq=False)
class TreeNode(Generic[T]):
    """A request with its index, a step, or a run of a sub-agent. Its time and sums include what is inside of it."""

    begin: datetime
    end: datetime
    line: T | None = None
    index: int | None = None
    run: Run | None = None
    children: list[TreeNode[T]] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)

    @property
    def is_group(self) -> bool:
        """Whether it can be folded: it stands for what is inside of it."""
        return bool(self.children) and self.index is None

    def has(self, begin: datetime, end: datetime) -> bool:
        """Whether it ran at some time between two moments."""
        return self.begin <= end and self.end >= begin


Placed = tuple["TreeNode[T]", "tuple[TreeNode[T], ...]"]


def tree(order: Iterable[tuple[int | None, T]], nesting: Nesting[T], runs: Runs) -> list[TreeNode[T]]:
    """The outermost nodes by their start; `order` has the requests with their indices and the steps without."""
    builder = _Builder(_leaves(list(order)), nesting, runs)
    roots = builder.roots()
    for root in roots:
        if root.children:
            _add_up(root)
    return sorted(roots, key=_start)


def _leaves(order: Sequence[tuple[int | None, T]]) -> list[TreeNode[T]]:
    times = timeline.sane_times(line for _, line in order)
    return [
        TreeNode(begin, end, line, index, None, [], Sums() if index is None else _sums_of(line))
        for (index, line), (begin, end) in zip(order, times, strict=True)
    ]


def _sums_of(line: TreeRow) -> Sums:
    return Sums(1, int(line.status == ERROR), line.input_tokens, line.output_tokens, line.cost)


def _start(node: TreeNode[T]) -> datetime:
    return node.begin


def _add_up(node: TreeNode[T]) -> None:
    for child in node.children:
        if child.children:
            _add_up(child)
        node.begin, node.end = min(node.begin, child.begin), max(node.end, child.end)
        node.sums.add(child.sums)
    node.children.sort(key=_start)


class _Builder(Generic[T]):
    def __init__(self, leaves: Sequence[TreeNode[T]], nesting: Nesting[T], runs: Runs) -> None:
        self._leaves, self._nesting, self._runs = leaves, nesting, runs
        self._run_nodes: dict[int, TreeNode[T]] = {}
        self._roots: list[TreeNode[T]] = []

    # Most sessions have neither traces nor runs.
    @cached_property
    def _by_id(self) -> dict[uuid.UUID, TreeNode[T]]:
        return {leaf.line.id: leaf for leaf in self._leaves if leaf.line}

    @cached_property
    def _by_index(self) -> dict[int, TreeNode[T]]:
        return {leaf.index: leaf for leaf in self._leaves if leaf.index is not None}

    def roots(self) -> list[TreeNode[T]]:
        for leaf in self._leaves:
            self._hang(leaf, self._parent(leaf))
        is_flat = not self._run_nodes and len(self._roots) == len(self._leaves)
        return self._roots if is_flat else self._roots + list(self._circling())

    def _hang(self, node: TreeNode[T], parent: TreeNode[T] | None) -> None:
        (self._roots if parent is None else parent.children).append(node)

    def _parent(self, leaf: TreeNode[T]) -> TreeNode[T] | None:
        """The span around it; the run that it is in, where the trace does not tell that from its starter."""
        around = self._span_around(leaf)
        parent = around
        for run in self._runs.around(leaf.index) if leaf.index is not None and self._runs else ():
            starter = self._by_index.get(run.starter)
            if not run.tool and starter is not None and self._span_around(starter) is around:
                parent = self._run_node(run, leaf, parent)
        return parent

    def _run_node(self, run: Run, leaf: TreeNode[T], parent: TreeNode[T] | None) -> TreeNode[T]:
        node = self._run_nodes.get(run.first)
        if node is None:
            node = self._run_nodes[run.first] = TreeNode(leaf.begin, leaf.end, run=run)
            self._hang(node, parent)
        return node

    def _span_around(self, leaf: TreeNode[T]) -> TreeNode[T] | None:
        # Most sessions have no traces, and thousands of requests.
        if leaf.line is None or not leaf.line.span_id:
            return None
        around = [self._by_id[row.id] for row in self._nesting.ancestors(leaf.line) if row.id in self._by_id]
        return around[max(len(around) - MOST_DEPTH, 0)] if around else None

    def _circling(self) -> Iterator[TreeNode[T]]:
        """Spans may name each other as parents in a circle: then the first of them is an outermost one."""
        seen = {id(node) for root in self._roots for node in _all(root)}
        for leaf in self._leaves:
            if id(leaf) not in seen:
                parent = self._parent(leaf)
                if parent is not None:
                    parent.children = [child for child in parent.children if child is not leaf]
                seen |= {id(node) for node in _all(leaf)}
                yield leaf


def _all(root: TreeNode[T]) -> Iterator[TreeNode[T]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children


def rows(roots: Sequence[TreeNode[T]], begin: datetime, end: datetime) -> Iterator[Placed[T]]:
    """The nodes that ran between two moments, each before what is inside of it, with those around it."""
    waiting: list[Placed[T]] = [(root, ()) for root in reversed(roots)]
    while waiting:
        node, around = waiting.pop()
        if node.has(begin, end):
            yield node, around
            if node.children:
                inside = (*around, node)
                waiting += [(child, inside) for child in reversed(node.children)]
