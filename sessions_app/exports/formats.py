"""The formats of an export: how each is called, and what writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sessions_app.exports.documents import json_pieces, jsonl_pieces
from sessions_app.exports.markdown import markdown_pieces
from sessions_app.exports.page import html_pieces
from sessions_app.exports.session import ExportedSession
from sessions_app.exports.table import csv_pieces

DEFAULT = "json"


@dataclass(frozen=True, slots=True)
class Format:
    """`write`: the file piece by piece, so that it may be of any size."""

    media_type: str
    write: Callable[[ExportedSession], Iterator[bytes]]


FORMATS = {
    "json": Format("application/json", json_pieces),
    "jsonl": Format("application/jsonl", jsonl_pieces),
    "html": Format("text/html; charset=utf-8", html_pieces),
    "md": Format("text/markdown; charset=utf-8", markdown_pieces),
    "csv": Format("text/csv; charset=utf-8", csv_pieces),
}
