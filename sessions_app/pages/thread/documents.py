"""What a retriever found, and what a reranker was given and returned: documents with scores, in any library's form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.pages.html.components import joined
from sessions_app.pages.html.excerpts import RESULT_LINES, excerpt
from sessions_app.pages.html.messages import with_seams
from sessions_app.pages.html.pieces import clamped, reference
from sessions_app.pages.html.texts import said_box
from sessions_app.pages.thread.wording import counted

# Followed: OpenInference, OpenTelemetry (gen_ai.retrieval.documents), OpenLLMetry, LangChain, LlamaIndex, Cohere.
_TEXTS = ("content", "page_content", "pageContent", "text", "document")
_SCORES = ("score", "relevance_score", "similarity", "distance")
_IDS = ("id", "document_id", "doc_id", "id_", "index")
_LISTS = ("documents", "results", "matches", "nodes", "source_nodes", "data")
_WRAPPERS = ("kwargs", "node", "document", "item")
# Of one value, at most this many documents are drawn, and this much of what is told of one.
MOST_DOCUMENTS = 50
_FACT_CHARS = 300


@dataclass(frozen=True, slots=True)
class Document:
    """A document: its text, and what is told of it in words (`score 0.5`)."""

    text: str
    facts: str


def documents_in(value: Any) -> list[Document]:
    """The documents that a value is, or is a list of; none if anything in it is something else."""
    if isinstance(value, dict):
        listed = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), None)
        value = [value] if listed is None else listed
    if not isinstance(value, list):
        return []
    found = [_document(item) for item in value]
    return [document for document in found if document] if None not in found else []


def _document(value: Any) -> Document | None:
    if not isinstance(value, dict):
        return None
    inner: dict[str, Any] = next((value[name] for name in _WRAPPERS if isinstance(value.get(name), dict)), {})
    members = {**value, **inner}
    text = next((members[name] for name in _TEXTS if isinstance(members.get(name), str)), "")
    score = next((name for name in _SCORES if _is_number(members.get(name))), None)
    document_id = next((members[name] for name in _IDS if isinstance(members.get(name), (str, int))), None)
    if score is None and not (text and (document_id is not None or "metadata" in members)):
        return None
    facts = [f"{score.replace('_', ' ')} {_written(members[score])}"] if score else []
    facts += [f"id {_written(document_id)}"] if document_id is not None else []
    facts += [_written(members["metadata"])] if members.get("metadata") else []
    return Document(text, " · ".join(facts))


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) < 40 and value.replace(".", "", 1).isdecimal()
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _written(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[: bounds.at_most(_FACT_CHARS)]


def drawn_documents(documents: Iterable[Document], url: str) -> Markup:
    """The documents, each with its score. `url` has the value whole."""
    listed = list(documents)
    pieces = [_drawn(document, url) for document in listed[: bounds.at_most(MOST_DOCUMENTS)]]
    if len(listed) > len(pieces):
        pieces.append(reference("search", f"and {counted(len(listed) - len(pieces), 'more document')}"))
    return joined(pieces)


def _drawn(document: Document, url: str) -> Markup:
    found = excerpt(document.text, lines=RESULT_LINES)
    box = clamped(with_seams(found.shown, said_box), url, found.hidden_chars) if document.text else Markup()
    return box + reference("search", document.facts)
