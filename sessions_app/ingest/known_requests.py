"""The requests that a grouping has read: their facts, which of them continues which, and their sessions.

Each question about stored requests is one statement, for all requests that it concerns.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import psycopg
from django.conf import settings

from sessions_app.ingest import questions, stored_facts
from sessions_app.ingest.questions import Found, Wanted
from sessions_app.structure.grouping_rules import Index, LinkRole, Node


def conversation_window() -> timedelta:
    """How much earlier a request may be whose conversation another one continues."""
    return timedelta(hours=settings.LOGSUI_CONVERSATION_WINDOW_HOURS)


class KnownRequests:
    """`nodes`: the requests, by their keys. `index`: by link keys, which of them and of the stored requests that were
    found provide something. `homes`: the sessions of those that were found, by their keys.
    """

    def __init__(self, cursor: psycopg.Cursor[Any], project_keys: dict[int, uuid.UUID]) -> None:
        self.cursor = cursor
        self.project_keys = project_keys
        self.window = conversation_window()
        self.nodes: dict[uuid.UUID, Node] = {}
        self.index: Index[uuid.UUID] = Index()
        self.homes: dict[uuid.UUID, uuid.UUID] = {}

    def add(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.nodes[node.key_id] = node
            self.index.add(node)

    def load(self, key_ids: Iterable[uuid.UUID]) -> list[Node]:
        """Read those of these stored requests that are not known yet, and return them."""
        wanted = set(key_ids) - self.nodes.keys()
        nodes = stored_facts.load_nodes(self.cursor, self.project_keys, wanted)
        self.add(nodes)
        return nodes

    def find(self, wanted: Sequence[Wanted]) -> list[Found]:
        """Ask the table of links, and note the answers in the index."""
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
            self.find([questions.between(answer) for answer in failed])
        return found

    def find_earlier(self, nodes: Iterable[Node]) -> list[Found]:
        """The stored requests that these may continue."""
        nodes = list(nodes)
        found = self.find([question for node in nodes for question in questions.for_earlier(node, self.window)])
        return found + self.find_others(nodes)

    def find_others(self, nodes: Iterable[Node]) -> list[Found]:
        """The stored requests that these may continue, where none ended as they begin."""
        left = [node for node in nodes if not self.index.is_certain(node, self.window)]
        return self.find([question for node in left for question in questions.for_others(node, self.window)])
