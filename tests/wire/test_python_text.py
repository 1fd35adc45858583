"""Texts as Python's str() writes them are read without running anything."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.wire.python_text import read_python_text

LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(LITERALS)
def test_literals_come_back(value: Any) -> None:
    assert read_python_text(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Usage(completion_tokens=12, details=Wrapper(cached=0))", {"completion_tokens": 12, "details": {"cached": 0}}),
        ("id='r1' error=None output=[Message(text='a')]", {"id": "r1", "error": None, "output": [{"text": "a"}]}),
        ("{'role': <Role.ADMIN: 'admin'>}", {"role": "<Role.ADMIN: 'admin'>"}),
        ("(1, 2)", [1, 2]),
        ("{1, 2}", [1, 2]),
        ("{}", {}),
        ("()", []),
        ("{1: 'a'}", {"1": "a"}),
        ("nan", "nan"),
        ("Empty()", []),
        (repr(datetime(2026, 1, 2, tzinfo=UTC)), [2026, 1, 2, 0, 0, "datetime.timezone.utc"]),
        ("'it\\'s \\u00e9\\n\\x00'", "it's é\n\x00"),
    ],
)
def test_objects_and_other_forms(text: str, value: Any) -> None:
    assert read_python_text(text) == value


@pytest.mark.parametrize(
    "text", ["", "[", "{'a'", "(1", "'open", "a=", "1 2", "[1 2]", "\\", "{'a': }", "]", "1 +", "`"]
)
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_python_text(text)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "(" * 5_000 + ")" * 5_000, "A(" * 5_000, "-" * 100_000, "'" + "\\" * 99_999]
)
def test_hostile_texts_end_in_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        read_python_text(text)


def test_length_is_bounded() -> None:
    with pytest.raises(ValueError, match="more than 1,000,000 characters"):
        read_python_text("'" + "x" * 1_000_000 + "'")


def test_a_huge_number_is_no_obstacle() -> None:
    assert math.isinf(read_python_text("9" * 5_000))
