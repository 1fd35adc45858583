"""The tables that say which session a request is in: keys, links, traces and manual corrections."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class RequestKey(models.Model):
    """Idempotency: where the request with this key is. `id` is derived from the project's key and the log's key."""

    id = models.UUIDField(primary_key=True, editable=False)
    request_log_id = models.UUIDField()
    session_id = models.UUIDField()
    bucket = models.DateField()
    # Tells whether another copy says the same.
    content_hash = models.BinaryField()
    deliveries = models.IntegerField(default=1, db_default=1)
    # The place of the log among all that was received. If copies contradict each other, the first one is the request.
    entry_id = models.BigIntegerField(default=0, db_default=0)
    entry_index = models.IntegerField(default=0, db_default=0)
    # How many copies with other content are kept beside it.
    contradictions = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "request_key"
        indexes = [
            # For deletions.
            models.Index(fields=["session_id"], name="request_key_session"),
            # For a session's page; almost no request has any.
            models.Index(
                fields=["session_id"], name="request_key_contradicted", condition=models.Q(contradictions__gt=0)
            ),
        ]


class ContradictingCopy(models.Model):
    """A later copy of a log that contradicts the stored one: kept as it came, and counted nowhere."""

    # Derived from the request's key and from what the copy means.
    id = models.UUIDField(primary_key=True, editable=False)
    # The idempotency key of the request.
    key_id = models.UUIDField()
    project_id = models.BigIntegerField()
    source = models.TextField()
    received_at = models.DateTimeField()
    entry_id = models.BigIntegerField()
    entry_index = models.IntegerField()
    # The members in which it differs, a few of them.
    differs = ArrayField(models.TextField(), default=list)
    byte_size = models.BigIntegerField()
    # zstd of the exact JSON bytes.
    body = models.BinaryField()

    class Meta:
        db_table = "contradicting_copy"
        indexes = [models.Index(fields=["key_id", "entry_id", "entry_index"], name="contradicting_copy_of")]


class Link(models.Model):
    """A link key by which a request is found: one of its ids, what it provides, or what it needs.

    `token` is the link key, derived per project. `role` says what it means for the request (see `LinkRole`).
    """

    pk = models.CompositePrimaryKey("token", "role", "started_at", "key_id")
    token = models.UUIDField()
    role = models.SmallIntegerField()
    # The request's start, so that the latest request before a moment is one step in the index.
    started_at = models.DateTimeField()
    # The request's idempotency key, whose row says where the request is.
    key_id = models.UUIDField()

    class Meta:
        db_table = "link"
        # For deletions.
        indexes = [models.Index(fields=["key_id"], name="link_key")]


class TraceSpan(models.Model):
    """A span: its place in its trace, and the session that it names for the whole trace.

    Requests and steps are also in `RequestLog`, under `key_id`. Of other spans, `content` is everything that is stored.
    """

    pk = models.CompositePrimaryKey("trace", "span_id")
    # The link key of the trace id.
    trace = models.UUIDField()
    span_id = models.TextField()
    project_id = models.BigIntegerField()
    key_id = models.UUIDField()
    parent_id = models.TextField()
    kind = models.TextField()
    name = models.TextField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    status = models.TextField()
    claim_key = models.TextField(null=True)
    claim_detail = models.TextField(default="", db_default="")
    claim_rank = models.SmallIntegerField()
    # Facts that tell whether two spans report the same call.
    facts = models.JSONField(null=True)
    # zstd of the whole span. NULL for requests and steps, and if the project does not keep other spans.
    content = models.BinaryField(null=True)

    class Meta:
        db_table = "trace_span"
        # For deletions.
        indexes = [models.Index(fields=["key_id"], name="trace_span_key")]


class MovedId(models.Model):
    """Where a former id leads: that of a session that was merged into another, or of a request before it moved."""

    id = models.UUIDField(primary_key=True, editable=False)
    key_id = models.UUIDField()

    class Meta:
        db_table = "moved_id"
        indexes = [models.Index(fields=["key_id"], name="moved_id_key")]


class Correction(models.Model):
    """A manual correction of the grouping: who did what, when, and whether it was undone."""

    MOVE, SPLIT, MERGE = "move", "split", "merge"

    project_id = models.BigIntegerField()
    action = models.TextField(choices=[(MOVE, "move"), (SPLIT, "split"), (MERGE, "merge")])
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.TextField()
    source_session_id = models.UUIDField()
    target_session_id = models.UUIDField()
    # Where a session was split.
    request_log_id = models.UUIDField(null=True)
    request_count = models.BigIntegerField(default=0)
    # What it replaced, so that it can be undone: assignments by request key, and reroutes by session.
    before = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.TextField(default="", db_default="")

    class Meta:
        db_table = "correction"
        indexes = [
            models.Index(fields=["project_id", "source_session_id"], name="correction_source"),
            models.Index(fields=["project_id", "target_session_id"], name="correction_target"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.made_by}"


class Assignment(models.Model):
    """A request that was moved to a session manually. `id`: that of its idempotency key."""

    id = models.UUIDField(primary_key=True, editable=False)
    session_id = models.UUIDField()
    session_key = models.TextField(null=True)
    correction_id = models.BigIntegerField()

    class Meta:
        db_table = "assignment"
        indexes = [models.Index(fields=["session_id"], name="assignment_session")]


class Reroute(models.Model):
    """A manual correction: what would be in a session is in another one, all of it or from a moment on."""

    project_id = models.BigIntegerField()
    source_session_id = models.UUIDField()
    # NULL: from the beginning.
    since = models.DateTimeField(null=True)
    session_id = models.UUIDField()
    session_key = models.TextField(null=True)
    correction_id = models.BigIntegerField()

    class Meta:
        db_table = "reroute"
        indexes = [
            models.Index(fields=["source_session_id"], name="reroute_source"),
            # For deletions.
            models.Index(fields=["session_id"], name="reroute_session"),
        ]
