"""What retrievers of several libraries return is read as documents."""

from __future__ import annotations

from typing import Any

import pytest

from sessions_app.pages.thread.documents import MOST_DOCUMENTS, Document, documents_in, drawn_documents

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


def test_what_is_not_drawn_is_counted() -> None:
    html = drawn_documents([Document("<b>", "score 1")] * (MOST_DOCUMENTS + 3), "/raw/")
    assert html.count("&lt;b&gt;") == MOST_DOCUMENTS
    assert "and 3 more documents" in html
