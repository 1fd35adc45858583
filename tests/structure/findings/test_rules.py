"""Each rule of findings on made-up sessions with the fault, and on near ones without it."""

from __future__ import annotations

import pytest

from sessions_app.structure.findings.facts import KnownSession
from sessions_app.structure.findings.rules import RULES, find_all
from tests.structure.findings.made_up import MadeUp, brought, called, name, structure_of

LONG = "x" * 5_000


@pytest.fixture
def session() -> MadeUp:
    return MadeUp()


def test_an_ordinary_session_has_no_finding(session: MadeUp) -> None:
    session.steps(*[("read", f"{number}.py", f"{number}{LONG}") for number in range(30)])
    session.steps(*[("edit", f"{number}.py", "ok") for number in range(30)])
    for rule in RULES:
        assert session.found(rule.RULE) == []


def test_requests_without_a_profile_have_no_findings_of_tools() -> None:
    made = MadeUp()
    made.steps(*[("ls", "", "nothing")] * 6)
    count = len(made.rows)
    facts = KnownSession(made.rows, [None] * count, [None] * count, structure_of(made.parents))
    assert find_all(facts) == []


# --- repeated calls ---------------------------------------------------------------------------------------------------


def test_the_same_call_with_the_same_result(session: MadeUp) -> None:
    session.steps(("ls", "", "a"), ("ls", "", "a"), ("ls", "", "a"))
    (found,) = session.found("repeated_calls")
    assert (found.count, found.size, found.tools) == (3, 1, (name("ls"),))
    assert (found.evidence, found.costly) == ((0, 1, 2), (1, 2))


def test_calls_in_rotation_are_one_finding(session: MadeUp) -> None:
    session.steps(*[("ls", "", "a"), ("cat", "x", "b"), ("grep", "y", "")] * 3)
    (found,) = session.found("repeated_calls")
    assert (found.count, found.size, found.tools) == (9, 3, (name("ls"), name("cat"), name("grep")))
    assert found.costly == (3, 4, 5, 6, 7, 8)


def test_its_key_stays_when_more_of_it_follows(session: MadeUp) -> None:
    session.steps(*[("ls", "", "a"), ("cat", "x", "b")] * 3)
    (before,) = session.found("repeated_calls")
    session.steps(*[("ls", "", "a"), ("cat", "x", "b")] * 3)
    (after,) = session.found("repeated_calls")
    assert (after.key, after.count) == (before.key, before.count + 6)


def test_one_answer_may_repeat_a_call(session: MadeUp) -> None:
    call = called("ls")
    session.request(calls=[call] * 3)
    session.request([brought(call, "a")] * 3)
    (found,) = session.found("repeated_calls")
    assert (found.count, found.evidence) == (3, (0,))


@pytest.mark.parametrize(
    "steps",
    [
        # Twice is not again and again.
        [("ls", "", "a")] * 2,
        # Another argument is another call.
        [("ls", str(number), "a") for number in range(6)],
        # A test that is run after each edit says something else each time.
        [step for number in range(12) for step in (("edit", str(number), "ok"), ("test", "", f"{number} failed"))],
        # Far apart it is no loop.
        [step for n in range(4) for step in (("ls", "", "a"), *[("cat", f"{n}.{i}", "b") for i in range(10)])],
    ],
)
def test_these_calls_are_not_repeated(session: MadeUp, steps: list[tuple[str, str, str]]) -> None:
    session.steps(*steps)
    assert session.found("repeated_calls") == []


def test_a_call_that_is_most_of_what_is_done_is_repeated_whatever_it_brings(session: MadeUp) -> None:
    session.steps(*[("status", "", str(number)) for number in range(12)])
    (found,) = session.found("repeated_calls")
    assert found.count == 12


def test_sub_agents_that_call_the_same_do_not_repeat_each_other(session: MadeUp) -> None:
    for _ in range(4):
        call = called("ls")
        first = session.request(calls=[call], parent=None)
        session.request([brought(call, "a")], parent=first)
    assert session.found("repeated_calls") == []


def test_branches_do_not_repeat_each_other(session: MadeUp) -> None:
    session.request()
    for _ in range(4):
        call = called("ls")
        first = session.request(calls=[call], parent=0)
        session.request([brought(call, "a")], parent=first)
    branches = {index: index - (index - 1) % 2 for index in range(1, 9)}
    assert session.found("repeated_calls", branches=branches) == []
    assert session.found("repeated_calls") != []


def test_a_branch_may_go_on_with_what_was_begun_before_it(session: MadeUp) -> None:
    session.steps(("ls", "", "a"), ("ls", "", "a"))
    call = called("ls")
    session.request([brought(call, "a")], parent=1)
    session.request([brought(call, "a")], [call], parent=1)
    session.request([brought(call, "a")])
    (found,) = session.found("repeated_calls", branches={2: 2, 3: 3, 4: 3, 5: 3})
    assert (found.count, found.evidence) == (3, (0, 1, 4))


# --- read again -------------------------------------------------------------------------------------------------------


def test_a_file_read_again_unchanged(session: MadeUp) -> None:
    session.steps(("read", "a", LONG), ("read", "b", "ok"), ("read", "a", LONG))
    (found,) = session.found("read_again")
    assert (found.count, found.size, found.tools) == (1, 5_000, (name("read"),))
    assert (found.evidence, found.costly) == ((0, 2), (2,))


@pytest.mark.parametrize(
    "steps",
    [
        [("read", "a", LONG), ("edit", "a", "ok"), ("read", "a", LONG + "y")],
        [("read", "a", LONG), ("edit", "a", "ok"), ("read", "a", LONG)],
        [("read", "a", LONG), ("read", "b", LONG)],
        [("edit", "a", "ok"), ("edit", "a", "ok")],
    ],
    ids=["changed", "another tool in between", "another file", "no reading"],
)
def test_these_are_not_read_again(session: MadeUp, steps: list[tuple[str, str, str]]) -> None:
    session.steps(*steps)
    assert session.found("read_again") == []


def test_a_loop_is_not_found_twice(session: MadeUp) -> None:
    session.steps(*[("read", "a", LONG)] * 4)
    assert session.found("read_again", others=["repeated_calls"]) == []


# --- failing tools ----------------------------------------------------------------------------------------------------


def failing(session: MadeUp, outcomes: str, tool: str = "run") -> None:
    """Calls of one tool: `x` fails, `.` succeeds. The keys of failures come again with the history."""
    keys: tuple[int, ...] = ()
    results = []
    for number, outcome in enumerate([*outcomes, ""]):
        call = called(tool, f"{tool}{number}")
        session.request(results, [call], tool_failures=keys, failed_tools=(tool,) if keys else ())
        results = [brought(call, f"result {number}")]
        keys = (*keys, 2 * (number + 1)) if outcome == "x" else keys
    session.rows.pop(), session.profiles.pop(), session.parents.pop()
    session.request(results, tool_failures=keys, failed_tools=(tool,) if keys else ())


@pytest.mark.parametrize(("outcomes", "count", "run"), [("xxx", 3, 3), (".xxxx.x", 4, 4), ("xxx.xxxx", 7, 4)])
def test_a_tool_that_keeps_failing(session: MadeUp, outcomes: str, count: int, run: int) -> None:
    failing(session, outcomes)
    (found,) = session.found("failing_tools")
    assert (found.count, found.size, found.tools) == (count, run, (name("run"),))
    assert len(found.evidence) == count


@pytest.mark.parametrize("outcomes", ["xx", "xx.xx", "x.x.x.x", "..."])
def test_a_tool_that_succeeds_in_between_does_not_keep_failing(session: MadeUp, outcomes: str) -> None:
    failing(session, outcomes)
    assert session.found("failing_tools") == []


def test_which_of_two_tools_failed_is_known_by_their_names(session: MadeUp) -> None:
    good, bad = called("good"), called("bad")
    keys: tuple[int, ...] = ()
    for number in range(3):
        keys = (*keys, 2 * (number + 1))
        results = [brought(good, str(number)), brought(bad, str(number))]
        session.request(results, tool_failures=keys, failed_tools=("bad",))
    (found,) = session.found("failing_tools")
    assert (found.count, found.tools) == (3, (name("bad"),))


def test_which_of_two_tools_failed_may_be_unknown(session: MadeUp) -> None:
    one, other = called("one"), called("other")
    keys: tuple[int, ...] = ()
    for number in range(5):
        keys = (*keys, 2 * (number + 1))
        results = [brought(one, str(number)), brought(other, str(number))]
        session.request(results, tool_failures=keys, failed_tools=("one", "other"))
    assert session.found("failing_tools") == []


# --- errors retried ---------------------------------------------------------------------------------------------------


def attempts(session: MadeUp, *statuses: int | None, models: str = "") -> tuple[int, ...]:
    """Attempts of one call. None: it succeeded."""
    return tuple(
        session.request(
            parent=None,
            status="error" if status else "success",
            http_status=status,
            finish_reason="",
            model=models[number] if models else "m",
        )
        for number, status in enumerate(statuses)
    )


@pytest.mark.parametrize(
    ("statuses", "count", "status"),
    [((400, 400), 2, 400), ((404, None), 1, 404), ((500,) * 4, 4, 500), ((429,) * 5 + (None,), 5, 429)],
)
def test_an_error_retried_without_change(
    session: MadeUp, statuses: tuple[int | None, ...], count: int, status: int
) -> None:
    chain = attempts(session, *statuses)
    (found,) = session.found("repeated_errors", chains=[chain])
    assert (found.count, found.size, found.evidence) == (count, status, chain)


@pytest.mark.parametrize("statuses", [(429, None), (500, 500, None), (None, None), (429, 500, 429, 503)])
def test_these_retries_are_sound(session: MadeUp, statuses: tuple[int | None, ...]) -> None:
    chain = attempts(session, *statuses)
    assert session.found("repeated_errors", chains=[chain]) == []


def test_another_model_is_a_change(session: MadeUp) -> None:
    chain = attempts(session, 400, None, models="ab")
    assert session.found("repeated_errors", chains=[chain]) == []


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "max_output_tokens"])
def test_a_cut_answer_that_was_used(session: MadeUp, reason: str) -> None:
    session.request()
    session.request(finish_reason=reason)
    session.request()
    (found,) = session.found("cut_answers")
    assert (found.count, found.evidence, found.costly) == (1, (1, 2), (1,))


def test_a_cut_answer_that_nothing_goes_on_from(session: MadeUp) -> None:
    session.request(finish_reason="length")
    session.request(parent=None)
    session.request(finish_reason="length")
    assert session.found("cut_answers") == []


@pytest.mark.parametrize(
    "members",
    [
        {"finish_reason": "content_filter"},
        {"finish_reason": "SAFETY"},
        {"finish_reason": "refusal"},
        {"status": "error", "finish_reason": "", "error_type": "content_policy_violation", "http_status": 400},
    ],
)
def test_a_withheld_answer(session: MadeUp, members: dict[str, object]) -> None:
    session.request()
    session.request(**members)
    (found,) = session.found("withheld_answers")
    assert found.evidence == (1,)


def test_an_error_is_no_withheld_answer(session: MadeUp) -> None:
    session.request(status="error", finish_reason="", error_type="rate_limit_error", http_status=429)
    assert session.found("withheld_answers") == []


def test_its_key_is_another_when_another_answer_is_withheld(session: MadeUp) -> None:
    session.request(finish_reason="refusal")
    (before,) = session.found("withheld_answers")
    session.request(finish_reason="refusal")
    (after,) = session.found("withheld_answers")
    assert before.key != after.key


# --- context ----------------------------------------------------------------------------------------------------------


def test_the_context_near_its_limit(session: MadeUp) -> None:
    session.window = 100_000
    session.request(input_tokens=89_999)
    session.request(input_tokens=90_000)
    session.request(input_tokens=None)
    (found,) = session.found("full_context")
    assert (found.count, found.size, found.evidence) == (1, 100_000, (1,))


def test_an_unknown_window_has_no_limit(session: MadeUp) -> None:
    session.request(input_tokens=5_000_000)
    assert session.found("full_context") == []


@pytest.mark.parametrize(
    ("window", "input_tokens", "is_large"),
    [
        # The result has a tenth of the prompt's characters.
        (100_000, 100_000, True),
        (200_000, 100_000, False),
        (None, 100_000, True),
        (None, 90_000, False),
        (100_000, None, False),
    ],
)
def test_a_large_tool_result(session: MadeUp, window: int | None, input_tokens: int | None, is_large: bool) -> None:
    session.window = window
    chars = (1_000, 0, 1_000, 0, 0, 98_000, 0, 0)
    session.request([brought(called("read"), "a", 10_000)], input_tokens=input_tokens, chars=chars)
    found = session.found("large_results", others=["full_context"])
    assert [(one.count, one.size, one.tools) for one in found] == [(1, 10_000, (name("read"),))] * is_large
