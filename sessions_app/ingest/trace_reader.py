"""Finds the traces of a batch's requests, and tells those requests what their traces say of their sessions and calls.

A span names a session for its whole trace, and several spans and logs may report the same call.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence

from sessions_app.ingest import stored_facts
from sessions_app.ingest.known_requests import KnownRequests
from sessions_app.ingest.logged_calls import (
    goes_with_span,
    home_by_span,
    logged_calls,
    may_be_one_call,
    near_span,
    response_key,
    spans_of_response,
)
from sessions_app.ingest.questions import Wanted
from sessions_app.ingest.stored_spans import StoredSpan
from sessions_app.ingest.stored_spans import load as traces_of
from sessions_app.ingest.traces import leader_of, other_reports, same_calls, session_homes
from sessions_app.records import RULE_TRACE_ID
from sessions_app.structure.grouping_rules import LinkRole, Node, Place

# So many times reports of the same call lead from one trace to the next.
MOST_HOPS = 5


class TraceReader:
    """Reads traces, and notes in the known requests what follows from them."""

    def __init__(self, known: KnownRequests) -> None:
        self.known = known
        self.nodes, self.index = known.nodes, known.index
        self.cursor, self.project_keys = known.cursor, known.project_keys

    def read(self, new: Sequence[Node]) -> None:
        """Read the traces of these requests again, because an id on any span counts for its whole trace."""
        traces = {node.span: node for node in new if node.span}
        reports = self._reports_of_logs(new)
        if not traces and not reports:
            return
        by_trace = self._traces_with_reports(traces, reports)
        rows = [row for spans in by_trace.values() for row in spans]
        self.known.load(row.key_id for row in rows if row.is_request)
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
        wanted = [question for node in logs for question in spans_of_response(node)]
        return {found.place[1] for found in self.known.find(wanted)}

    def _logs_of(self, rows: Sequence[StoredSpan]) -> dict[uuid.UUID, list[Place]]:
        """The logs that may tell of the calls of spans, by the spans' keys."""
        near: dict[uuid.UUID, list[Place]] = {}
        for row in rows:
            link_key = response_key(self.project_keys[row.project_id], row)
            places = self.index.provides.get(link_key) if link_key else None
            if places and row.key_id in self.nodes:
                near[row.key_id] = near_span(places, row)
        spans = {row.key_id for row in rows}
        self.known.find_earlier(self.known.load({key for places in near.values() for _, key in places} - spans))
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
            self.known.load(found.place[1] for found in self.known.find([Wanted(log.call, LinkRole.CALL)]))
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
            read = {row.key_id for spans in by_trace.values() for row in spans}
            others = {answer.place[1] for answer in self.known.find(wanted)} - read
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
