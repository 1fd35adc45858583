"""The profile of a request: packed and read again."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.composition import CLASSES
from sessions_app.structure.profiles import MOST_KEPT, NewResult, Profile, ToolCall, pack, unpack

hashes = st.integers(0, 2**32 - 1)
counts = st.integers(0, 2**40)
calls = st.lists(st.builds(ToolCall, hashes, hashes), max_size=MOST_KEPT).map(tuple)
results = st.lists(st.builds(NewResult, hashes, hashes, hashes, counts), max_size=MOST_KEPT).map(tuple)
amounts = st.tuples(*[counts] * len(CLASSES))
profiles = st.builds(Profile, amounts, hashes, hashes, calls, results, amounts | st.none(), st.booleans())


@given(profiles)
def test_what_is_packed_is_read_again(profile: Profile) -> None:
    assert unpack(pack(profile)) == profile


def test_only_the_first_calls_and_results_are_kept() -> None:
    many = Profile((0,) * len(CLASSES), calls=(ToolCall(1, 2),) * 100, results=(NewResult(1, 2, 3, 4),) * 100)

    kept = unpack(pack(many))

    assert kept is not None
    assert (len(kept.calls), len(kept.results)) == (MOST_KEPT, MOST_KEPT)


def test_an_older_profile_does_not_tell_what_its_messages_add() -> None:
    older = msgspec.msgpack.encode([1, [1] * len(CLASSES), 2, 3, [], []])
    assert unpack(older) == Profile((1,) * len(CLASSES), 2, 3)


def test_what_is_no_profile_is_unknown() -> None:
    assert unpack(b"") is None
    assert unpack(b"\xc1") is None
    assert unpack(pack(Profile((1,)))[:-1]) is None
