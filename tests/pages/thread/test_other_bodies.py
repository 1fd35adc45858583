"""Calls that are no conversation are told in words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from sessions_app.models import Project, RequestLog, Session
from tests.factories import make_log, make_session
from tests.pages.conversations import png
from tests.pages.html.test_messages import text

PNG = png().partition(",")[2]
VECTORS = [[0.5, -1, 2e-3, 4]] * 2


def page_of(client: Client, project: Project, request: Any, response: Any, **members: Any) -> str:
    log = make_log(request=request, response=response, **({"usage": None, "model": None} | members))
    session = make_session(project, "s", log)
    pages = [client.get(f"/p/acme/{path}/") for path in (f"sessions/{session.id}", f"requests/{first(session).pk}")]
    assert all(page.status_code == 200 for page in pages)
    return pages[0].content.decode().partition('<article class="req"')[2]


def first(session: Session) -> RequestLog:
    return RequestLog.objects.get(session_id=session.pk)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", text(page))


@pytest.mark.parametrize(
    ("asked", "answer", "told"),
    [
        ({"input": ["a", "b"]}, {"embeddings": VECTORS}, "2 inputs → 2 × 4 floats"),
        ({"prompt": "a"}, {"embedding": VECTORS[0]}, "1 input → 1 × 4 floats"),
        ({"input": ["a", "b"]}, {"data": [{"embedding": [0.5] * 96}] * 2}, "2 inputs → 2 × 96 floats"),
        ({"input": "a"}, {"data": [{"embedding": "AACAPwAAgD8AAIA/"}]}, "1 input → 1 × 3 floats"),
        ({"texts": ["a", "b"]}, {"embeddings": {"float": VECTORS, "int8": VECTORS}}, "2 inputs → 2 × 4 floats"),
        ({"contents": "a"}, {"embeddings": [{"values": VECTORS[0]}]}, "1 input → 1 × 4 floats"),
        (
            {"inputText": "a"},
            {"embedding": VECTORS[0], "embeddingsByType": {"float": VECTORS[0]}},
            "1 input → 1 × 4 floats",
        ),
        ({"input": "bad"}, {"results": [{"flagged": False, "categories": {"hate": False}}]}, "1 input → not flagged"),
        (
            {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"},
            {
                "id": "batch_1",
                "object": "batch",
                "endpoint": "/v1/chat/completions",
                "status": "in_progress",
                "request_counts": {"total": 3, "completed": 2, "failed": 0},
            },
            "/v1/chat/completions, in progress, 3 total, 2 completed",
        ),
        (
            {"file": "lines.jsonl", "purpose": "batch"},
            {"id": "file-1", "object": "file", "bytes": 1200, "filename": "lines.jsonl", "purpose": "batch"},
            "lines.jsonl, for batch, 1.2 kB",
        ),
    ],
)
def test_in_a_line(signed_in: Client, project: Project, asked: Any, answer: Any, told: str) -> None:
    assert told in words(page_of(signed_in, project, asked, answer)).replace("\u202f", " ")


def test_a_verdict_has_its_scores(signed_in: Client, project: Project) -> None:
    scores = {"violence": 0.912345, "hate": 0.01, "self-harm": 0}
    verdict = {"flagged": True, "categories": {"violence": True, "hate": False}, "category_scores": scores}
    page = words(page_of(signed_in, project, {"input": ["a", "b"]}, {"results": [verdict, {"flagged": False}]}))
    assert "2 inputs → flagged: violence" in page
    assert "Input 1: flagged; violence 0.912, hate 0.01" in page
    assert "Input 2: not flagged" in page


def test_a_ranking_has_scores_and_the_documents_that_were_sent(signed_in: Client, project: Project) -> None:
    asked = {"model": "m", "query": "capital?", "documents": ["Carson City", {"text": "Washington"}]}
    answer = {"results": [{"index": 1, "relevance_score": 0.98}, {"index": 0, "relevance_score": 0.1}]}
    page = words(page_of(signed_in, project, asked, answer))
    told = page[page.index("2 ranked") :]
    assert told.index("Washington") < told.index("relevance score 0.98") < told.index("Carson City")
    assert "as it came" not in page


@pytest.mark.parametrize(
    "answer",
    [
        {"created": 1, "data": [{"b64_json": PNG, "revised_prompt": "A cat in oil"}]},
        {"images": [PNG], "seeds": [1]},
        {"predictions": [{"bytesBase64Encoded": PNG, "mimeType": "image/png", "prompt": "A cat in oil"}]},
        {"generated_images": [{"image": {"image_bytes": PNG, "mime_type": "image/png"}}]},
        {"artifacts": [{"base64": PNG, "seed": 1, "finishReason": "SUCCESS"}]},
    ],
)
def test_images_are_drawn(signed_in: Client, project: Project, answer: Any) -> None:
    page = page_of(signed_in, project, {"model": "m", "prompt": "A cat"}, answer)
    assert "1 input → 1 image" in words(page)
    (source,) = re.findall(r'<img [^>]*src="([^"]+)"', page)
    assert signed_in.get(source).content.startswith(b"\x89PNG")
    assert ("A cat in oil" in words(page)) == ("oil" in str(answer))
    assert PNG[:60] not in page


def test_a_recording_is_no_text(signed_in: Client, project: Project) -> None:
    mp3 = "SUQz" + "BAAb" * 100
    page = page_of(signed_in, project, {"model": "tts-1", "input": "Say it", "voice": "alloy"}, mp3)
    assert "Say it" in words(page)
    assert mp3[:40] not in page
    assert "audio" in page


def test_a_transcript_is_the_answer(signed_in: Client, project: Project) -> None:
    asked = {"model": "whisper-1", "file": "talk.mp3"}
    page = words(page_of(signed_in, project, asked, {"task": "transcribe", "duration": 2.5, "text": "Hello there"}))
    assert "talk.mp3" in page
    assert "Hello there" in page
    assert "No answer" not in page


@pytest.mark.parametrize(
    "response",
    [
        {"data": [{"embedding": [0.5]}, 7, {"embedding": {"a": "b"}}]},
        {"embeddings": [[[[[[[[0.5]]]]]]]]},
        {"results": [{"flagged": "yes", "categories": [1], "category_scores": "high"}]},
        {"results": [{"index": 10**30, "relevance_score": 1}, {"index": -1, "relevance_score": True}]},
        {"object": "batch", "id": ["x"], "request_counts": [1], "bytes": -5, "status": {"a": 1}},
        {"data": [{"b64_json": 7}], "predictions": [{"bytesBase64Encoded": None}]},
    ],
)
def test_odd_answers_break_no_page(signed_in: Client, project: Project, response: Any) -> None:
    asked = {"model": "text-embed", "input": "a"}
    assert page_of(signed_in, project, asked, response)
