"""Documents survive being split into parts and joined again, whatever they hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.documents import PartKind, join
from sessions_app.content.splitting import Splitter, split
from sessions_app.wire import native

NOW = datetime(2026, 11, 20, tzinfo=UTC)

# Every character that a JSON string can carry as an escape, lone surrogates and NUL among them.
TEXT = st.text(st.characters(codec=None), max_size=40)
OURS = st.sampled_from(["\x01i1;", "\x01c2;", "\\u0001o1;", "messages", "request", "logs", "content", "choices"])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(10**400), 10**400), st.floats(), TEXT, OURS)
LONG = TEXT.map(lambda text: text * 40)
JSON = st.recursive(
    st.one_of(LEAVES, LONG),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.one_of(TEXT, OURS), inner, max_size=6),
    max_leaves=40,
)
MESSAGES = st.lists(st.one_of(JSON, st.dictionaries(st.sampled_from(["role", "content"]), JSON)), max_size=8)


def parsed(raw: bytes) -> Any:
    """JSON as Python's parser sees it; written again, so that NaN equals NaN."""
    return json.dumps(json.loads(raw))


def written(value: Any, ascii_only: bool) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass" if ascii_only else "replace")


@given(JSON)
def test_any_document_survives(value: Any) -> None:
    raw = written(value, ascii_only=True)
    assert parsed(split(raw).joined()) == parsed(raw)


@given(
    st.dictionaries(
        st.sampled_from(["messages", "input", "contents", "prompt", "system", "tools", "model", "x"]),
        st.one_of(MESSAGES, JSON),
    ),
    st.dictionaries(
        st.sampled_from(["choices", "output", "content", "candidates", "usage", "id", "message", "error"]),
        st.one_of(st.lists(st.dictionaries(st.sampled_from(["message", "text", "x"]), JSON), max_size=4), JSON),
    ),
)
@settings(max_examples=100)
def test_any_log_survives(request: Any, response: Any) -> None:
    raw = written({"request": request, "response": response, "metadata": {"a": [request]}}, ascii_only=True)
    record = native.read_log(raw, NOW, "generated")
    assert parsed(record.document.joined()) == parsed(raw)


@given(st.lists(MESSAGES.filter(bool), min_size=1, max_size=5), st.randoms(), st.sampled_from(["session", ""]))
def test_history_read_from_memory_is_what_a_fresh_reading_gives(turns: list[list[Any]], random: Any, key: str) -> None:
    memory = ArrayMemory()
    history: list[Any] = []
    for turn in turns:
        # Some requests go on, some rewrite their history.
        history = [*history[: random.randrange(len(history) + 1)], *turn]
        raw = written(history, ascii_only=True)
        remembered, fresh = Splitter(memory, key, "caller"), Splitter()
        skeletons = [s.items("i", raw, PartKind.MESSAGE) for s in (remembered, fresh)]
        assert skeletons[0] == skeletons[1]
        assert remembered.document.input.digests == fresh.document.input.digests
        assert list(map(bytes, remembered.document.input.contents)) == list(map(bytes, fresh.document.input.contents))


def conversation(*turns: str, role: str = "assistant") -> list[dict[str, Any]]:
    """Questions and answers in turn after a system prompt."""
    said = [{"role": role if turn % 2 else "user", "content": text} for turn, text in enumerate(turns)]
    return [{"role": "system", "content": "Be brief."}, *said]


def remembered_count(memory: ArrayMemory, messages: Any, caller: str = "ada", **written: Any) -> int:
    """How many messages of an array were known; remembers it."""
    splitter = Splitter(memory, "", caller)
    splitter.items("i", json.dumps(messages, **written).encode(), PartKind.MESSAGE)
    base = splitter.document.input.base
    return len(base.digests) if base else 0


FORMS: list[dict[str, Any]] = [
    {},
    {"separators": (",", ":")},
    {"indent": 2},
    {"sort_keys": True, "ensure_ascii": False},
]


@pytest.mark.parametrize("written", FORMS, ids=str)
def test_conversation_without_an_id_is_known_again(written: dict[str, Any]) -> None:
    memory = ArrayMemory()
    turns = ["Hi, {you}", "Hello!", "Who are you?", "A model.", "Which, [1]?"]
    counts = [remembered_count(memory, conversation(*turns[:count]), **written) for count in (1, 3, 5)]
    assert counts == [0, 2, 4]


def test_answers_of_other_apis_end_the_opening_too() -> None:
    call = {"type": "function_call", "name": "f", "arguments": "{}"}
    answers: list[Any] = [[{"role": "model", "parts": [{"text": "4"}]}], [{"type": "reasoning"}, call], [call]]
    for answer in answers:
        memory = ArrayMemory()
        asked = [{"role": "user", "content": "2 + 2?"}]
        assert [remembered_count(memory, m) for m in (asked, [*asked, *answer], [*asked, *answer, *asked])] == [
            *(0, 1),
            1 + len(answer),
        ]


def test_conversations_of_others_do_not_push_each_other_out() -> None:
    memory = ArrayMemory()
    openings = [(f"user-{number}", conversation("Hi", "Hello", "Go on")) for number in range(20)]
    openings += [("ada", conversation(f"Hi {number}", "Hello", "Go on")) for number in range(20)]
    assert [remembered_count(memory, messages[:2], caller) for caller, messages in openings] == [0] * 40
    assert [remembered_count(memory, messages, caller) for caller, messages in openings] == [2] * 40


def test_what_was_used_longest_ago_is_forgotten_first() -> None:
    memory = ArrayMemory()
    memory.MOST_BYTES = 20 * 3_000  # type: ignore[misc]
    long = "x" * 2_000
    kept = conversation("kept", long, "?")
    for number in range(200):
        remembered_count(memory, conversation(f"Hi {number}", long, "?"))
        assert (remembered_count(memory, kept) > 0) == (number > 0)
    assert remembered_count(memory, conversation("Hi 199", long, "?", "!")) == 4
    assert remembered_count(memory, conversation("Hi 0", long, "?", "!")) == 0


def test_texts_without_roles_are_not_remembered() -> None:
    memory = ArrayMemory()
    assert [remembered_count(memory, ["a", "b", "c"][:count]) for count in (2, 3)] == [0, 0]


def test_numbers_keep_their_digits() -> None:
    raw = b'{"a":1e400,"b":-0.0,"c":1.00,"d":' + b"9" * 10_000 + b',"e":NaN,"f":[1E5,-Infinity]}'
    assert split(raw).joined() == raw


@pytest.mark.parametrize("text", ['"\\ud83d"', '"\\u0000"', '"\\ud83d\\ude00"', '"é\U0001f600"'])
def test_strings_keep_their_escapes(text: str) -> None:
    raw = ('{"request":{"messages":[{"role":"user","content":' + text + "}]}}").encode()
    assert native.read_log(raw, NOW, "x").document.joined() == raw


def test_nesting_up_to_the_limit_survives() -> None:
    deep = b'{"a":' * 800 + b"1" + b"}" * 800
    assert json.loads(split(deep).joined()) == json.loads(deep)


def test_join_names_missing_parts() -> None:
    with pytest.raises(IndexError, match="more holes than parts"):
        join(b"[\x01i2;]", [b"1"], [], [])
