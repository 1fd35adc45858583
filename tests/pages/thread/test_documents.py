"""What retrievers of several libraries return is read as documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.content.documents import PartKind
from sessions_app.pages.thread.documents import MOST_DOCUMENTS, Document, documents_in, drawn_documents
from sessions_app.pages.thread.step_values import value_of
from sessions_app.queries.content import StoredPart

TIDE = "High at six."


@pytest.mark.parametrize(
    ("value", "documents"),
    [
        ({"content": TIDE, "id": "7", "score": 0.5}, [Document(TIDE, "score 0.5 · id 7")]),
        ([{"page_content": TIDE, "metadata": {"source": "a.md"}}], [Document(TIDE, '{"source": "a.md"}')]),
        ({"lc": 1, "kwargs": {"page_content": TIDE, "metadata": {}}}, [Document(TIDE, "")]),
        ({"node": {"id_": "n", "text": TIDE}, "score": 0.25}, [Document(TIDE, "score 0.25 · id n")]),
        ({"results": [{"index": 1, "relevance_score": 0.9}]}, [Document("", "relevance score 0.9 · id 1")]),
        (
            [{"id": "d1", "score": "0.95"}, {"id": "d2", "score": 1}],
            [Document("", "score 0.95 · id d1"), Document("", "score 1 · id d2")],
        ),
        ({"content": "a text alone"}, []),
        ([{"content": TIDE, "score": 1}, "something else"], []),
        ({"documents": []}, []),
        ({"score": True}, []),
        ("text", []),
        (None, []),
    ],
)
def test_documents(value: Any, documents: list[Document]) -> None:
    assert documents_in(value) == documents


@pytest.mark.parametrize("given", [{"content": TIDE}, {"text": TIDE}, TIDE])
def test_what_a_reranker_is_given_is_a_text(given: Any) -> None:
    part = StoredPart(b"d", PartKind.MESSAGE, "", 1, json.dumps(given).encode())
    found = value_of(part, is_result=False, is_retrieval=True)
    assert (found.text, found.is_json) == (TIDE, False)


def test_what_is_not_drawn_is_counted() -> None:
    html = drawn_documents([Document("<b>", "score 1")] * (MOST_DOCUMENTS + 3), "/raw/")
    assert html.count("&lt;b&gt;") == MOST_DOCUMENTS
    assert "and 3 more documents" in html
