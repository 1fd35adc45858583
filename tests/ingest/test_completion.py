"""Two copies of a log make one that says what both say, whichever comes first."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.ingest.completion import merge_logs

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
        raw = merge_logs(raw, json.dumps(log).encode())
    return json.loads(raw)


def test_nothing_that_one_copy_says_is_lost() -> None:
    assert merged(BEGUN, DONE) == {
        **BEGUN,
        **DONE,
        "metadata": {"a": 1, "b": 2},
    }


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_an_empty_value_erases_nothing(empty: Any) -> None:
    assert merged(DONE, {"request_id": "r", "response": empty, "ended_at": None, "x": "y" * 500})["response"] == {
        "choices": []
    }


def test_the_copy_with_an_outcome_leads() -> None:
    longer = {"request_id": "r", "model": "asked " * 50, "status": "success"}
    finished = {"request_id": "r", "model": "served", "response": {"choices": [1]}, "status": "success"}
    assert merged(longer, finished)["model"] == merged(finished, longer)["model"] == "served"


VALUES = st.one_of(
    st.none(), st.integers(0, 3), st.text(max_size=3), st.dictionaries(st.sampled_from("ab"), st.integers(0, 2))
)
LOGS = st.dictionaries(
    st.sampled_from(["request", "response", "metadata", "usage", "ended_at", "tags", "model"]), VALUES
)


@given(LOGS, LOGS)
def test_order_does_not_matter_and_repetition_adds_nothing(a: Any, b: Any) -> None:
    once = merged(a, b)
    for order in itertools.permutations([a, b]):
        assert merged(*order) == once
    for known in (a, b):
        for name, value in known.items():
            if value not in (None, "", {}, []):
                assert once[name] not in (None, "", {}, [])
