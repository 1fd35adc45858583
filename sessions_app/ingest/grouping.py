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
from datetime import timedelta
from typing import Any

import psycopg
from django.conf import settings

from sessions_app.ingest import questions, stored_facts
from sessions_app.ingest.logged_calls import (
    goes_with_span,
    home_by_span,
    logged_calls,
    may_be_one_call,
    near_span,
    response_key,
    spans_of_response,
)
from sessions_app.ingest.questions import Found, Wanted
from sessions_app.ingest.stored_spans import StoredSpan
from sessions_app.ingest.stored_spans import load as traces_of
from sessions_app.ingest.traces import leader_of, other_reports, same_calls, session_homes
from sessions_app.records import RULE_OWN, RULE_TRACE_ID
from sessions_app.storage.moving import Move
from sessions_app.structure.grouping_rules import (
    CHOSEN_RULES,
    Home,
    Index,
    LinkRole,
    Node,
    Place,
)
from sessions_app.structure.naming import Naming

# So many times reports of the same call lead from one trace to the next.
MOST_HOPS = 5
_CHILD_ROLES = (LinkRole.NEEDS_RESPONSE, LinkRole.BEGINS, LinkRole.RETRIES, LinkRole.TASK)


def conversation_window() -> timedelta:
    """How much earlier a request may be whose conversation another one continues."""
    return timedelta(hours=settings.LOGSUI_CONVERSATION_WINDOW_HOURS)


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
        self.cursor = cursor
        self.project_keys = project_keys
        self.window = conversation_window()
        self.nodes: dict[uuid.UUID, Node] = {}
        self.index: Index[uuid.UUID] = Index()
        self.homes: dict[uuid.UUID, uuid.UUID] = {}
        self.waiting: dict[uuid.UUID, uuid.UUID] = {}
        self.ranks: dict[uuid.UUID, int] = {}
        self.whole: set[uuid.UUID] = set()
        self.flipped: set[uuid.UUID] = set()

    def group(self, new: Sequence[Node], concerned: Iterable[uuid.UUID] = (), others: Sequence[Node] = ()) -> Grouped:
        """Group new requests, or stored ones anew.

        `concerned`: stored requests to look at in any case. `others`: spans that are no requests; the requests of their
        traces are looked at.
        """
        self._add(new)
        self._read_traces([*new, *others])
        self._choose_traces(new)
        asked = [question for node in new for question in questions.about(node, self.window)]
        found = self._find(asked)
        found += self._find_others(new)
        found += self._find_between(new, questions.in_full(found))
        # A success ends the retries before it. If it came late, the next one no longer repeats the failed one.
        ends = [node for node in new if not node.failed and node.attempt in self.index.failed]
        found += self._find([question for node in ends for question in questions.for_next_attempt(node)])
        later = {f.place[1] for f in found if f.wanted.role in _CHILD_ROLES}
        formers = self._former_firsts(new)
        stored = self._load({*later, *formers, *concerned})
        self._read_traces(stored)
        given = {node.key_id for node in new}
        self._find_earlier(node for key_id, node in self.nodes.items() if key_id not in given)
        self._load_calls(given, formers)
        self._find_waiting()
        return self._grouped(new, self._settle())

    # --- facts ------------------------------------------------------------------------------------------------------

    def _add(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.nodes[node.key_id] = node
            self.index.add(node)

    def _load(self, key_ids: Iterable[uuid.UUID]) -> list[Node]:
        wanted = set(key_ids) - self.nodes.keys()
        nodes = stored_facts.load_nodes(self.cursor, self.project_keys, wanted)
        self._add(nodes)
        return nodes

    def _find(self, wanted: Sequence[Wanted]) -> list[Found]:
        found = stored_facts.find(self.cursor, wanted)
        for answer in found:
            role, link_key = answer.wanted.role, answer.wanted.link_key
            if role in (LinkRole.END, LinkRole.RESPONSE, LinkRole.ASKS):
                self.index.provides[link_key].add(answer.place)
            elif role is LinkRole.FAILED:
                self.index.failed[link_key].add(answer.place)
            elif role is LinkRole.RETRIES:
                self.index.attempts[link_key].add(answer.place)
            elif role is LinkRole.CALL:
                self.index.calls[link_key].add(answer.place)
            self.homes[answer.place[1]] = answer.session_id
        # A success in between ends the retries. Few requests fail, so this is rarely asked.
        failed = [answer for answer in found if answer.wanted.role is LinkRole.FAILED]
        if failed:
            self._find([questions.between(answer) for answer in failed])
        return found

    def _find_earlier(self, nodes: Iterable[Node]) -> list[Found]:
        """The stored requests that these may continue."""
        nodes = list(nodes)
        found = self._find([question for node in nodes for question in questions.for_earlier(node, self.window)])
        return found + self._find_others(nodes)

    def _find_others(self, nodes: Iterable[Node]) -> list[Found]:
        """The stored requests that these may continue, where none ended as they begin."""
        left = [node for node in nodes if not self.index.is_certain(node, self.window)]
        return self._find([question for node in left for question in questions.for_others(node, self.window)])

    def _find_between(self, new: Sequence[Node], full: set[Wanted]) -> list[Found]:
        """The stored requests that continue these, for link keys that many requests share.

        A request continues the latest one that it may continue. So only those are looked for that lie between a request
        and the next one that provides the same.
        """
        wanted = {(question.link_key, question.role) for question in full}
        begins = [(node, k) for node in new for k in questions.ends(node) if (k, LinkRole.BEGINS) in wanted]
        neighbours = [question for node, link_key in begins for question in questions.for_neighbours(node, link_key)]
        self._find(neighbours)
        found = [Wanted(link_key, role) for link_key, role in wanted if role is LinkRole.NEEDS_RESPONSE]
        for node, link_key in begins:
            places = self.index.provides[link_key]
            found.append(questions.begins_between(node, link_key, places, self.window))
        return self._find(found)

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
        others = self._load(found.place[1] for found in self._find(left))
        self._find_earlier(others)

    def _find_waiting(self) -> None:
        """Find out where others are that continue the same response, if it was never logged."""
        link_keys = {
            node.previous
            for node in self.nodes.values()
            if node.previous and not node.is_fixed and not self.index.has_response(node)
        }
        if link_keys:
            self.waiting = stored_facts.waiting(self.cursor, link_keys)

    # --- traces -----------------------------------------------------------------------------------------------------

    def _read_traces(self, new: Sequence[Node]) -> None:
        """Read the traces of these requests again, because an id on any span counts for its whole trace."""
        traces = {node.span: node for node in new if node.span}
        reports = self._reports_of_logs(new)
        if not traces and not reports:
            return
        by_trace = self._traces_with_reports(traces, reports)
        rows = [row for spans in by_trace.values() for row in spans]
        self._load(row.key_id for row in rows if row.is_request)
        traces |= {node.span: node for row in rows if (node := self.nodes.get(row.key_id)) and node.span}
        for trace, spans in by_trace.items():
            if trace in traces:
                self._settle_trace(traces[trace], spans)
        same = same_calls(rows)
        logged = logged_calls(rows, same, self._logs_of(rows))
        for key_id, log_id in logged.items():
            if key_id in self.nodes:
                self._follow(self.nodes[log_id], self.nodes[key_id])
        same |= logged
        for row in rows:
            if row.key_id in self.nodes:
                self.nodes[row.key_id].duplicate_of = same.get(row.key_id)

    def _reports_of_logs(self, nodes: Sequence[Node]) -> set[uuid.UUID]:
        """The requests that have the responses of these logs, and may be spans."""
        logs = [node for node in nodes if node.response and not node.span]
        if not logs or not stored_facts.has_spans(self.cursor):
            return set()
        return {found.place[1] for found in self._find([wanted for node in logs for wanted in spans_of_response(node)])}

    def _logs_of(self, rows: Sequence[StoredSpan]) -> dict[uuid.UUID, list[Place]]:
        """The logs that may tell of the calls of spans, by the spans' keys."""
        near: dict[uuid.UUID, list[Place]] = {}
        for row in rows:
            link_key = response_key(self.project_keys[row.project_id], row)
            places = self.index.provides.get(link_key) if link_key else None
            if places and row.key_id in self.nodes:
                near[row.key_id] = near_span(places, row)
        spans = {row.key_id for row in rows}
        self._find_earlier(self._load({key for places in near.values() for _, key in places} - spans))
        return {
            key_id: [place for place in places if may_be_one_call(self.nodes.get(place[1]), self.nodes[key_id])]
            for key_id, places in near.items()
        }

    def _follow(self, log: Node, span: Node) -> None:
        """Put a log for which no caller chose a session, and the attempts of its call, where a span of its call is."""
        home = home_by_span(log, span)
        if home is None:
            return
        if log.call:
            self._load(found.place[1] for found in self._find([Wanted(log.call, LinkRole.CALL)]))
        attempts = {key_id for _, key_id in self.index.calls[log.call]} if log.call else set()
        for node in (self.nodes[key_id] for key_id in {log.key_id, *attempts} & self.nodes.keys()):
            if goes_with_span(node):
                node.chosen, node.weak = home, None

    def _traces_with_reports(
        self, traces: dict[uuid.UUID, Node], reports: set[uuid.UUID]
    ) -> dict[uuid.UUID, list[StoredSpan]]:
        """The spans of these traces and of the traces of these `reports`, of traces that may report the same calls, and
        so on.
        """
        by_trace: dict[uuid.UUID, list[StoredSpan]] = defaultdict(list)
        rows = traces_of(self.cursor, traces, reports)
        for _ in range(MOST_HOPS):
            for row in rows:
                by_trace[row.trace].append(row)
            wanted = [w for row in rows for w in other_reports(self.project_keys[row.project_id], row)]
            known = {row.key_id for spans in by_trace.values() for row in spans}
            others = {answer.place[1] for answer in self._find(wanted)} - known
            rows = [row for row in traces_of(self.cursor, (), others) if row.trace not in by_trace] if others else []
            if not rows:
                break
        return by_trace

    def _settle_trace(self, one: Node, spans: Sequence[StoredSpan]) -> None:
        """Tell the requests of the trace that `one` is of where the trace puts them."""
        homes = session_homes(self.project_keys[one.project_id], one.trace_id, spans)
        nodes = [self.nodes[key_id] for key_id in homes if key_id in self.nodes]
        leader = leader_of(nodes)
        for node in nodes:
            home = homes[node.key_id]
            if home.rule == RULE_TRACE_ID:
                node.chosen, node.weak, node.leader = None, home, leader
            else:
                node.chosen, node.weak = home, None

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
            self.cursor, [n.weak.session_id for nodes in weak.values() for n in nodes if n.weak]
        )
        chosen = {trace for trace, nodes in weak.items() if nodes[0].weak and nodes[0].weak.session_id in known}
        shared = {trace for trace, nodes in weak.items() if len(set(map(_call, nodes))) > 1} | (named & weak.keys())
        asked = (weak.keys() - chosen - shared) | named
        mates = {f.place[1]: f.wanted.link_key for f in self._find([Wanted(t, LinkRole.TRACE, most=1) for t in asked])}
        for mate in self._load(mates):
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
        found = self._find([Wanted(trace, LinkRole.TRACE) for trace in traces])
        keys = {f.place[1] for f in found}
        self._load(keys)
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
                self.nodes, self.index, self.homes, self.window, self.waiting, self.ranks, frozenset(self.whole)
            )
            homes = naming.all_homes()
            if not naming.missing:
                return homes
            self._load_whole(naming.missing)

    def _find_ranks(self) -> None:
        stored = {node.stored.session_id for node in self.nodes.values() if node.stored}
        wanted = {*stored, *self.homes.values(), *self.waiting.values()} - self.ranks.keys()
        if wanted:
            self.ranks |= dict.fromkeys(wanted, 1) | stored_facts.session_ranks(self.cursor, wanted)

    def _load_whole(self, session_ids: set[uuid.UUID]) -> None:
        members = stored_facts.load_nodes(self.cursor, self.project_keys, session_ids=session_ids)
        members = [node for node in members if node.key_id not in self.nodes]
        self._add(members)
        self._read_traces(members)
        # What is doubtful, because two requests may be meant, is no less so if only one of them is looked at.
        self._find_earlier(node for node in members if questions.may_be_doubtful(node))
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
        routes = stored_facts.routes(self.cursor, {home.session_id for home in homes.values()})
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
