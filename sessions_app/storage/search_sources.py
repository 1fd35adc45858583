"""What stored requests say beside their messages, by which they are found, too."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from sessions_app.storage import sql


@dataclass(frozen=True, slots=True)
class SearchSource:
    """Columns of a stored request, and the key of its session."""

    id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    project_id: int
    started_at: datetime
    received_at: datetime
    source: str
    kind: str
    model: str
    requested_model: str
    provider: str
    status: str
    error_type: str
    error_message: str
    finish_reason: str
    end_user: str
    key_alias: str
    request_id: str
    name: str
    tool_name: str
    step: bool
    tags: Sequence[str]
    rule: str
    failed_tools: Sequence[str]
    metadata: dict[str, Any]
    session_key: str | None


def load_sources(cursor: psycopg.Cursor[Any], requests: Mapping[str, list[Any]]) -> list[SearchSource]:
    """What these requests say; one statement. `requests`: columns of their ids, sessions and buckets."""
    cursor.execute(sql.load("search_sources"), requests)
    return [_source(*row) for row in cursor.fetchall()]


def _source(*columns: Any) -> SearchSource:
    values = dict(zip(SearchSource.__slots__, columns, strict=True))
    return SearchSource(**values | {"metadata": _metadata(values["metadata"])})


def _metadata(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {}
