"""What each request added to, or changed in, the history of an earlier one: plain Python, no database."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.documents import digest
from sessions_app.content.packed_digests import pack_digests
from sessions_app.structure import histories
from sessions_app.structure.histories import Added, Change, Comparison, PackedLists, addresses_of_bundles, weighed
from sessions_app.structure.parents import Parent


@dataclass
class Sent:
    """What a request sent and got back: messages by their text, a character each unless they come as a list."""

    texts: str | list[str]
    resent_count: int = 0
    answer: str | list[str] = ""

    @property
    def input_parts(self) -> bytes:
        return pack_digests([digest(text.encode()) for text in self.texts])[0]

    @property
    def output_parts(self) -> bytes:
        return pack_digests([digest(text.encode()) for text in self.answer])[0]


def lists_of(*sent: Sent) -> PackedLists:
    blocks: dict[bytes, bytes] = {}
    for one in sent:
        for texts in (one.texts, one.answer):
            blocks |= pack_digests([digest(text.encode()) for text in texts])[1]
    return PackedLists(blocks)


def added(*sent: Sent, continues: int | None = None, is_whole: bool = True, rule: str = "conversation") -> Added:
    """What the last of these requests added."""
    comparison = Comparison(dict(enumerate(sent)), lists_of(*sent))
    parent = None if continues is None else Parent(continues, rule, is_whole)
    return comparison.added(len(sent) - 1, parent)


def changed(*sent: Sent, continues: int | None = None) -> list[tuple[str, list[int], list[int]]]:
    found = added(*sent, continues=continues, is_whole=False)
    return [(change.kind, list(change.old), list(change.new)) for change in found.changes]


def new_texts(*sent: Sent) -> str:
    return "".join(sent[-1].texts[position] for position in added(*sent).positions())


# --- requests that go on --------------------------------------------------------------------------------------------


def test_linked_request_added_what_follows_its_history() -> None:
    assert added(Sent("su"), Sent("suav", 3), continues=0) == Added(3, 4, base=0, shared=3)


def test_linked_request_tells_that_its_system_prompt_changed() -> None:
    assert added(Sent("su"), Sent("Suav", 3), continues=0).first_changed


def test_request_of_a_response_chain_added_all_it_sent() -> None:
    assert added(Sent("u"), Sent("v"), continues=0) == Added(0, 1, base=0)


def test_request_that_continues_a_shorter_beginning_added_the_turns_in_between() -> None:
    found = added(Sent("su", answer="a"), Sent("suavbw", 5), continues=0, is_whole=False)

    assert found.base == 0
    assert found.positions() == [3, 4, 5]


# --- requests that continue nothing ---------------------------------------------------------------------------------


def test_repeated_request_added_nothing() -> None:
    assert added(Sent("su"), Sent("su")) == Added(2, 2, base=0, shared=2)
    assert added(Sent("su"), Sent("su"), continues=0, rule="attempt") == Added(2, 2, base=0, shared=2)


def test_own_attempts_are_not_taken_for_known() -> None:
    comparison = Comparison(dict(enumerate([Sent("su"), Sent("su")])), lists_of(Sent("su")))
    assert comparison.added(1, None, apart_from=(0, 1)) == Added(0, 2)


def test_first_request_added_everything() -> None:
    assert added(Sent("su")) == Added(0, 2)
    assert added(Sent("")) == Added(0, 0)


def test_request_without_a_history_and_with_another_system_prompt_is_printed_whole() -> None:
    assert added(Sent("su"), Sent("Tu")) == Added(0, 2)


def test_request_far_back_is_not_looked_at() -> None:
    others = [Sent(f"{number}") for number in range(histories.NEIGHBOURS)]
    assert added(Sent("su"), *others, Sent("suav", 3)) == Added(0, 4)


def test_nearest_of_equal_histories_is_the_base() -> None:
    assert added(Sent("su"), Sent("title"), Sent("suv"), Sent("suaw", 3)).base == 2


# --- histories that came back otherwise -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "resent", "expected"),
    [
        ("su1a2b3c", 7, []),
        ("sU1a2b3c", 7, [("edited", [1], [1])]),
        ("su1A2b3c", 7, [("edited", [3], [3])]),
        ("s2b3c", 4, [("dropped", [1, 2, 3], [])]),
        ("sz3c", 3, [("replaced", [1, 2, 3, 4, 5], [1])]),
        ("su1xya2b3c", 9, [("inserted", [], [3, 4])]),
        ("su1xa2b3c", 8, [("inserted", [], [3])]),
        ("suxyzb3c", 7, [("edited", [2, 3, 4], [2, 3, 4])]),
    ],
    ids=["nothing", "edited", "another edited", "dropped", "replaced", "inserted", "one inserted", "three for three"],
)
def test_kinds_of_changes(after: str, resent: int, expected: list[tuple[str, list[int], list[int]]]) -> None:
    """Before: a system prompt, six messages and the answer `3`."""
    assert changed(Sent("su1a2b", 4, answer="3"), Sent(after, resent)) == expected


def test_history_that_begins_with_a_summary_and_goes_on_as_before() -> None:
    before = Sent("s" + "abcdefghijklmnop", 16, answer="q")
    after = Sent("sZmnopqr", 7)

    assert changed(before, after) == [("replaced", list(range(1, 13)), [1])]
    assert new_texts(before, after) == "Zr"


def test_history_of_which_nothing_but_the_beginning_came_back() -> None:
    assert changed(Sent("suabcdef", 7, answer="g"), Sent("suZyv", 4)) == [("replaced", list(range(2, 9)), [2, 3])]


def test_answer_that_came_back_edited() -> None:
    """The answer stands after the input, at the position that follows it."""
    assert changed(Sent("u", answer="a"), Sent("uAv", 2)) == [("edited", [1], [1])]
    assert new_texts(Sent("u", answer="a"), Sent("uAv", 2)) == "Av"


def test_answers_that_were_not_chosen_are_not_dropped() -> None:
    assert changed(Sent("u", answer="ab"), Sent("ubv", 2)) == []
    assert changed(Sent("u", answer="ab"), Sent("uav", 2)) == []


def test_what_the_earlier_request_asked_is_not_missed() -> None:
    """A client asks for a summary, and goes on from that and its last messages."""
    assert changed(Sent("sabcdefQ", 7, answer="Z"), Sent("sZefg", 4)) == [("replaced", [1, 2, 3, 4], [1])]
    assert changed(Sent("sabcdefQ", 7, answer="z"), Sent("sabXefg", 6)) == [("replaced", [3, 4], [3])]


def test_history_with_more_in_common_is_the_one_that_changed() -> None:
    found = added(
        Sent("su", answer="1"), Sent("su1a2b", 5, answer="3"), Sent("su1A2b3c", 7), continues=0, is_whole=False
    )

    assert found.base == 1
    assert [(change.kind, list(change.new)) for change in found.changes] == [("edited", [3])]


texts = st.lists(st.sampled_from("abcdefgh"), max_size=40)


@given(texts, texts, st.integers(0, 40))
def test_changes_tell_exactly_how_the_history_became_another(old: list[str], new: list[str], resent: int) -> None:
    resent = min(resent, len(new))
    first, second = Sent(old, len(old)), Sent(new, resent)
    found = added(first, second)
    if not resent or found.base is None:
        return

    rebuilt, at = [], 0
    for change in found.changes:
        assert change.old.start >= at
        rebuilt += old[at : change.old.start] + [new[position] for position in change.new]
        at = change.old.stop
    assert rebuilt + old[at:] == new[: found.start]
    assert set(found.positions()) == set(range(found.start, len(new))) | {p for c in found.changes for p in c.new}


def test_very_long_histories_are_compared_in_blocks() -> None:
    before = Sent([f"m{n}" for n in range(3_000)], 2_999)
    after = Sent(
        [f"m{n}" for n in range(2_900)] + ["edited"] + [f"m{n}" for n in range(2_901, 3_000)] + ["x", "y"], 3_001
    )

    assert changed(before, after) == [("edited", [2_900], [2_900]), ("inserted", [], [3_000])]


# --- what the messages say ------------------------------------------------------------------------------------------


Messages = dict[int, tuple[str, bytes]]


def weigh(change: Change, old: Messages, new: Messages) -> Added:
    """The answers of the earlier request are its messages 9 and 10."""
    return weighed(Added(5, 6, base=0, shared=2, changes=(change,)), old.get, new.get, range(9, 11))


def test_message_in_another_form_is_no_change() -> None:
    change = Change("edited", range(1, 4), range(1, 4))
    old = {1: ("user", b"1"), 2: ("assistant", b"2"), 3: ("user", b"3")}
    found = weigh(change, old, old | {2: ("assistant", b"x")})

    assert found.changes == (Change("edited", range(2, 3), range(2, 3)),)
    assert weigh(change, old, dict(old)).changes == ()


def test_message_of_another_role_replaces() -> None:
    found = weigh(Change("edited", range(1, 2), range(1, 2)), {1: ("user", b"1")}, {1: ("assistant", b"1")})
    assert [change.kind for change in found.changes] == ["replaced"]


def test_any_of_several_answers_may_come_back() -> None:
    old = {9: ("assistant", b"1"), 10: ("assistant", b"2")}
    assert weigh(Change("edited", range(9, 10), range(3, 4)), old, {3: ("assistant", b"2")}).changes == ()


def test_system_prompt_is_not_part_of_the_history() -> None:
    system = {0: ("system", b"1")}
    found = weigh(Change("edited", range(1), range(1)), system, {0: ("system", b"2")})

    assert (found.changes, found.first_changed) == ((), True)
    assert weigh(Change("dropped", range(1), range(0)), system, {}).changes == ()
    assert weigh(Change("dropped", range(1), range(0)), {0: ("user", b"1")}, {}).changes != ()


def test_messages_that_were_not_read_count_as_edited() -> None:
    change = Change("edited", range(1, 3), range(1, 3))
    assert weigh(change, {}, {}).changes == (change,)


# --- packed lists ---------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("ab"), max_size=140), st.lists(st.sampled_from("ab"), max_size=140))
def test_common_prefix_of_packed_lists(one: list[str], other: list[str]) -> None:
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    first, second = Sent(one), Sent(other)
    lists = lists_of(first, second)

    assert lists.common_prefix(first.input_parts, second.input_parts) == same


@given(st.lists(st.sampled_from("abc"), max_size=140), st.integers(-5, 150), st.integers(0, 150))
def test_window_of_a_packed_list(texts: list[str], start: int, end: int) -> None:
    sent = Sent(texts)
    expected = [digest(text.encode()) for text in texts[max(start, 0) : end]]

    assert lists_of(sent).digests(sent.input_parts, start, end) == expected
    assert lists_of(sent).digests(sent.input_parts) == [digest(text.encode()) for text in texts]


def test_only_differing_blocks_are_opened() -> None:
    shared = [str(number) for number in range(64)]
    first, second = Sent([*shared, "x"]), Sent([*shared, "y"])
    lists = PackedLists({})

    assert lists.common_prefix(first.input_parts, second.input_parts) == 64
    assert lists.digests(first.input_parts, 64) == [digest(b"x")]
    assert addresses_of_bundles([first.input_parts]) == addresses_of_bundles([second.input_parts])
