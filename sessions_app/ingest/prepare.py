"""From a record to all that is known of it before its session is: ids, link keys, previews."""

from __future__ import annotations

import uuid

from sessions_app import ids
from sessions_app.content.documents import SplitDocument, digest
from sessions_app.content.message_reader import MessageReader
from sessions_app.ingest.links import Links, links_of
from sessions_app.ingest.tool_failures import tool_failures
from sessions_app.ingest.traces import reports_apart, span_facts
from sessions_app.records import ERROR, RULE_PREVIOUS_RESPONSE, Record
from sessions_app.storage.buckets import bucket_of
from sessions_app.storage.prepared import PreparedLog
from sessions_app.structure.grouping_rules import Home, LinkRole, Node, begins_of, own_home
from sessions_app.wire.fields import MAX_ID_CHARS, clean


def prepare(project_id: int, project_key: uuid.UUID, record: Record, reader: MessageReader) -> PreparedLog:
    """Everything that the grouping and the writer need to know of a record."""
    links = links_of(project_key, record, reader)
    node = _node(project_id, project_key, record, links)
    return PreparedLog(
        project_id=project_id,
        project_key=project_key,
        record=record,
        bucket=bucket_of(record.started_at),
        key_id=node.key_id,
        content_hash=content_hash(record.document),
        node=node,
        names=_names(project_key, record, node),
        provides=links.provides,
        needs=links.needs,
        resent_count=links.resent_count,
        input_preview=links.input_preview,
        output_preview=links.output_preview,
        profile=links.profile,
        failures=tool_failures(record, node.key_id, links.failed, links.resent_count),
        span_facts=span_facts(record, links, node.signs) if record.span_id else None,
    )


def _node(project_id: int, project_key: uuid.UUID, record: Record, links: Links) -> Node:
    key_id = ids.request_key(project_key, record.dedupe_key)
    previous = links.needs[0] if record.previous_response_id else None
    node = Node(
        key_id,
        project_id,
        record.started_at,
        own_home(ids.own_session_id(project_key, key_id)),
        previous=previous,
        begins=begins_of(links.needs, previous),
        response=links.provides[0] if record.response_id else None,
        provides=tuple(links.provides),
        attempt=links.attempt,
        call=links.call,
        task=links.task,
        resent_call=clean(links.resent_call, MAX_ID_CHARS),
        failed=record.status == ERROR,
        resent_count=links.resent_count,
    )
    if previous:
        detail = clean(record.previous_response_id, MAX_ID_CHARS)
        node.needed = Home(ids.own_session_id(project_key, previous), None, RULE_PREVIOUS_RESPONSE, detail)
    _claim(node, project_key, record)
    return node


def _claim(node: Node, project_key: uuid.UUID, record: Record) -> None:
    """The session that the log claims. Its caller chose it, or a proxy may have invented it (a weak claim)."""
    claim = record.claim
    if record.span_id:
        node.span, node.trace_id = ids.trace_key(project_key, record.trace_id, record.span_id), record.trace_id
        node.is_half = reports_apart(record.scope) and record.kind == "llm"
        node.signs = {sign: ids.link_key(project_key, "sign", sign) for sign in record.signs}
    if claim.key is None:
        return
    home = Home(ids.session_id(project_key, claim.key), clean(claim.key, MAX_ID_CHARS), claim.rule, claim.detail)
    node.chosen, node.weak = (None, home) if claim.weak else (home, None)
    # Only LiteLLM's logs have weak trace ids, so other logs need no key for theirs.
    if record.source == "litellm":
        node.trace = ids.alias_key(project_key, claim.key)


def _names(project_key: uuid.UUID, record: Record, node: Node) -> dict[uuid.UUID, LinkRole]:
    """The link keys of a request's ids. Its own is found by its idempotency key, its session's key by the session."""
    names = [name for name in (record.request_id, *record.aliases, record.trace_id) if name]
    known = (record.dedupe_key, record.claim.key)
    found = {ids.alias_key(project_key, name): LinkRole.ID for name in names if name not in known}
    if node.response:
        found[node.response] = LinkRole.RESPONSE
    if node.weak and node.trace:
        found[node.trace] = LinkRole.TRACE
    if node.call:
        found[node.call] = LinkRole.CALL
    return found


def content_hash(document: SplitDocument) -> bytes:
    """8 bytes that are equal for two copies of a log that say the same."""
    parts = (document.input, document.output, document.context)
    return digest(b"\x00".join([document.skeleton, *(b"".join(part.digests) for part in parts)]))


def storable(text: str) -> str:
    """The text as a PostgreSQL text column takes it."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
