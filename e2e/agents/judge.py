"""Compares the sessions in logsui with the conversations that there were. It knows no agent and asks no server."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# LiteLLM wraps a response's id in Base64.
WRAPPED_ID = re.compile(r"resp_([A-Za-z0-9+/=_-]{20,})")


@dataclass(frozen=True)
class Stored:
    """A model call in logsui: its session, the rule by which it is there, and the conversation that it belongs to."""

    session: str
    rule: str
    marker: str | None


@dataclass(frozen=True)
class Verdict:
    sent: int
    stored: int
    sessions: int
    expected: int
    joined: int
    rules: Mapping[str, int]

    @property
    def is_right(self) -> bool:
        return (self.stored, self.sessions, self.joined) == (self.sent, self.expected, 0)

    @property
    def problem(self) -> str:
        """What is wrong, in words."""
        problems = []
        if self.joined:
            problems.append(f"{self.joined} pairs of different conversations in one session")
        if self.sessions != self.expected:
            problems.append(f"{self.sessions} sessions for {self.expected}")
        if self.stored < self.sent:
            problems.append(f"{self.sent - self.stored} calls are missing")
        if self.stored > self.sent:
            problems.append(f"{self.stored - self.sent} calls are counted twice")
        return "; ".join(problems)


def judge(markers: Sequence[str], sent: int, stored: Iterable[Stored]) -> Verdict:
    """The verdict on the agent whose conversations have these markers. `stored` are the calls of all agents."""
    everything = list(stored)
    own = [call for call in everything if call.marker in markers]
    return Verdict(
        sent=sent,
        stored=len(own),
        sessions=len({call.session for call in own}),
        expected=len(markers),
        joined=joined_pairs(markers, everything),
        rules=Counter(call.rule for call in own),
    )


def labelled(sessions: Mapping[str, Sequence[tuple[str | None, str | None]]]) -> list[Stored]:
    """The calls of sessions whose items are (rule of a call, or None for a step, marker if known). Telemetry may tell a
    call without its texts: it belongs to the only conversation that its session names.
    """
    calls = []
    for session, items in sessions.items():
        markers = {marker for _, marker in items if marker}
        only = markers.pop() if len(markers) == 1 else None
        calls += [Stored(session, rule, marker or only) for rule, marker in items if rule is not None]
    return calls


def joined_pairs(markers: Sequence[str], stored: Iterable[Stored]) -> int:
    """The pairs of calls in one session that belong to different conversations, at least one of them to these."""
    sessions: dict[str, Counter[str]] = defaultdict(Counter)
    for call in stored:
        if call.marker is not None:
            sessions[call.session][call.marker] += 1
    return sum(pairs_with(markers, counts) for counts in sessions.values())


def pairs_with(markers: Sequence[str], counts: Mapping[str, int]) -> int:
    own = [counts.get(marker, 0) for marker in markers]
    others = sum(counts.values()) - sum(own)
    return (sum(own) ** 2 - sum(count**2 for count in own)) // 2 + sum(own) * others


def marker_of(document: str, markers: Iterable[str], given: Mapping[str, str]) -> str | None:
    """The conversation that a stored call belongs to: by a marker in it, else by an id that the model made for it."""
    found = next((marker for marker in markers if marker in document), None)
    if found:
        return found
    text = document + " ".join(unwrapped(document))
    return next((marker for id_, marker in given.items() if id_ in text), None)


def unwrapped(document: str) -> Iterable[str]:
    for wrapped in WRAPPED_ID.findall(document):
        try:
            yield base64.b64decode(wrapped + "=" * (-len(wrapped) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
