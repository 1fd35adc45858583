"""Finds the sessions of a batch's requests, and the stored requests that belong to another session because of them.

`grouping_rules` and `naming` have the rules. This module gives them the facts that they need, in a constant number of
statements. The caller holds the grouping lock of the projects, so nothing that is read here changes before the
transaction ends.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from sessions_app.ingest import questions, stored_facts
from sessions_app.ingest.known_requests import KnownRequests
from sessions_app.ingest.questions import Found, Wanted
from sessions_app.ingest.trace_reader import TraceReader
from sessions_app.records import RULE_OWN
from sessions_app.storage.moving import Move
from sessions_app.structure.grouping_rules import CHOSEN_RULES, Home, LinkRole, Node
from sessions_app.structure.naming import Naming

_CHILD_ROLES = (LinkRole.NEEDS_RESPONSE, LinkRole.BEGINS, LinkRole.RETRIES, LinkRole.TASK)


@dataclass(slots=True)
class Grouped:
    """Where new requests belong, by key, and which stored requests move or stay for another reason."""

    homes: dict[uuid.UUID, Home]
    moves: list[Move] = field(default_factory=list)

    def all_moves(self, nodes: Iterable[Node]) -> list[Move]:
        """The moves, and those of these stored nodes."""
        own = [move for node in nodes if (move := _move(node, self.homes[node.key_id], flipped=False))]
        return [*self.moves, *own]


class Grouper:
    """Groups the requests of one batch."""

    def __init__(self, cursor: psycopg.Cursor[Any], project_keys: dict[int, uuid.UUID]) -> None:
        self.known = KnownRequests(cursor, project_keys)
        self.nodes, self.index, self.window = self.known.nodes, self.known.index, self.known.window
        self.traces = TraceReader(self.known)
        self.waiting: dict[uuid.UUID, uuid.UUID] = {}
        self.ranks: dict[uuid.UUID, int] = {}
        self.whole: set[uuid.UUID] = set()
        self.flipped: set[uuid.UUID] = set()

    def group(self, new: Sequence[Node], concerned: Iterable[uuid.UUID] = (), others: Sequence[Node] = ()) -> Grouped:
        """Group new requests, or stored ones anew.

        `concerned`: stored requests to look at in any case. `others`: spans that are no requests; the requests of their
        traces are looked at.
        """
        self.known.add(new)
        self.traces.read([*new, *others])
        self._choose_traces(new)
        asked = [question for node in new for question in questions.about(node, self.window)]
        found = self.known.find(asked)
        found += self.known.find_others(new)
        found += self._find_between(new, questions.in_full(found))
        # A success ends the retries before it. If it came late, the next one no longer repeats the failed one.
        ends = [node for node in new if not node.failed and node.attempt in self.index.failed]
        found += self.known.find([question for node in ends for question in questions.for_next_attempt(node)])
        later = {f.place[1] for f in found if f.wanted.role in _CHILD_ROLES}
        formers = self._former_firsts(new)
        stored = self.known.load({*later, *formers, *concerned})
        self.traces.read(stored)
        given = {node.key_id for node in new}
        self.known.find_earlier(node for key_id, node in self.nodes.items() if key_id not in given)
        self._load_calls(given, formers)
        self._find_waiting()
        return self._grouped(new, self._settle())

    # --- facts ------------------------------------------------------------------------------------------------------

    def _find_between(self, new: Sequence[Node], full: set[Wanted]) -> list[Found]:
        """The stored requests that continue these, for link keys that many requests share.

        A request continues the latest one that it may continue. So only those are looked for that lie between a request
        and the next one that provides the same.
        """
        wanted = {(question.link_key, question.role) for question in full}
        begins = [(node, k) for node in new for k in questions.ends(node) if (k, LinkRole.BEGINS) in wanted]
        neighbours = [question for node, link_key in begins for question in questions.for_neighbours(node, link_key)]
        self.known.find(neighbours)
        found = [Wanted(link_key, role) for link_key, role in wanted if role is LinkRole.NEEDS_RESPONSE]
        for node, link_key in begins:
            places = self.index.provides[link_key]
            found.append(questions.begins_between(node, link_key, places, self.window))
        return self.known.find(found)

    def _former_firsts(self, new: Sequence[Node]) -> list[uuid.UUID]:
        """The stored requests that were the first of their call until one of these came: all others hang below it."""
        given = {node.key_id for node in new}
        found = []
        for link_key in {node.call for node in new if node.call}:
            places = self.index.calls[link_key]
            if next(iter(places))[1] in given:
                found += [key_id for _, key_id in places if key_id not in given][:1]
        return found

    def _load_calls(self, given: set[uuid.UUID], formers: Sequence[uuid.UUID]) -> None:
        """Load all requests of a call if its former first one does not go along with the new first one."""
        left = []
        for node in (self.nodes[key_id] for key_id in formers if key_id in self.nodes):
            parent = None if node.is_fixed else self.index.continued_by(node, self.window)
            if node.call and (parent is None or parent.key not in given):
                left.append(Wanted(node.call, LinkRole.CALL))
        others = self.known.load(found.place[1] for found in self.known.find(left))
        self.known.find_earlier(others)

    def _find_waiting(self) -> None:
        """Find out where others are that continue the same response, if it was never logged."""
        link_keys = {
            node.previous
            for node in self.nodes.values()
            if node.previous and not node.is_fixed and not self.index.has_response(node)
        }
        if link_keys:
            self.waiting = stored_facts.waiting(self.known.cursor, link_keys)

    # --- trace ids that the proxy may have invented -----------------------------------------------------------------

    def _choose_traces(self, new: Sequence[Node]) -> None:
        """Note which weak trace ids a caller chose: two calls have the same, or a caller used it elsewhere."""
        weak: dict[uuid.UUID, list[Node]] = defaultdict(list)
        for node in new:
            if node.weak and node.trace:
                weak[node.trace].append(node)
        named = {node.trace for node in new if node.chosen and node.trace}
        if not weak and not named:
            return
        known = stored_facts.chosen_sessions(
            self.known.cursor, [n.weak.session_id for nodes in weak.values() for n in nodes if n.weak]
        )
        chosen = {trace for trace, nodes in weak.items() if nodes[0].weak and nodes[0].weak.session_id in known}
        shared = {trace for trace, nodes in weak.items() if len(set(map(_call, nodes))) > 1} | (named & weak.keys())
        asked = (weak.keys() - chosen - shared) | named
        found = self.known.find([Wanted(trace, LinkRole.TRACE, most=1) for trace in asked])
        mates = {answer.place[1]: answer.wanted.link_key for answer in found}
        for mate in self.known.load(mates):
            trace = mates[mate.key_id]
            if not mate.weak:
                chosen.add(trace)
            elif trace in named or any(_call(node) != _call(mate) for node in weak[trace]):
                shared.add(trace)
        self._choose_stored(shared)
        for trace in chosen | shared:
            for node in weak.get(trace, ()):
                node.choose()

    def _choose_stored(self, traces: Iterable[uuid.UUID]) -> None:
        found = self.known.find([Wanted(trace, LinkRole.TRACE) for trace in traces])
        keys = {f.place[1] for f in found}
        self.known.load(keys)
        for key_id in keys:
            node = self.nodes[key_id]
            if node.weak and node.stored:
                node.choose()
                self.flipped.add(key_id)

    # --- sessions ---------------------------------------------------------------------------------------------------

    def _settle(self) -> dict[uuid.UUID, Home]:
        """Where all requests belong. A session that some leave, or that gets another name, is looked at as a whole."""
        while True:
            self._find_ranks()
            naming = Naming(
                self.nodes, self.index, self.known.homes, self.window, self.waiting, self.ranks, frozenset(self.whole)
            )
            homes = naming.all_homes()
            if not naming.missing:
                return homes
            self._load_whole(naming.missing)

    def _find_ranks(self) -> None:
        stored = {node.stored.session_id for node in self.nodes.values() if node.stored}
        wanted = {*stored, *self.known.homes.values(), *self.waiting.values()} - self.ranks.keys()
        if wanted:
            self.ranks |= dict.fromkeys(wanted, 1) | stored_facts.session_ranks(self.known.cursor, wanted)

    def _load_whole(self, session_ids: set[uuid.UUID]) -> None:
        members = stored_facts.load_nodes(self.known.cursor, self.known.project_keys, session_ids=session_ids)
        members = [node for node in members if node.key_id not in self.nodes]
        self.known.add(members)
        self.traces.read(members)
        # What is doubtful, because two requests may be meant, is no less so if only one of them is looked at.
        self.known.find_earlier(node for node in members if questions.may_be_doubtful(node))
        self.whole |= session_ids
        for node in members:
            node.stays = not self._has_reason(node)

    def _has_reason(self, node: Node) -> bool:
        """Whether a rule says where it belongs. If what it continued was deleted, it stays in its session."""
        assert node.stored
        no_parent_needed = node.stored.rule in (*CHOSEN_RULES, RULE_OWN)
        if node.is_fixed or no_parent_needed or self.index.continued_by(node, self.window) is not None:
            return True
        return self.index.is_doubtful(node, self.window)

    def _grouped(self, new: Sequence[Node], homes: dict[uuid.UUID, Home]) -> Grouped:
        routes = stored_facts.routes(self.known.cursor, {home.session_id for home in homes.values()})
        for key_id, home in homes.items():
            for route in routes.get(home.session_id, ()):
                if route.since <= self.nodes[key_id].started_at and self.nodes[key_id].assigned is None:
                    homes[key_id] = route.home
                    break
        grouped = Grouped({node.key_id: homes[node.key_id] for node in new})
        for key_id, home in homes.items():
            node = self.nodes[key_id]
            if key_id not in grouped.homes and (move := _move(node, home, key_id in self.flipped)):
                grouped.moves.append(move)
        return grouped


def _move(node: Node, home: Home, flipped: bool) -> Move | None:
    """How a stored request must move; None if it is where it belongs, for the right reason."""
    stored = node.stored
    if stored is None:
        return None
    is_here = (stored.session_id, stored.rule, stored.detail) == (home.session_id, home.rule, home.detail)
    if is_here and not flipped and stored.duplicate_of == node.duplicate_of:
        return None
    return Move(node.key_id, node.project_id, stored, home, node.weak is not None, node.duplicate_of)


def _call(node: Node) -> uuid.UUID:
    """The id of a request's call. Old versions of LiteLLM do not say, so each request is a call of its own."""
    return node.call or node.key_id
