"""The judge of `make eval-agents`: what it calls right and wrong, and how it knows whose call one is."""

from __future__ import annotations

import base64
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def judging() -> ModuleType:
    """The module by its path: the end-to-end tests are no package."""
    spec = importlib.util.spec_from_file_location("agents_judge", ROOT / "e2e" / "agents" / "judge.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def verdict(judging: ModuleType, sent: int, *stored: tuple[str, str | None]) -> object:
    calls = [judging.Stored(session, "conversation", marker) for session, marker in stored]
    return judging.judge(["ABC-1", "XYZ-2"], sent, calls)


def test_one_session_for_each_conversation_is_right(judging: ModuleType) -> None:
    found = verdict(judging, 3, ("a", "ABC-1"), ("a", "ABC-1"), ("b", "XYZ-2"))
    assert found.is_right
    assert found.problem == ""
    assert found.rules == {"conversation": 3}


def test_pieces_are_wrong(judging: ModuleType) -> None:
    found = verdict(judging, 3, ("a", "ABC-1"), ("c", "ABC-1"), ("b", "XYZ-2"))
    assert not found.is_right
    assert found.problem == "3 sessions for 2"


def test_pairs_of_two_conversations_in_one_session_are_wrong(judging: ModuleType) -> None:
    found = verdict(judging, 3, ("a", "ABC-1"), ("a", "ABC-1"), ("a", "XYZ-2"))
    assert found.joined == 2
    assert not found.is_right


def test_pairs_with_another_agent_count_for_both(judging: ModuleType) -> None:
    found = verdict(judging, 2, ("a", "ABC-1"), ("b", "XYZ-2"), ("a", "OTHER-3"), ("c", "OTHER-4"), ("c", "OTHER-5"))
    assert found.joined == 1


def test_calls_that_are_missing_or_counted_twice_are_wrong(judging: ModuleType) -> None:
    assert "1 calls are missing" in verdict(judging, 3, ("a", "ABC-1"), ("b", "XYZ-2")).problem
    assert "1 calls are counted twice" in verdict(judging, 1, ("a", "ABC-1"), ("b", "XYZ-2")).problem


def test_what_belongs_to_nobody_is_left_out(judging: ModuleType) -> None:
    assert verdict(judging, 2, ("a", "ABC-1"), ("a", None), ("b", "XYZ-2")).is_right


def test_a_call_is_known_by_a_marker_or_an_id(judging: ModuleType) -> None:
    given = {"call_77": "ABC-1", "resp_1000000001": "XYZ-2"}

    def marker_of(document: str) -> str | None:
        return judging.marker_of(document, ["ABC-1", "XYZ-2"], given)

    wrapped = base64.b64encode(b"litellm:custom_llm_provider:openai;response_id:resp_1000000001").decode().rstrip("=")
    assert marker_of('{"messages": ["about XYZ-2"], "id": "call_77"}') == "XYZ-2"
    assert marker_of('{"tool_call_id": "call_77"}') == "ABC-1"
    assert marker_of(f'{{"previous_response_id": "resp_{wrapped}"}}') == "XYZ-2"
    assert marker_of('{"previous_response_id": "resp_!!!not+base64/but/long/enough"}') is None


def test_a_call_told_without_texts_belongs_to_the_only_conversation_of_its_session(judging: ModuleType) -> None:
    sessions = {"a": [(None, "ABC-1"), ("trace_id", None)], "b": [(None, "ABC-1"), (None, "XYZ-2"), ("trace_id", None)]}
    assert judging.labelled(sessions) == [
        judging.Stored("a", "trace_id", "ABC-1"),
        judging.Stored("b", "trace_id", None),
    ]
