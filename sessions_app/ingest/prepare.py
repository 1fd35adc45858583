"""From a record to a row's place: session, ids, link tokens, previews."""

from __future__ import annotations

import uuid

from sessions_app import ids
from sessions_app.ingest.links import links_of
from sessions_app.ingest.resolution import resolve
from sessions_app.messages import MessageReader
from sessions_app.records import Record
from sessions_app.storage.buckets import bucket_of
from sessions_app.storage.writer import PreparedLog, content_hash


def prepare(project_id: int, project_key: uuid.UUID, record: Record, reader: MessageReader) -> PreparedLog:
    """Everything the writer needs to know of a record."""
    membership = resolve(project_key, record)
    bucket = bucket_of(record.started_at)
    links = links_of(project_key, record, reader)
    names = dict.fromkeys(name for name in (record.request_id, *record.aliases, record.trace_id) if name)
    return PreparedLog(
        project_id=project_id,
        project_key=project_key,
        record=record,
        session_id=membership.session_id,
        session_key=membership.session_key,
        rule=membership.rule,
        rule_detail=membership.detail,
        bucket=bucket,
        key_id=ids.request_key(project_key, record.dedupe_key),
        log_id=ids.request_log_id(membership.session_id, bucket, record.dedupe_key),
        content_hash=content_hash(record.document),
        # The idempotency key finds a request by its own id already, and the session's id is made of its key.
        aliases=[
            ids.alias_token(project_key, name)
            for name in names
            if name not in (record.dedupe_key, membership.session_key)
        ],
        provides=links.provides,
        needs=links.needs,
        resent_count=links.resent_count,
        input_preview=links.input_preview,
        output_preview=links.output_preview,
    )
