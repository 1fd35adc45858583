"""Values that may be asked for in the search box: those that the newest sessions and requests of a project have.

Each key is one statement that reads a bounded number of rows by an index, however large the project is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db import connection

from sessions_app import ids
from sessions_app.content.blocks import ToolCallBlock, ToolResultBlock
from sessions_app.content.compression import decompress
from sessions_app.content.documents import DIGEST_BYTES, PartKind
from sessions_app.content.messages import read_message
from sessions_app.content.search_facts import VALUE_CHARS, metadata_values
from sessions_app.models import Part, Project, RequestSearch
from sessions_app.search_language.keys import METADATA

# So many of the newest sessions, requests or messages are looked at.
MOST_ROWS = 500
MOST_FAILED, MOST_OF_FAILED = 100, 200
MOST_WITH_METADATA, METADATA_BYTES = 200, 16_384
MOST_WITH_TOOLS, MOST_OF_REQUEST, MOST_MESSAGES, MESSAGE_BYTES = 100, 20, 500, 32_768
# So many values are read, those that most rows have.
MOST_VALUES = 1_000

_SESSIONS = """
SELECT value, count(*) FROM (
    SELECT {column} AS "values" FROM session WHERE project_id = %(project)s
    ORDER BY last_at DESC, id DESC LIMIT %(rows)s
) AS newest, unnest(newest.values) AS value
WHERE length(value) BETWEEN 1 AND %(chars)s GROUP BY value
"""
_REQUESTS = """
SELECT value, count(*) FROM (
    SELECT id, session_id, bucket FROM request_search WHERE project_id = %(project)s
    ORDER BY started_at DESC, id DESC LIMIT %(rows)s
) AS newest JOIN request_log AS r USING (id, session_id, bucket), unnest(ARRAY[{column}]) AS value
WHERE length(value) BETWEEN 1 AND %(chars)s GROUP BY value
"""
# In no order, so that of a long session no more is read.
_ERRORS = """
SELECT value, count(*) FROM (
    SELECT id, (SELECT max(bucket) FROM unnest(buckets) AS bucket) AS last_bucket
    FROM session WHERE project_id = %(project)s AND error_count > 0 ORDER BY last_at DESC, id DESC LIMIT %(failed)s
) AS s, LATERAL (
    SELECT r.error_type AS value, r.status FROM request_log AS r
    WHERE r.session_id = s.id AND r.bucket = s.last_bucket LIMIT %(of_each)s
) AS found
WHERE status = 'error' AND length(value) BETWEEN 1 AND %(chars)s GROUP BY value
"""
_METADATA = """
SELECT r.metadata::text FROM (
    SELECT id, session_id, bucket FROM request_search WHERE project_id = %(project)s
    ORDER BY started_at DESC, id DESC LIMIT %(rows)s
) AS newest JOIN request_log AS r USING (id, session_id, bucket)
WHERE octet_length(r.metadata::text) <= %(bytes)s
"""
# All names in these statements are those of this module, never what a user wrote.
_STATEMENTS = {
    "model": f"{_SESSIONS.format(column='models')} UNION ALL {_REQUESTS.format(column='r.requested_model')}",
    "user": _SESSIONS.format(column="users"),
    "tag": _SESSIONS.format(column="tags"),
    "failed_tool": _SESSIONS.format(column="failed_tools"),
    "provider": _REQUESTS.format(column="r.provider"),
    "key": _REQUESTS.format(column="r.key_alias"),
    "finish": _REQUESTS.format(column="r.finish_reason"),
    "tool": _REQUESTS.format(column="r.tool_name"),
    "trace": _REQUESTS.format(column="r.trace_id"),
    "request": _REQUESTS.format(column="r.request_id"),
    "session": _SESSIONS.format(column="ARRAY[given_name, source_name, session_key]"),
    "error": _ERRORS,
}
_OF_SESSIONS = ("model", "user", "tag", "failed_tool", "session")


def looked_at(key: str) -> str:
    """What the values of a key are of, within a sentence: "newest 500 requests"."""
    if key == "error":
        return f"newest {MOST_FAILED} sessions with errors"
    if key in _OF_SESSIONS:
        return f"newest {MOST_ROWS} sessions"
    requests = MOST_WITH_METADATA if key.startswith(METADATA) else MOST_WITH_TOOLS if key == "tool" else MOST_ROWS
    return f"newest {requests} requests"


def values_in_data(project: Project, key: str) -> list[str]:
    """The values of a key that the newest sessions or requests have, those of most of them first."""
    if key.startswith(f"{METADATA}."):
        found = Counter(value for path, value in _metadata(project) if path == key)
    else:
        found = _counted(project, key)
        if key == "tool":
            found.update(_called_tools(project))
    return [value for value in _by_count(found) if 0 < len(value) <= VALUE_CHARS]


def metadata_paths(project: Project) -> list[str]:
    """The keys of the values in the metadata of the newest requests, `metadata.<path>`."""
    return _by_count(Counter(path for path, _ in _metadata(project)))


def _by_count(found: Counter[str]) -> list[str]:
    return sorted(found, key=lambda value: (-found[value], value))[:MOST_VALUES]


def _counted(project: Project, key: str) -> Counter[str]:
    found: Counter[str] = Counter()
    if key in _STATEMENTS:
        statement = f"{_STATEMENTS[key]} ORDER BY 2 DESC, 1 LIMIT %(values)s"
        for value, count in _ask(statement, project, MOST_ROWS):
            found[value] += count
    return found


def _ask(statement: str, project: Project, rows: int) -> list[tuple[Any, ...]]:
    limits = {"values": MOST_VALUES, "chars": VALUE_CHARS, "bytes": METADATA_BYTES}
    failed = {"failed": MOST_FAILED, "of_each": MOST_OF_FAILED}
    with connection.cursor() as cursor:
        cursor.execute(statement, {"project": project.pk, "rows": rows, **limits, **failed})
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _metadata(project: Project) -> Iterator[tuple[str, str]]:
    """The values in the metadata of the newest requests, with their keys."""
    for (text,) in _ask(_METADATA, project, MOST_WITH_METADATA):
        yield from metadata_values(json.loads(text))


# --- tools ----------------------------------------------------------------------------------------------------------


def _called_tools(project: Project) -> Iterator[str]:
    """The names of the tools that are called in what the newest requests brought."""
    newest = RequestSearch.objects.filter(project_id=project.pk).order_by("-started_at", "-id")
    rows = list(newest.values_list("session_id", "bucket", "parts")[:MOST_WITH_TOOLS])
    part_ids = [
        ids.part_id(session_id, digest) for session_id, _, parts in rows for digest in _some_digests(bytes(parts))
    ]
    messages = Part.objects.filter(
        id__in=part_ids[:MOST_MESSAGES],
        bucket__in={bucket for _, bucket, _ in rows},
        kind=PartKind.MESSAGE,
        byte_size__lte=MESSAGE_BYTES,
    )
    for role, content in messages.exclude(role__in=("user", "system")).values_list("role", "content"):
        yield from _tool_names(role, decompress(content))


def _some_digests(parts: bytes) -> Iterator[bytes]:
    for at in range(0, min(len(parts), MOST_OF_REQUEST * DIGEST_BYTES), DIGEST_BYTES):
        yield parts[at : at + DIGEST_BYTES]


def _tool_names(role: str, raw: bytes) -> Iterator[str]:
    for block in read_message(raw, role or "system").blocks:
        if isinstance(block, (ToolCallBlock, ToolResultBlock)) and block.name:
            yield block.name
