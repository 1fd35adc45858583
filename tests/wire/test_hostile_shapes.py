"""Shapes that made reading superlinear: what is made of them stays in proportion, and reading them ends."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest

from sessions_app.content.blocks import ContentBlock, Message, OtherBlock, RefusalBlock, TextBlock, ToolCallBlock
from sessions_app.content.canonical import TEXT, TOOL_CALL, canonical_form, pieces_of, said_in
from sessions_app.content.messages import read_message
from sessions_app.structure.nesting import Nesting
from sessions_app.wire.genai.duplicates import SpanFacts, duplicates
from sessions_app.wire.genai.indexed import nest_openinference
from sessions_app.wire.genai.unfolding import MOST_NESTED, SPACED, closed, style_of
from sessions_app.wire.python_text import read_python_text

START = datetime(2026, 3, 14, tzinfo=UTC)


# --- what a message says ----------------------------------------------------------------------------------------------


def test_many_blocks_of_text_are_joined_once() -> None:
    blocks: list[ContentBlock] = [(TextBlock, RefusalBlock)[n % 2]("x" * 50) for n in range(40_000)]
    blocks[20_000:20_000] = [ToolCallBlock("run", "{}")]
    tracemalloc.start()
    found = pieces_of(Message("user", blocks))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [piece[0] for piece in found] == [TEXT, TOOL_CALL, TEXT]
    assert [len(piece[1]) for piece in found] == [1_000_000, 3, 1_000_000]
    assert peak < 10_000_000


@pytest.mark.parametrize("text", ["<think>" * 100_000, "<think" + " " * 1_000_000, " " * 1_000_000 + "<think>a"])
def test_reasoning_without_end_is_said(text: str) -> None:
    assert said_in(text) == text.strip()


def test_reasoning_before_an_answer_is_not_said() -> None:
    assert said_in("\n <think>\nhm</think>\n\n Yes. <think>no</think>") == "Yes. <think>no</think>"


@pytest.mark.parametrize("depth", [200, 480, 700, 900])
def test_deep_data_has_a_meaning(depth: int) -> None:
    raw = b'{"type":"x","v":' + b'{"a":[' * (depth // 2) + b"1" + b"]}" * (depth // 2) + b"}"
    message = read_message(raw, "user")
    assert isinstance(message.blocks[0], OtherBlock)
    assert canonical_form(message).role == "assistant"


# --- Python's text of values ------------------------------------------------------------------------------------------


def test_keys_within_keys_do_not_grow() -> None:
    text = "{" * 90 + "'a': 1" + "}: 1" * 89 + "}"
    with pytest.raises(ValueError, match="a key is a collection"):
        read_python_text(text)
    nested = "('it\\'s', " * 90 + "1" + ")" * 90
    with pytest.raises(ValueError, match="a key is a collection"):
        read_python_text("{" + nested + ": 1}")
    assert read_python_text("{(1, 2): 'a', 'b': 3}") == {"[1, 2]": "a", "b": 3}


# --- spans ------------------------------------------------------------------------------------------------------------


def span(number: int, parent: int | None, kind: str = "llm", seconds: float = 0, **facts: object) -> SpanFacts:
    own: dict[str, object] = {
        "id": f"{number:06}",
        "trace_id": "t",
        "span_id": str(number),
        "parent_id": "" if parent is None else str(parent),
        "kind": kind,
        "scope": "s",
        "session": "",
        "response_id": "",
        "input_digest": "",
        "has_output": False,
        "has_usage": False,
        "is_failed": False,
        "started_at": START + timedelta(seconds=seconds),
    }
    return SpanFacts(**{name: value for name, value in (own | facts).items() if name in SpanFacts.__slots__})  # type: ignore[arg-type]


def test_a_long_chain_of_calls_is_one_call() -> None:
    spans = [span(n, n - 1 if n else None, seconds=n) for n in range(20_000)]
    found = duplicates(spans)
    assert len(found) == 19_999
    assert set(found.values()) == {"000000"}


def test_spans_in_a_circle_end() -> None:
    spans = [span(n, (n + 1) % 5_000, kind="other", seconds=n) for n in range(5_000)]
    assert duplicates(spans) == {}


def test_many_silent_calls_take_one_answer_each() -> None:
    asked = [span(n, None, seconds=0, input_digest="same") for n in range(3_000)]
    answers = [span(3_000 + n, None, seconds=0, input_digest="same", has_output=True) for n in range(2_000)]
    found = duplicates([*asked, *answers])
    assert len(found) == 2_000
    assert len(set(found.values())) == 2_000


def test_an_index_of_many_digits_is_left_where_it_is() -> None:
    name = f"message.tool_calls.{'9' * 5_000}.tool_call.function.name"
    assert nest_openinference({name: "x", "message.role": "user", "a": 1})["attributes"][name] == "x"


@pytest.mark.parametrize("depth", [1, MOST_NESTED, MOST_NESTED + 1, 300])
def test_arrays_in_arrays_come_back(depth: int) -> None:
    text = json.dumps(json.loads("[" * depth + '[1,2],{"a":[1,2]}' + "]" * depth)).encode()
    style = style_of(text)
    if depth <= MOST_NESTED:
        assert style == SPACED
    if style is not None:
        assert closed(text, style) == text


def test_a_parent_behind_many_spans_is_looked_for_once() -> None:
    class Way(dict[tuple[str, str], str]):
        steps = 0

        def get(self, key: tuple[str, str], default: str = "") -> str:  # type: ignore[override]
            self.steps += 1
            return super().get(key, default)

    class Row:
        def __init__(self, number: int, span_id: str, parent_id: str) -> None:
            self.id, self.span_id, self.parent_id, self.trace_id = number, span_id, parent_id, "t"

    between = Way({("t", f"o{n}"): f"o{n + 1}" if n < 4_999 else "top" for n in range(5_000)})
    rows = [Row(0, "top", ""), *(Row(n, f"r{n}", f"o{n % 10}") for n in range(1, 5_000))]
    nesting = Nesting(rows, between)  # type: ignore[arg-type,type-var]
    assert all(nesting.parent(row) is rows[0] for row in rows[1:])  # type: ignore[arg-type]
    assert between.steps < 12_000
