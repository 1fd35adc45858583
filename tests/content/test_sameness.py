"""Two JSON texts mean the same however they are written; the work grows with their length alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.sameness import DECODED_BYTES, MOST_NAMED, canonical_json, differences, same

SAME = [
    ('{"a": 1, "b": [true, null]}', '{"b":[true,null],"a":1.0}'),
    ("1", "1.000"),
    ("1e3", "1000"),
    ("-0.0", "0"),
    ("0.00010", "1E-4"),
    ('"\\u00e9\\n\\/"', '"é\\n/"'),
    ('"\\ud83d\\ude00"', '"😀"'),
    ('{"a": 1, "a": 2}', '{"a": 2}'),
    ("9" * 5000, "9" * 5000 + ".0"),
]
DIFFERENT = [
    ("1", '"1"'),
    ("1", "true"),
    ("0", "false"),
    ("null", '"null"'),
    ("1", "[1]"),
    ("[1, 2]", "[2, 1]"),
    ("[[1], 2]", "[[1, 2]]"),
    ('{"a": ["b"]}', '{"a": {"b": null}}'),
    ("0.1", "0.10000000000000000001"),
    ("1e400", "1e401"),
    ("1" + "0" * 5000, "1" + "0" * 5001),
    ('"a"', '"A"'),
    ('"\\ud800"', '"\\ud801"'),
    ('["n", "1"]', "[1]"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same(one: str, other: str) -> None:
    assert same(one.encode(), other.encode())


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one: str, other: str) -> None:
    assert not same(one.encode(), other.encode())


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=50)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
)


@given(JSON, JSON)
def test_as_values_compare(one: Any, other: Any) -> None:
    forms = json.dumps(one).encode(), json.dumps(one, indent=1, ensure_ascii=False, sort_keys=True).encode()
    assert same(*forms)
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
        numbers_aside = json.loads(json.dumps([one, other]), parse_int=float)
        # 0 equals -0, and False equals 0 for Python.
        if numbers_aside[0] != numbers_aside[1]:
            assert not same(forms[0], json.dumps(other).encode())


def test_large_values_are_looked_at_piece_by_piece_and_mean_the_same() -> None:
    value = {"messages": [{"n": n, "text": "é" * 200} for n in range(3_000)], "long": "x" * 2 * DECODED_BYTES}
    short, spaced = json.dumps(value).encode(), json.dumps(value, indent=4, ensure_ascii=False).encode()
    assert len(short) > 2 * DECODED_BYTES
    assert same(short, spaced)
    value["messages"][2_999]["n"] = 0  # type: ignore[index]
    assert not same(short, json.dumps(value).encode())
    assert differences(short, json.dumps(value).encode(), "log") == ["log.messages[2999].n"]


@pytest.mark.parametrize("nested", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000])
def test_what_is_nested_too_deeply_is_compared_by_its_bytes(nested: bytes) -> None:
    assert same(nested, nested)
    assert not same(nested, nested.replace(b"]]", b"] ]", 1).replace(b"1", b"2"))
    assert differences(b'{"a":%s}' % nested, b'{"a":1}', "log")[0].startswith("log")


def test_many_differences_name_a_few() -> None:
    one, other = ({f"name {n}" * 50: value for n in range(1_000)} for value in (1, 2))
    found = differences(json.dumps(one).encode(), json.dumps(other).encode(), "log")
    assert len(found) == MOST_NAMED
    assert all(len(name) <= 70 for name in found)


def test_canonical_json_is_short() -> None:
    assert all(len(canonical_json(json.dumps(value).encode())) <= 37 for value in ("x" * 1000, [1] * 1000, 1, None, {}))
