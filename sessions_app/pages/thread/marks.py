"""What is said between requests: which one is continued, what changed since, branches, parallel calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sessions_app.pages.html.components import NOTHING, component, joined, sentence
from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.pieces import request_link
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.lanes import started_words
from sessions_app.pages.thread.wording import Behind, counted, grouped_by, listed, messages_changed, ranges
from sessions_app.queries.compaction import compacts
from sessions_app.queries.session import RequestLine
from sessions_app.queries.window import Window, message_count
from sessions_app.records import RULE_ATTEMPT, RULE_MANUAL
from sessions_app.structure.histories import Added
from sessions_app.structure.timeline import Fork, Structure

# The most branches in a switcher. The outline has all of them.
MOST_BRANCHES = 12
# At most this many requests that ran at the same time are named; more are counted.
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class BranchLink:
    """A branch in a switcher: its letter, the numbers of its requests, the address that shows only this branch."""

    letter: str
    numbers: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ForkView:
    """The switcher after a request that several others continue. `all_href` shows all branches."""

    number: int
    count: int
    branches: list[BranchLink]
    all_href: str
    shows_all: bool
    more: int


def behind(structure: Structure, lines: Sequence[RequestLine], index: int, addresses: Addresses) -> Behind | None:
    """The request that this one continues or repeats."""
    parent = structure.parents[index]
    if parent is None:
        return None
    is_same_call = lines[index].call is not None and lines[index].call == lines[parent.index].call
    return Behind(parent.index + 1, addresses.in_session(parent.index + 1), is_same_call)


def fork_view(structure: Structure, fork: Fork, addresses: Addresses) -> ForkView:
    """The branches after a request. If only one of them is shown, it is the current one."""
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


def parallel_words(group: Sequence[int], at_one_time: bool) -> str:
    """`Requests 4, 5 and 6 ran at the same time`, or that each of them overlaps another one."""
    words = "ran at the same time" if at_one_time else "overlap: each ran at the same time as another one"
    if len(group) > MOST_NAMED:
        return f"{exact(len(group))} requests, {ranges([index + 1 for index in group])}, {words}"
    return f"Requests {listed([exact(index + 1) for index in group])} {words}"


@dataclass(frozen=True, slots=True)
class Marks:
    """Writes the line of words under the head of a request."""

    window: Window
    addresses: Addresses

    def html(self, index: int) -> Markup:
        """The line of words; empty when there is nothing to say."""
        words = joined((self._continues(index), self._model(index), self._history(index), *self._others(index)))
        return component("marks", "marks")(words) if words else NOTHING

    def chip(self, index: int) -> Markup:
        """The branch that a request is in; empty outside of branches."""
        structure = self.window.structure
        branch = structure.branch_of[index]
        if branch is None:
            return NOTHING
        return component("marks", "branch")(structure.letters[branch], self.addresses.branch(branch + 1))

    def _continues(self, index: int) -> Markup:
        """Which request it continues or repeats. Nothing is said if it continues the one right before it."""
        structure, line = self.window.structure, self.window.lines[index]
        origin = structure.origin(index)
        if origin is None and (run := self.window.runs.starting_at(index)):
            words = "within a tool that {} called" if run.tool else "started by a tool call of {}"
            return mark("agent", sentence(words, self._link(run.starter)))
        if origin is None:
            return self._new_conversation(index)
        if structure.attempts_of(origin.index)[-1] == self._before(index) and origin.rule != RULE_ATTEMPT:
            return NOTHING
        link = self._link(origin.index)
        if origin.rule != RULE_ATTEMPT:
            return mark("link", sentence("continues {}", link))
        if line.call and line.call == self.window.lines[origin.index].call:
            return mark("link", sentence("same call as {}", link))
        return mark("retry", sentence("the same input as {}, which failed", link))

    def _before(self, index: int) -> int | None:
        """The request above this one on the page. Attempts of its own call and lanes beside its own do not count."""
        structure, before = self.window.structure, index - 1
        while before >= 0 and (structure.is_same_call(before, index) or not self._is_beside(before, index)):
            before -= 1
        return before if before >= 0 else None

    def _is_beside(self, before: int, index: int) -> bool:
        runs = self.window.runs
        return self.addresses.shows(before + 1) and (not runs or runs.is_outside(before, index))

    def _new_conversation(self, index: int) -> Markup:
        """What is said of a request that continues no other one, unless it is the first."""
        if self.window.structure.attempts_of(index)[0] == 0 or not self.window.lines[index].is_conversation:
            return NOTHING
        added = self.window.added[index]
        # What sent no messages that are known may well go on with something.
        if added.changes or not added.is_compared or not added.count:
            return NOTHING
        if added.base is not None and added.start == added.count == self._message_count(added.base):
            return mark("retry", sentence("the same input as {}", self._link(added.base)), is_quiet=True)
        if added.base is None or added.shared <= 1:
            return mark("", sentence("starts a new conversation"), is_quiet=True)
        return mark("link", sentence("repeats the history of {}", self._link(added.base)), is_quiet=True)

    def _message_count(self, index: int) -> int | None:
        """How many messages a request sent; None if it was not looked at."""
        request = self.window.details.get(index)
        return message_count(request) if request else None

    def _model(self, index: int) -> Markup:
        origin, added = self.window.structure.origin(index), self.window.added[index]
        base = origin.index if origin else added.base if added.shared > 1 or added.changes else None
        if base is None or self._fell_back(index):
            return NOTHING
        # Of several attempts, the last one's model gave the answer that this request continues.
        base = self.window.structure.attempts_of(base)[-1] if base < index else base
        before, after = self.window.lines[base].model, self.window.lines[index].model
        if not before or not after or before == after:
            return NOTHING
        return mark("", component("marks", "model_change")(before, after))

    def _fell_back(self, index: int) -> bool:
        """Whether the note on its attempts says already that the model changed."""
        attempts = self.window.structure.attempts_of(index)
        first = self.window.lines[attempts[0]].model
        return any(self.window.lines[attempt].model != first for attempt in attempts)

    def _history(self, index: int) -> Markup:
        added = self.window.added[index]
        if not added.is_compared:
            why = "its history is not compared with earlier ones: too large, or too much for one page or its time"
            return mark("info", sentence("{}", why), is_quiet=True)
        if not added.changes or added.base is None:
            return NOTHING
        words = ", ".join(messages_changed(change) for change in added.changes[:3])
        more = len(added.changes) - 3
        words += f" and {counted(more, 'change')} more" if more > 0 else ""
        words += f" (by {added.summarised_by})" if added.summarised_by else ""
        link = component("marks", "what_changed")(self.addresses.request(self.window.lines[index].id), index + 1)
        if self._goes_on(added):
            return mark("", sentence("again: {} {}", words, link), is_quiet=True)
        return mark("edit", sentence("rewrites the history of {}: {} {}", self._link(added.base), words, link))

    def _goes_on(self, added: Added) -> bool:
        """Whether the request before it had its history changed in the same way: many clients trim it each time."""
        before = self.window.added.get(added.base) if added.base is not None else None
        if before is None or added.summarised_by:
            return False
        return {change.kind for change in added.changes} == {change.kind for change in before.changes}

    def _others(self, index: int) -> Iterator[Markup]:
        """Which runs of sub-agents it started, and what a person did."""
        if runs := self.window.runs.started_by.get(index):
            yield mark("agent", started_words(runs, self.window, self.addresses))
        if self.window.details[index].is_compacted:
            yield mark("edit", sentence("its client says that the history was compacted before"))
        if compacts(self.window, index):
            yield mark("edit", sentence("the provider put a summary of the history into this answer"))
        yield self._rule(index)

    def _rule(self, index: int) -> Markup:
        """Why it is in this session, when somebody moved it here."""
        line = self.window.lines[index]
        return mark("user", grouped_by(line.rule, line.rule_detail)) if line.rule == RULE_MANUAL else NOTHING

    def _link(self, index: int) -> Markup:
        return request_link(self.addresses.in_session(index + 1), index + 1)


def mark(icon_name: str, words: Markup, is_quiet: bool = False) -> Markup:
    """A piece of the line of words."""
    return component("marks", "mark")(icon_name, words, is_quiet)
