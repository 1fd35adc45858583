"""Calls that are no conversation are known by their request, and surer by their answer."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_app.content.documents import PartKind
from tests.wire.test_bodies import record

VECTOR = [0.25, -1, 3e-2]
PNG = "iVBORw0KGgo" + "A1b2" * 20


@pytest.mark.parametrize(
    ("asked", "answer", "call_type", "kind"),
    [
        ({"input": "a"}, {"data": [{"object": "embedding", "embedding": VECTOR}]}, "embeddings", "embedding"),
        ({"input": ["a"]}, {"model": "m", "embeddings": [VECTOR]}, "embeddings", "embedding"),
        ({"prompt": "a"}, {"embedding": VECTOR}, "embeddings", "embedding"),
        ({"contents": "a"}, {"embeddings": [{"values": VECTOR}]}, "embeddings", "embedding"),
        ({"content": {"parts": [{"text": "a"}]}}, {"embedding": {"values": VECTOR}}, "embeddings", "embedding"),
        ({"texts": ["a"]}, {"id": "x", "embeddings": {"float": [VECTOR]}}, "embeddings", "embedding"),
        ({"inputText": "a"}, {"embedding": VECTOR, "inputTextTokenCount": 1}, "embeddings", "embedding"),
        (
            {"instances": [{"content": "a"}]},
            {"predictions": [{"embeddings": {"values": [1]}}]},
            "embeddings",
            "embedding",
        ),
        ({"input": "a", "encoding_format": "float"}, None, "embeddings", "embedding"),
        ({"prompt": "a"}, {"data": [{"b64_json": PNG}]}, "images.generations", "other"),
        ({"prompt": "a"}, {"images": [PNG], "seeds": [1]}, "images.generations", "other"),
        (
            {"instances": [{"prompt": "a"}]},
            {"predictions": [{"bytesBase64Encoded": PNG}]},
            "images.generations",
            "other",
        ),
        ({"input": "a"}, {"results": [{"flagged": False}]}, "moderations", "other"),
        ({"query": "a", "documents": ["b"]}, {"results": [{"index": 0, "relevance_score": 1}]}, "rerank", "retrieval"),
        ({"query": "a", "documents": ["b"]}, {"data": [{"relevance_score": 1}]}, "rerank", "retrieval"),
        ({"file": "a.mp3", "model": "m"}, {"text": "b", "duration": 2}, "audio.transcriptions", "other"),
        ({"input": "a", "voice": "b"}, None, "audio.speech", "other"),
        ({"input_file_id": "f", "completion_window": "24h"}, {"object": "batch", "id": "b"}, "batches", "other"),
        (None, {"object": "file", "id": "f", "filename": "a.jsonl"}, "files", "other"),
    ],
)
def test_they_are_known(asked: Any, answer: Any, call_type: str, kind: str) -> None:
    found = record(asked, answer)
    assert (found.call_type, found.kind) == (call_type, kind)


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"role": "assistant", "content": "b", "images": [PNG]}}], "embedding": VECTOR},
        {"embedding": "a text", "embeddings": ["words"], "results": ["flagged"], "data": [1]},
        {"embedding": {"model": "m"}},
        {"role": "assistant", "content": "b", "results": [{"flagged": True}]},
        {"object": "batch", "text": "b"},
        {"data": '{"embedding": 1}', "images": "cat.png"},
    ],
)
def test_others_are_not_taken_for_them(answer: Any) -> None:
    assert record({"messages": [{"role": "user", "content": "a"}]}, answer).call_type == "chat.completions"


def test_results_are_parts_and_vectors_stand_beside() -> None:
    found = record({"input": "a"}, {"data": [{"embedding": VECTOR}]}).document
    assert (len(found.output), found.context.kinds) == (0, [PartKind.OTHER])
    assert len(record({"prompt": "a"}, {"images": [PNG, PNG + "A"]}).document.output) == 2


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        ({"data": [{"embedding": VECTOR}], "usage": {"total_tokens": 9}}, 9),
        ({"data": [{"relevance_score": 0.5, "index": 0}], "usage": {"total_tokens": 26}}, 26),
        ({"data": [{"embedding": VECTOR}], "usage": {"total_tokens": 9, "prompt_tokens": 8}}, 8),
        ({"data": [{"embedding": VECTOR}], "usage": {"total_tokens": "many"}}, None),
        ({"data": [{"embedding": VECTOR}], "usage": 9}, None),
        # How much of it is output is not known.
        ({"choices": [{"message": {"content": "b"}}], "usage": {"total_tokens": 9}}, None),
    ],
)
def test_a_sum_of_tokens_is_the_input_where_there_is_no_output(answer: Any, tokens: int | None) -> None:
    usage = record({"input": "a"}, answer).usage
    assert (usage.input_tokens, usage.output_tokens) == (tokens, None)


def test_a_query_comes_before_its_documents() -> None:
    found = record({"documents": ["b", {"text": "c"}], "query": "a"}).document
    assert [bytes(raw) for raw in found.input.contents] == [b'"a"', b'"b"', b'{"text": "c"}']
