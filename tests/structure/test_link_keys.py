"""Link keys are read as UUIDs where they are stored, and as text where a session is shown."""

from __future__ import annotations

import uuid

import pytest

from sessions_app import ids
from sessions_app.structure.grouping_rules import begins_of

PROJECT = uuid.UUID(int=7)
KINDS = (ids.TOOL_CALL, ids.ANSWER, ids.BEGINNING, ids.TASK, ids.SUMMARY, ids.TURNS)


@pytest.mark.parametrize("kind", KINDS)
def test_kind_is_told_from_both_forms(kind: bytes) -> None:
    marked, plain = ids.marked_key(PROJECT, kind, b"a"), ids.alias_key(PROJECT, "a")

    for other in KINDS:
        assert ids.is_of(other, marked) == ids.is_of(other, str(marked)) == (other == kind)
        assert not ids.is_of(other, plain)
        assert not ids.is_of(other, str(plain))


def test_begins_are_the_same_in_both_forms() -> None:
    previous = ids.alias_key(PROJECT, "resp_1")
    needs = [previous, *(ids.marked_key(PROJECT, kind, b"a") for kind in KINDS)]

    found = begins_of(needs, previous)
    assert {key.bytes[12:] for key in found} == {*KINDS} - {ids.BEGINNING, ids.TURNS}
    assert begins_of(map(str, needs), str(previous)) == tuple(map(str, found))
