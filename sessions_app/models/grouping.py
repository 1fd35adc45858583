"""What says which session a request is in, by ids, conversations, traces and corrections by hand."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class RequestKey(models.Model):
    """Idempotency: where the request with this key is. `id` is derived from the project's key and the log's key."""

    id = models.UUIDField(primary_key=True, editable=False)
    request_log_id = models.UUIDField()
    session_id = models.UUIDField()
    bucket = models.DateField()
    # Tells a copy that says the same from one that says more.
    content_hash = models.BinaryField()
    deliveries = models.IntegerField(default=1, db_default=1)
    # Where the log is among all that was received: the first of contradicting copies is the request.
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
    """A later copy of a log that says other things than the stored one: kept as it came, and counted nowhere."""

    # Made of the request's key and of what the copy means.
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
    """A link key by which a request is found: an id of it, what it provides, or what it needs.

    `token` is the link key, derived per project; `role` says what it is to the request (see `LinkRole`).
    """

    pk = models.CompositePrimaryKey("token", "role", "started_at", "key_id")
    token = models.UUIDField()
    role = models.SmallIntegerField()
    # The request's start, so that the latest before a moment is one step in the index.
    started_at = models.DateTimeField()
    # The request's idempotency key, whose row says where the request is.
    key_id = models.UUIDField()

    class Meta:
        db_table = "link"
        # For deletions.
        indexes = [models.Index(fields=["key_id"], name="link_key")]


class TraceSpan(models.Model):
    """A span of a trace: its place in it, and the session that it names for all of them.

    Spans that are requests or steps lie in `RequestLog` too, under `key_id`; of the others `content` is all there is.
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
    # What tells two spans that report the same call.
    facts = models.JSONField(null=True)
    # zstd of the whole span; NULL of one that is a request or step, and where the project does not keep others.
    content = models.BinaryField(null=True)

    class Meta:
        db_table = "trace_span"
        # For deletions.
        indexes = [models.Index(fields=["key_id"], name="trace_span_key")]


class MovedId(models.Model):
    """The id of a session that was merged away, or that a request had before it moved: where it leads now."""

    id = models.UUIDField(primary_key=True, editable=False)
    key_id = models.UUIDField()

    class Meta:
        db_table = "moved_id"
        indexes = [models.Index(fields=["key_id"], name="moved_id_key")]


class Correction(models.Model):
    """A correction of the grouping by hand: who did what, when, and whether it was undone."""

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
    # What it replaced, for undoing: assignments by request key, and reroutes by session.
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
    """A request that was put into a session by hand. `id` is its idempotency key's."""

    id = models.UUIDField(primary_key=True, editable=False)
    session_id = models.UUIDField()
    session_key = models.TextField(null=True)
    correction_id = models.BigIntegerField()

    class Meta:
        db_table = "assignment"
        indexes = [models.Index(fields=["session_id"], name="assignment_session")]


class Reroute(models.Model):
    """What would be in a session is in another one, by hand: all of it, or from a moment on."""

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
