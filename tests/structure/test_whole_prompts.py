"""What whole prompts consist of, also behind the names of responses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sessions_app.records import RULE_PREVIOUS_RESPONSE
from sessions_app.structure.parents import Parent
from sessions_app.structure.profiles import Profile
from sessions_app.structure.timeline import Structure
from sessions_app.structure.whole_prompts import WholePrompt, whole_prompts
from tests.structure.findings.made_up import structure_of


@dataclass(frozen=True)
class Row:
    previous: str | None = None


def chain(*rules: str | None) -> Structure:
    """Each request goes on from the one before, by these rules."""
    parents = [Parent(index - 1, rule, True) if rule else None for index, rule in enumerate(rules)]
    return replace(structure_of([None] * len(rules)), parents=parents)


# Instructions of 100 characters come with each request, and are no part of what is kept.
FIRST, SECOND = Profile((100, 7), adds=(0, 9)), Profile((100, 1), adds=(0, 5))


def test_what_the_provider_keeps_is_put_together() -> None:
    rows = [Row(), Row("r1"), Row("r2")]
    found = whole_prompts(rows, [FIRST, SECOND, SECOND], chain(None, RULE_PREVIOUS_RESPONSE, RULE_PREVIOUS_RESPONSE))
    assert found == [WholePrompt((100, 7)), WholePrompt((100, 10)), WholePrompt((100, 15))]
    assert all(one and one.is_whole for one in found)


def test_a_request_that_sends_its_history_has_all_of_it() -> None:
    found = whole_prompts([Row(), Row()], [FIRST, SECOND], chain(None, "conversation"))
    assert found[1] == WholePrompt((100, 1))


def test_what_is_not_logged_is_missing_from_then_on() -> None:
    rows = [Row("elsewhere"), Row("r1")]
    found = whole_prompts(rows, [FIRST, SECOND], chain(None, RULE_PREVIOUS_RESPONSE))
    assert found == [WholePrompt((100, 7), has_history=False), WholePrompt((100, 10), has_history=False)]


def test_an_older_profile_tells_nothing_of_what_follows() -> None:
    rows = [Row(), Row("r1"), Row("r2")]
    older = [None, FIRST._replace(adds=None)]
    for first in older:
        found = whole_prompts(rows[:2], [first, SECOND], chain(None, RULE_PREVIOUS_RESPONSE))
        assert found[1] == WholePrompt((100, 1), has_history=False)


def test_tools_that_the_provider_ran_count_for_all_that_follows() -> None:
    rows = [Row(), Row("r1")]
    found = whole_prompts(rows, [FIRST._replace(ran_tools=True), SECOND], chain(None, RULE_PREVIOUS_RESPONSE))
    assert [one and one.is_whole for one in found] == [False, False]
