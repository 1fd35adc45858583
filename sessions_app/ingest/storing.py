"""Store the logs of one batch, within its transaction."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sessions_app.content.message_reader import MessageReader
from sessions_app.content.sameness import Contradiction
from sessions_app.ingest import copies, new_requests, stored_facts, stored_spans
from sessions_app.ingest.grouping import Grouper
from sessions_app.models import Project
from sessions_app.storage import buckets, contradictions, links, moving, rollups, traces, writer
from sessions_app.storage.contradictions import StoredCopy
from sessions_app.storage.moving import Move
from sessions_app.storage.prepared import PreparedLog
from sessions_app.storage.reader import read_log
from sessions_app.storage.writer import TakenKey
from sessions_app.structure.grouping_rules import Node

log = logging.getLogger(__name__)

_COMPLETED, _CONTRADICTS = "completed", "contradicts"


@dataclass(slots=True)
class DigestStats:
    """What a run did. Bodies finished; logs that were new, completed a stored one, were repeated, or were rejected.

    `contradicting` copies say different things than the stored request, and are kept beside it. `others` are spans that
    are no part of a GenAI application.
    """

    bodies: int = 0
    new: int = 0
    completed: int = 0
    duplicates: int = 0
    contradicting: int = 0
    rejected: int = 0
    others: int = 0

    def __iadd__(self, other: DigestStats) -> DigestStats:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


class MustBeAloneError(Exception):
    """The batch has to move stored requests, and may not while other batches link requests of the project."""


class BatchWriter:
    """Stores logs of one project with one cursor.

    `alone`: whether the transaction keeps other batches from linking requests of the project. Only then it may move
    what they stored; otherwise `store` raises MustBeAloneError, and the batch is to be repeated alone.
    """

    def __init__(self, cursor: psycopg.Cursor[Any], reader: MessageReader, alone: bool) -> None:
        self.cursor, self.reader, self.alone = cursor, reader, alone

    def store(self, logs: list[PreparedLog]) -> DigestStats:
        """Store logs: new ones as requests, spans with their traces, later copies with what they add or contradict."""
        buckets.ensure_partitions(entry.bucket for entry in logs)
        distinct = self._united(logs)
        stored = writer.stored_keys(self.cursor, distinct)
        distinct = self._with_stored_spans(distinct, stored)
        self._store_spans([entry for entry in distinct if entry.key_id not in stored])
        # If the key belongs to a stored request, a span of another kind is a copy like any other.
        others = [entry for entry in distinct if entry.is_other_span and entry.key_id not in stored]
        distinct = [entry for entry in distinct if not entry.is_other_span or entry.key_id in stored]
        moves = self._group([entry for entry in distinct if entry.key_id not in stored], others=others)
        places = writer.claim_keys(self.cursor, distinct)
        fresh = [entry for entry in distinct if entry.key_id not in places]
        new = new_requests.insert(self.cursor, fresh, self.reader)
        moving.apply(self.cursor, moves)
        rollups.count_retries(self.cursor, {entry.session_id for entry in new})
        contradicting = contradictions.add(self.cursor, [copy for entry in (*fresh, *others) for copy in entry.beside])
        again = [entry for entry in distinct if entry.key_id in places]
        completed, more = self._add_copies(again, places)
        contradicting += more
        spans = sum(entry.copies for entry in others)
        duplicates = len(logs) - spans - len(new) - completed - contradicting
        return DigestStats(0, len(new), completed, duplicates, contradicting, others=spans)

    def _with_stored_spans(self, logs: list[PreparedLog], stored: set[uuid.UUID]) -> list[PreparedLog]:
        """These logs; spans that are stored only with their trace are completed by what came."""
        contents = stored_spans.contents(self.cursor, [entry for entry in logs if entry.key_id not in stored])
        if not contents:
            return logs
        return [
            copies.completed(entry, contents[entry.key_id], self.reader) if entry.key_id in contents else entry
            for entry in logs
        ]

    def _store_spans(self, logs: list[PreparedLog]) -> None:
        spans = [entry for entry in logs if entry.node.span]
        if spans:
            projects = Project.objects.filter(id__in={entry.project_id for entry in spans}, keeps_other_spans=True)
            traces.store(self.cursor, spans, set(projects.values_list("id", flat=True)))

    def _group(
        self,
        logs: list[PreparedLog],
        concerned: Iterable[uuid.UUID] = (),
        others: Sequence[PreparedLog] = (),
    ) -> list[Move]:
        """Find the sessions of logs. Returns stored requests that must move because these logs and `others` came."""
        nodes = [entry.node for entry in logs]
        stored_facts.assign(self.cursor, nodes)
        project_keys = {entry.project_id: entry.project_key for entry in [*logs, *others]}
        grouped = Grouper(self.cursor, project_keys).group(nodes, concerned, [entry.node for entry in others])
        if grouped.moves:
            self._must_be_alone()
        for entry in logs:
            entry.settle(grouped.homes[entry.key_id])
        return grouped.moves

    def _must_be_alone(self) -> None:
        if not self.alone:
            raise MustBeAloneError

    def _united(self, logs: list[PreparedLog]) -> list[PreparedLog]:
        """One log for each key: copies within the batch are united before anything is written."""
        found: dict[uuid.UUID, list[PreparedLog]] = {}
        for entry in logs:
            found.setdefault(entry.key_id, []).append(entry)
        return [group[0] if len(group) == 1 else copies.united(group, self.reader) for group in found.values()]

    def _add_copies(self, logs: list[PreparedLog], places: dict[uuid.UUID, TakenKey]) -> tuple[int, int]:
        """Add copies of stored requests; returns how many completed one, and how many contradict. One by one: they are
        rare.
        """
        completed = contradicting = 0
        for entry in logs:
            for copy in entry.pieces or [entry]:
                if copy.content_hash == places[entry.key_id].content_hash and not entry.pieces:
                    continue
                added = self._add_copy(copy)
                completed += added is _COMPLETED
                contradicting += added is _CONTRADICTS
        return completed, contradicting

    def _add_copy(self, copy: PreparedLog) -> str:
        # Looked up each time: a copy before this one may have moved the request.
        nodes = stored_facts.load_nodes(self.cursor, {copy.project_id: copy.project_key}, [copy.key_id])
        stored = contradictions.original(self.cursor, copy.key_id)
        place = nodes[0].stored if nodes else None
        body = read_log(self.cursor, place.log_id, place.session_id, place.bucket) if place else None
        if stored is None or body is None:
            log.warning("the request of key %s is gone", copy.key_id)
            return ""
        source, received_at, position, content_hash = stored
        before = copies.restored(copy, StoredCopy(source, received_at, position, body), self.reader)
        first, later = (before, copy) if before.position <= copy.position else (copy, before)
        if copy.content_hash == content_hash and first is before:
            return ""
        try:
            merged = copies.merged(first, later, self.reader)
        except Contradiction as found:
            if first is before:
                return _CONTRADICTS if contradictions.add(self.cursor, [copies.contradicting(copy, found)]) else ""
            self._put_first(nodes[0], copy, before)
            return _CONTRADICTS
        if merged.content_hash == content_hash and merged.record.started_at == before.record.started_at:
            contradictions.set_position(self.cursor, copy.key_id, first.position)
            return ""
        self._must_be_alone()
        self._replace(nodes[0], merged)
        return _COMPLETED

    def _put_first(self, before: Node, copy: PreparedLog, stored: PreparedLog) -> None:
        """Put a copy in the place of the stored request: it was received earlier, and contradicts it.

        Copies beside the request are compared with it again, as if this copy had been digested first.
        """
        self._must_be_alone()
        beside = [copies.restored(copy, taken, self.reader) for taken in contradictions.take(self.cursor, copy.key_id)]
        self._replace(before, copy)
        for later in sorted([stored, *beside], key=lambda entry: entry.position):
            self._add_copy(later)

    def _replace(self, before: Node, merged: PreparedLog) -> None:
        """Store a completed log. What continued its earlier copy is grouped again: it may not continue this one."""
        assert before.stored
        buckets.ensure_partitions([merged.bucket])
        merged.node.stored = before.stored
        self._store_spans([merged])
        concerned = stored_facts.continuing(self.cursor, before)
        links.delete(self.cursor, [merged.key_id])
        moves = self._group([merged], concerned)
        new_requests.replace(self.cursor, before.stored, merged, self.reader)
        moving.apply(self.cursor, moves)
        rollups.count_retries(self.cursor, [before.stored.session_id, merged.session_id])
