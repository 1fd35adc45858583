"""A later copy of a log adds what was missing and changes nothing; one that says something else contradicts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.sameness import Contradiction
from sessions_app.wire import copies

BEGUN = {"request_id": "r", "request": {"messages": [1]}, "metadata": {"a": 1}, "tags": ["x"], "response": None}
DONE = {
    "request_id": "r",
    "response": {"choices": []},
    "ended_at": 5,
    "metadata": {"b": 2},
    "usage": {"input_tokens": 1},
}


def merged(*logs: Any) -> Any:
    raw = json.dumps(logs[0]).encode()
    for log in logs[1:]:
        raw = copies.merged(raw, json.dumps(log).encode())
    return json.loads(raw)


def contradiction(first: Any, later: Any) -> tuple[str, ...]:
    with pytest.raises(Contradiction) as caught:
        merged(first, later)
    return caught.value.members


def test_nothing_that_one_copy_says_is_lost() -> None:
    both = {**BEGUN, **DONE, "metadata": {"a": 1, "b": 2}}
    assert merged(BEGUN, DONE) == merged(DONE, BEGUN) == both


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_an_empty_value_erases_nothing(empty: Any) -> None:
    later = {"request_id": "r", "response": empty, "ended_at": None, "x": "y" * 500}
    assert merged(DONE, later)["response"] == {"choices": []}


def test_a_text_of_white_space_says_something() -> None:
    assert json.loads(copies.merged(b'{"model": " "}', b'{"model": null}')) == {"model": " "}
    with pytest.raises(Contradiction):
        copies.merged(b'{"model": " "}', b'{"model": "m"}')
    assert json.loads(copies.merged(b'{"metadata": { }, "tags": [ ]}', b'{"tags": ["a"]}'))["tags"] == ["a"]


def test_a_moment_may_be_written_in_several_ways() -> None:
    written = (
        "2026-11-20T10:00:00Z",
        "2026-11-20T10:00:00.000+00:00",
        "2026-11-20T11:00:00+01:00",
        1763632800 + 31536000,
    )
    for first in written:
        for later in written:
            assert merged({"started_at": first}, {"started_at": later, "model": "m"}) == {
                "started_at": first,
                "model": "m",
            }
    for other in ("2026-11-20T10:00:01Z", "soon", [1], 5):
        assert contradiction({"started_at": written[0]}, {"started_at": other})[0].startswith("started_at")
    # Elsewhere it is a text.
    assert contradiction({"metadata": {"ended_at": written[0]}}, {"metadata": {"ended_at": written[1]}})


def test_what_says_something_else_contradicts_and_is_named() -> None:
    first = {"request_id": "r", "model": "a", "request": {"messages": [{"content": "one"}, {"content": "two"}]}}
    later = {"request_id": "r", "model": "b", "request": {"messages": [{"content": "one"}, {"content": "2"}]}}
    assert contradiction(first, later) == ("model", "request.messages[1].content")
    assert contradiction({"metadata": {"a": {"b": 1}}}, {"metadata": {"a": {"b": 2, "c": 3}}}) == ("metadata.a.b",)
    assert contradiction({"cost": 0}, {"cost": 1}) == ("cost",)
    assert contradiction({"request": "x"}, {"request": {"x": 1}}) == ("request",)


def test_a_list_of_tags_may_grow() -> None:
    assert merged({"tags": ["a"]}, {"tags": ["b", "a"]})["tags"] == ["b", "a"]
    assert merged({"tags": ["b", "a"]}, {"tags": ["a"]})["tags"] == ["b", "a"]
    assert contradiction({"tags": ["a"]}, {"tags": ["b"]}) == ("tags[0]",)
    # Of other lists nobody knows what their order says.
    assert contradiction({"messages": ["a"]}, {"messages": ["a", "b"]}) == ("messages[1]",)


def test_the_bytes_of_the_first_copy_stay() -> None:
    first, later = b'{"cost": 1.0, "user": null, "a": "\\u00e9"}', '{"a":"é","user":"u","cost":1}'.encode()
    assert copies.merged(first, later) == b'{"cost":1.0,"user":"u","a":"\\u00e9"}'


VALUES = st.one_of(
    st.none(), st.integers(0, 3), st.text(max_size=3), st.dictionaries(st.sampled_from("ab"), st.integers(0, 2))
)
LOGS = st.dictionaries(
    st.sampled_from(["request", "response", "metadata", "usage", "ended_at", "tags", "model"]), VALUES
)


@given(LOGS, LOGS)
def test_copies_that_agree_give_the_same_in_any_order_and_nothing_changes(a: Any, b: Any) -> None:
    try:
        once = merged(a, b)
    except Contradiction:
        with pytest.raises(Contradiction):
            merged(b, a)
        return
    again = merged(b, a)
    for name in once.keys() | again.keys():
        assert once.get(name) == again.get(name) or not (once.get(name) or again.get(name))
    assert merged(once, a) == merged(once, b) == once
    for known in (a, b):
        for name, value in known.items():
            if value not in (None, "", {}, []):
                assert once[name] == value or (isinstance(value, dict) and value.items() <= once[name].items())
