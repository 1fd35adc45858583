"""What stands between requests, in words: which one is continued, what changed since, branches, parallel calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessions_app.pages.html.messages import icon
from sessions_app.pages.html.plain_text import isolated, shown
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.wording import Behind, counted, grouped_by, listed, messages_changed, ranges
from sessions_app.queries.session import RequestLine
from sessions_app.queries.window import Window
from sessions_app.records import RULE_ATTEMPT, RULE_MANUAL
from sessions_app.structure.timeline import Fork, Structure
from sessions_app.templatetags.format import exact, hue

# A switcher offers so many branches; the others are in the outline.
MOST_BRANCHES = 12
# So many requests that ran at the same time are named one by one.
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class BranchLink:
    """A branch in a switcher: its letter, the numbers of its requests, where it is shown alone."""

    letter: str
    numbers: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ForkView:
    """The switcher after a request that several ones continue. `all_href` shows all of them."""

    number: int
    count: int
    branches: list[BranchLink]
    all_href: str
    shows_all: bool
    more: int


def request_link(addresses: Addresses, number: int) -> str:
    """A link to another request of the session."""
    return f'<a class="link" href="{shown(addresses.in_session(number))}">request {exact(number)}</a>'


def behind(structure: Structure, lines: Sequence[RequestLine], index: int, addresses: Addresses) -> Behind | None:
    """The request that another one continues, for words."""
    parent = structure.parents[index]
    if parent is None:
        return None
    is_same_call = lines[index].call is not None and lines[index].call == lines[parent.index].call
    return Behind(parent.index + 1, addresses.in_session(parent.index + 1), is_same_call)


def fork_view(structure: Structure, fork: Fork, addresses: Addresses) -> ForkView:
    """The branches after a request. Which is current is told by what is shown."""
    visible = [branch for branch in fork.branches if addresses.shows(branch + 1)]
    shows_all = len(visible) == len(fork.branches)
    links = [
        BranchLink(
            letter=structure.letters[branch],
            numbers=ranges([index + 1 for index in structure.branch_with(branch)]),
            href=addresses.branch(branch + 1),
            is_current=not shows_all and branch in visible,
        )
        for branch in fork.branches[:MOST_BRANCHES]
    ]
    number = fork.index + 1
    return ForkView(
        number=number,
        count=len(fork.branches),
        branches=links,
        all_href=addresses.whole.in_session(number),
        shows_all=shows_all,
        more=len(fork.branches) - len(links),
    )


def parallel_words(group: Sequence[int]) -> str:
    """`Requests 4, 5 and 6 ran at the same time`."""
    if len(group) > MOST_NAMED:
        return f"{exact(len(group))} requests, {ranges([index + 1 for index in group])}, ran at the same time"
    return f"Requests {listed([exact(index + 1) for index in group])} ran at the same time"


@dataclass(frozen=True, slots=True)
class Marks:
    """Writes what is said of a request beside what it sent and received."""

    window: Window
    addresses: Addresses

    def html(self, index: int) -> str:
        """The line of words under a request's head; "" when nothing is to be said."""
        pieces = [self._continues(index), self._model(index), self._history(index), self._rule(index)]
        words = "".join(piece for piece in pieces if piece)
        return f'<p class="marks">{words}</p>' if words else ""

    def chip(self, index: int) -> str:
        """The branch that a request is in."""
        structure = self.window.structure
        branch = structure.branch_of[index]
        if branch is None:
            return ""
        letter = structure.letters[branch]
        href = self.addresses.branch(branch + 1)
        return f'<a class="lane-chip" href="{href}" title="Branch {letter}: show it alone">{icon("fork")}{letter}</a>'

    def _continues(self, index: int) -> str:
        """What it goes on from, unless that is what stands right before it."""
        structure, line = self.window.structure, self.window.lines[index]
        origin = structure.origin(index)
        if origin is None:
            return self._continues_nothing(index)
        if structure.attempts_of(origin.index)[-1] == self._before(index) and origin.rule != RULE_ATTEMPT:
            return ""
        link = self._link(origin.index)
        if origin.rule != RULE_ATTEMPT:
            return mark("link", f"continues {link}")
        if line.call and line.call == self.window.lines[origin.index].call:
            return mark("link", f"same call as {link}")
        return mark("retry", f"the same input as {link}, which failed")

    def _before(self, index: int) -> int | None:
        """The item that stands before a request; its own failed attempts stand inside it."""
        structure, before = self.window.structure, index - 1
        while before >= 0 and (structure.is_same_call(before, index) or not self.addresses.shows(before + 1)):
            before -= 1
        return before if before >= 0 else None

    def _continues_nothing(self, index: int) -> str:
        line = self.window.lines[index]
        if index == 0 or not line.is_conversation:
            return ""
        attempts = self.window.structure.attempts_of(index)
        if attempts[0] == 0:
            return ""
        added = self.window.added[index]
        if added.changes or not added.is_compared:
            return ""
        if added.base is not None and added.start == added.count:
            return mark("retry", f"the same input as {self._link(added.base)}", quiet=True)
        if added.base is None or added.shared <= 1:
            return mark("", "continues nothing", quiet=True)
        return mark("link", f"repeats the history of {self._link(added.base)}", quiet=True)

    def _model(self, index: int) -> str:
        origin, added = self.window.structure.origin(index), self.window.added[index]
        base = origin.index if origin else added.base if added.shared > 1 or added.changes else None
        if base is None or self._fell_back(index):
            return ""
        # The model that answered is what the next one is compared with.
        base = self.window.structure.attempts_of(base)[-1] if base < index else base
        before, after = self.window.lines[base].model, self.window.lines[index].model
        if not before or not after or before == after:
            return ""
        first, second = (f'<span class="model" {hue(name)}>{isolated(name)}</span>' for name in (before, after))
        return mark("", f'<span class="vh">model changed from </span>{first}<span class="arrow">→</span>{second}')

    def _fell_back(self, index: int) -> bool:
        """Whether its attempts tell already that the model changed."""
        attempts = self.window.structure.attempts_of(index)
        first = self.window.lines[attempts[0]].model
        return any(self.window.lines[attempt].model != first for attempt in attempts)

    def _history(self, index: int) -> str:
        added = self.window.added[index]
        if not added.is_compared:
            return mark(
                "info", "its history is not compared with earlier ones: too large, or too much on this page", quiet=True
            )
        if not added.changes or added.base is None:
            return ""
        base_url = self.addresses.request(self.window.lines[index].id)
        words = ", ".join(messages_changed(change) for change in added.changes[:3])
        more = len(added.changes) - 3
        rest = f" and {counted(more, 'change')} more" if more > 0 else ""
        link = (
            f'<a class="textbtn" href="{base_url}changes/" hx-get="{base_url}changes/" '
            f'hx-target="#changes-{index + 1}">what changed</a>'
        )
        return mark("edit", f"rewrites the history of {self._link(added.base)}: {words}{rest} {link}")

    def _rule(self, index: int) -> str:
        """By which rule it is in this session, when a person said so."""
        line = self.window.lines[index]
        return mark("user", grouped_by(line.rule, line.rule_detail)) if line.rule == RULE_MANUAL else ""

    def _link(self, index: int) -> str:
        return request_link(self.addresses, index + 1)


def mark(icon_name: str, html: str, quiet: bool = False) -> str:
    """A piece of the line of words."""
    drawn = icon(icon_name) if icon_name else ""
    return f'<span class="mark"{" data-quiet" if quiet else ""}>{drawn}<span>{html}</span></span>'
