"""Which session each request is in, and what that session is called. No Django.

Requests that continue one another form a tree. If a caller or a person chose the session of the root, the whole tree is
in that session. Otherwise the session is named after one of its requests: the one of least rank, and among equals the
one of least id. Ids are hashes, so the name depends on the set of requests and not on their order of arrival. A new
request rarely changes the name, so few rows move (docs/decisions/0009).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sessions_app import ids
from sessions_app.records import (
    RULE_ATTEMPT,
    RULE_OWN,
    RULE_PREVIOUS_RESPONSE,
    RULE_SUB_AGENT,
    RULE_TOOL_CALL,
    RULE_TRACE_ID,
)
from sessions_app.structure.grouping_rules import SUB_AGENT_RANK, TRACE_DETAIL, Continued, Home, Index, Node

# Stands for requests that are in one session: what their tree hangs below, as kind and id. The kinds are a request, a
# stored session, and a response that was never logged.
Atom = tuple[str, uuid.UUID]
# A candidate for the name of a session: its rank and the session's id. The least one wins.
Name = tuple[int, uuid.UUID]
# Sessions of this rank and below keep their names: a caller chose them, or a person moved requests to or from them.
KEEPS_NAME = 0


@dataclass(slots=True)
class Naming:
    """Finds the sessions of requests, and says of which sessions (`missing`) it needs the other requests, too.

    `homes`: where the requests are that some of `nodes` continue, if they are not among `nodes`. `waiting`: where other
    requests are that continue a response which was never logged, by its link key. `ranks`: the ranks of the names of
    stored sessions. `whole`: the sessions whose requests are all among `nodes`.
    """

    nodes: Mapping[uuid.UUID, Node]
    index: Index[uuid.UUID]
    homes: Mapping[uuid.UUID, uuid.UUID]
    window: timedelta
    waiting: Mapping[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    ranks: Mapping[uuid.UUID, int] = field(default_factory=dict)
    whole: Collection[uuid.UUID] = ()
    missing: set[uuid.UUID] = field(default_factory=set)
    _parents: dict[uuid.UUID, Continued[uuid.UUID] | None] = field(default_factory=dict)
    _tops: dict[uuid.UUID, Home | Atom] = field(default_factory=dict)
    _leads: dict[Atom, Atom] = field(default_factory=dict)

    def all_homes(self) -> dict[uuid.UUID, Home]:
        """Where each request belongs. If sessions are `missing` after that, ask again with all their requests."""
        for node in self.nodes.values():
            self._find_top(node)
        for node in self.nodes.values():
            if node.stored:
                self._join_stored(node)
        names = self._names()
        found = {key_id: self._home(node, names) for key_id, node in self.nodes.items()}
        self._miss_those_left(found)
        return found

    # --- what a request hangs below ---------------------------------------------------------------------------------

    def _find_top(self, node: Node) -> None:
        """Follow what is continued to the root. A circle of ids is cut before its first request."""
        chain: dict[uuid.UUID, Node] = {}
        current = node
        while current.key_id not in self._tops and current.key_id not in chain:
            chain[current.key_id] = current
            parent = self._parent(current)
            if parent is None or parent.key not in self.nodes:
                self._tops[current.key_id] = self._end(current, parent)
            else:
                current = self.nodes[parent.key]
        if current.key_id not in self._tops:
            ordered = list(chain.values())
            first = min(ordered[ordered.index(current) :], key=lambda one: one.place)
            self._parents[first.key_id] = None
            self._tops[current.key_id] = self._root(first)
        for key_id in chain:
            self._tops[key_id] = self._tops[current.key_id]

    def _parent(self, node: Node) -> Continued[uuid.UUID] | None:
        if node.key_id not in self._parents:
            self._parents[node.key_id] = self._find_parent(node)
        return self._parents[node.key_id]

    def _find_parent(self, node: Node) -> Continued[uuid.UUID] | None:
        if node.is_fixed:
            return None
        if node.leader and node.leader != node.place:
            return Continued(node.leader[1], RULE_TRACE_ID)
        return self.index.continued_by(node, self.window)

    def _end(self, node: Node, parent: Continued[uuid.UUID] | None) -> Home | Atom:
        fixed = node.assigned or node.chosen
        if fixed:
            return fixed
        return ("session", self.homes[parent.key]) if parent else self._root(node)

    def _root(self, node: Node) -> Atom:
        """All requests that continue the same response are together, even if that was never logged."""
        if node.needed is None or node.previous is None:
            return ("request", node.key_id)
        atom = ("response", node.previous)
        session_id = self.waiting.get(node.previous)
        if session_id and session_id not in self.whole:
            self._join(atom, ("session", session_id))
        return atom

    # --- what is stored in one session ------------------------------------------------------------------------------

    def _join_stored(self, node: Node) -> None:
        """Join a stored request with the rest of its session, unless it alone leaves that session."""
        assert node.stored
        session_id, top = node.stored.session_id, self._tops[node.key_id]
        is_whole = session_id in self.whole
        parent = self._parents[node.key_id]
        is_run = parent is not None and parent.rule == RULE_SUB_AGENT
        if is_run != (node.stored.rule == RULE_SUB_AGENT) and not is_whole:
            # Its rank becomes another one, so the session may no longer be named after it.
            self.missing.add(session_id)
        if isinstance(top, Home):
            if not is_whole and not node.stored.is_fixed:
                self.missing.add(session_id)
        elif node.stored.is_fixed:
            return
        elif node.stays or self._was_root(node):
            self._join(top, ("session", session_id))
        elif not is_whole:
            if self._is_below(node, session_id):
                self._join(top, ("session", session_id))
            else:
                self.missing.add(session_id)

    def _was_root(self, node: Node) -> bool:
        """Whether its session began with it. If so, the whole session goes where it goes."""
        assert node.stored
        rule, parent = node.stored.rule, self._parents[node.key_id]
        if rule == RULE_PREVIOUS_RESPONSE and node.previous:
            if parent is not None and parent.rule != RULE_PREVIOUS_RESPONSE:
                return False
            providers = self.index.provides.get(node.previous, ())
            return not any(self._session_of(place[1]) for place in providers if place[1] != node.key_id)
        return rule == RULE_OWN or (rule == RULE_TRACE_ID and node.weak is not None)

    def _is_below(self, node: Node, session_id: uuid.UUID) -> bool:
        parent = self._parents[node.key_id]
        if parent is None:
            return False
        if self._session_of(parent.key) != session_id:
            return self._follows_call(node, parent, session_id)
        above = self.nodes.get(parent.key)
        # After a correction is undone, the requests below that one do not hold it where it is.
        return above is None or above.is_fixed or not (above.stored and above.stored.is_fixed)

    def _follows_call(self, node: Node, parent: Continued[uuid.UUID], session_id: uuid.UUID) -> bool:
        """Whether its call has a new first request, and the former first request of this session goes along with it."""
        if parent.rule != RULE_ATTEMPT or node.call is None:
            return False
        stored = (key_id for _, key_id in self.index.calls[node.call] if self._session_of(key_id))
        former = next(stored, node.key_id)
        above = self._parents.get(former)
        return self._session_of(former) == session_id and above is not None and above.key == parent.key

    def _session_of(self, key_id: uuid.UUID) -> uuid.UUID | None:
        """The session that a request is stored in."""
        node = self.nodes.get(key_id)
        if node is not None:
            return node.stored.session_id if node.stored else None
        return self.homes.get(key_id)

    def _join(self, one: Atom, other: Atom) -> None:
        one, other = self._lead(one), self._lead(other)
        if one != other:
            self._leads[max(one, other)] = min(one, other)

    def _lead(self, atom: Atom) -> Atom:
        path = []
        while (lead := self._leads.setdefault(atom, atom)) != atom:
            path.append(atom)
            atom = lead
        self._leads.update(dict.fromkeys(path, atom))
        return atom

    # --- names ------------------------------------------------------------------------------------------------------

    def _names(self) -> dict[Atom, Home]:
        """The session of each set of requests that belong together."""
        names: dict[Atom, list[tuple[Name, Home]]] = defaultdict(list)
        for key_id, node in self.nodes.items():
            top = self._tops[key_id]
            if not isinstance(top, Home):
                home = node.own_name
                names[self._lead(top)].append(((self._rank(node), home.session_id), home))
        for atom in list(self._leads):
            if atom[0] == "session" and self._has_name(atom[1]):
                home = Home(atom[1], None, RULE_OWN)
                names[self._lead(atom)].append(((self.ranks.get(atom[1], 1), atom[1]), home))
        found = {atom: min(of_set, key=lambda name: name[0])[1] for atom, of_set in names.items()}
        # A stored session that gets another name moves as a whole.
        for atom in list(self._leads):
            if atom[0] == "session" and found[self._lead(atom)].session_id != atom[1]:
                self.missing.add(atom[1])
        return found

    def _rank(self, node: Node) -> int:
        parent = self._parents[node.key_id]
        return SUB_AGENT_RANK if parent and parent.rule == RULE_SUB_AGENT else node.rank

    def _has_name(self, session_id: uuid.UUID) -> bool:
        """Whether the name of a stored session is a candidate by itself, beside those of its requests."""
        return session_id not in self.whole or self.ranks.get(session_id, 1) <= KEEPS_NAME

    def _home(self, node: Node, names: Mapping[Atom, Home]) -> Home:
        top = self._tops[node.key_id]
        name = top if isinstance(top, Home) else names[self._lead(top)]
        parent = self._parents[node.key_id]
        if node.is_fixed:
            return name
        if parent is not None:
            return Home(name.session_id, name.session_key, parent.rule, _detail(node, parent))
        if node.stays and node.stored:
            return Home(name.session_id, name.session_key, node.stored.rule, node.stored.detail)
        alone = node.needed or node.own_name
        return Home(name.session_id, name.session_key, alone.rule, alone.detail)

    def _miss_those_left(self, homes: Mapping[uuid.UUID, Home]) -> None:
        """If a stored request leaves its session, all others of that session are looked at."""
        for key_id, home in homes.items():
            stored = self.nodes[key_id].stored
            if stored and stored.session_id != home.session_id:
                self.missing.add(stored.session_id)
        self.missing.difference_update(self.whole)


def _detail(node: Node, parent: Continued[uuid.UUID]) -> str:
    """What is stored of a rule beside its name."""
    if parent.rule == RULE_TRACE_ID:
        return TRACE_DETAIL
    if parent.rule == RULE_TOOL_CALL:
        first = next(link_key for link_key in node.begins if ids.is_of(ids.TOOL_CALL, link_key))
        return node.resent_call if first == parent.link_key else ""
    return node.needed.detail if parent.rule == RULE_PREVIOUS_RESPONSE and node.needed else ""
