"""Tables and constraints, no behaviour. `docs/architecture.md` says why the hot tables are shaped as they are."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now


class Sharded(models.Model):
    """A row of a hot table: the database's key is (id, session_id, bucket), Django's is `id`.

    Updates name the whole key, so that they touch one shard and one partition, and never set it: a distributed
    PostgreSQL refuses that.
    """

    KEY = ("session_id", "bucket")

    class Meta:
        abstract = True

    def _do_update(
        self, base_qs: Any, using: str, pk_val: Any, values: Any, update_fields: Any, forced_update: bool
    ) -> bool:
        values = [value for value in values if value[0].attname not in self.KEY]
        base_qs = base_qs.filter(**{name: getattr(self, name) for name in self.KEY})
        updated = super()._do_update(base_qs, using, pk_val, values, update_fields, forced_update)  # type: ignore[misc]
        if not updated and not self._state.adding:
            raise self.DoesNotExist(f"{self._meta.label} {pk_val} is gone")
        return updated


class Project(models.Model):
    """A team's or an environment's logs, isolated from all others."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120, blank=True)
    # Spans of traces that are no part of a GenAI application (HTTP, databases): kept beside the requests, or not.
    keeps_other_spans = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name or self.slug


class ApiKey(models.Model):
    """Access of a program to one project. Only the SHA-256 of the key is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_keys", db_constraint=False)
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20))
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True)
    # Who made it, without whose rights it has none but to write; NULL for the operator's, made by a command. The id
    # stays when the user is deleted: the key does not become the operator's then.
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SignInToken(models.Model):
    """A link that signs a user in once. Only the SHA-256 of the token is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class Throttle(models.Model):
    """How many attempts to sign in fell on a place of `sessions_app.access.throttle` in a window of time."""

    key = models.CharField(primary_key=True, max_length=80)
    hits = models.IntegerField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "throttle"
        # For cleaning up.
        indexes = [models.Index(fields=["expires_at"], name="throttle_expiry")]


class InboxEntry(models.Model):
    """An accepted body that is not digested yet: zstd of the bytes as they came (after Content-Encoding)."""

    project_id = models.BigIntegerField()
    source = models.TextField()
    content_type = models.TextField(default="", db_default="")
    received_at = models.DateTimeField(db_default=Now())
    raw_bytes = models.BigIntegerField()
    log_count = models.IntegerField(default=1, db_default=1)
    # How many of its logs are stored already: a long body is digested in several transactions.
    digested_logs = models.IntegerField(default=0, db_default=0)
    body = models.BinaryField()

    class Meta:
        db_table = "inbox"
        indexes = [models.Index(fields=["project_id", "id"], name="inbox_project")]
        verbose_name = "inbox entry"
        verbose_name_plural = "inbox"


class DigestNote(models.Model):
    """What one thread of one digester is digesting; outlives it when it is killed (`ingest/suspects.py`)."""

    pk = models.CompositePrimaryKey("digester", "thread")
    # A number that the digester draws at its start; it holds an advisory lock on it while it lives.
    digester = models.IntegerField()
    thread = models.IntegerField()
    entry_ids = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "digest_note"


class DigestSuspect(models.Model):
    """An inbox entry that was being digested when a digester ended: to be digested apart, by a process of its own."""

    entry_id = models.BigIntegerField(primary_key=True)
    # How often a process ended while it digested this entry alone, and how many of its logs it then takes at a time.
    endings = models.IntegerField(default=0, db_default=0)
    most_logs = models.IntegerField(null=True)
    # How often while it digested the very log that is next, alone; and how the last one ended.
    strikes = models.IntegerField(default=0, db_default=0)
    reason = models.TextField(default="", db_default="")

    class Meta:
        db_table = "digest_suspect"


class InboxUsage(models.Model):
    """How many bytes came into the inbox for a project and were taken out again, ever: their difference waits.

    In several rows, so that those who write at the same time do not wait for each other.
    """

    pk = models.CompositePrimaryKey("project_id", "slot")
    project_id = models.BigIntegerField()
    slot = models.SmallIntegerField()
    bytes_in = models.BigIntegerField(default=0, db_default=0)
    bytes_out = models.BigIntegerField(default=0, db_default=0)
    entries_in = models.BigIntegerField(default=0, db_default=0)
    entries_out = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "inbox_usage"


class RejectedLog(models.Model):
    """A log that could not be understood, whole, with the reason."""

    project_id = models.BigIntegerField()
    source = models.TextField()
    received_at = models.DateTimeField()
    rejected_at = models.DateTimeField(auto_now_add=True)
    reason_type = models.TextField()
    reason = models.TextField()
    field = models.TextField(default="", blank=True)
    raw_bytes = models.BigIntegerField()
    # Of a body that was rejected as a whole, as in the inbox; empty for one log, which is JSON.
    content_type = models.TextField(default="", db_default="", blank=True)
    body = models.BinaryField()

    class Meta:
        db_table = "rejected_log"
        indexes = [models.Index(fields=["project_id", "-id"], name="rejected_log_latest")]

    def __str__(self) -> str:
        return f"{self.source} log of {self.received_at:%Y-%m-%d %H:%M:%S}"


class Session(models.Model):
    """A session with its roll-up. `id` is derived from the project's key and the session key."""

    id = models.UUIDField(primary_key=True, editable=False)
    project_id = models.BigIntegerField()
    # The caller's id; NULL when the session was formed without one.
    session_key = models.TextField(null=True)
    # The first user text and the last answer, with the time of the request that gave it.
    title = models.TextField(default="", db_default="")
    title_at = models.DateTimeField(null=True)
    preview = models.TextField(default="", db_default="")
    preview_at = models.DateTimeField(null=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    request_count = models.BigIntegerField()
    error_count = models.BigIntegerField()
    # Agents, tools and other spans around the requests.
    step_count = models.BigIntegerField(default=0, db_default=0)
    # How many of the requests repeat one that failed.
    retry_count = models.BigIntegerField(default=0, db_default=0)
    # NULL is unknown: no request of the session said.
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cached_tokens = models.BigIntegerField(null=True)
    cost = models.DecimalField(null=True, max_digits=40, decimal_places=20)
    model_names = ArrayField(models.TextField(), db_column="models", default=list)
    users = ArrayField(models.TextField(), default=list)
    tags = ArrayField(models.TextField(), default=list)
    sources = ArrayField(models.TextField(), default=list)
    rules = ArrayField(models.TextField(), default=list)
    # How many requests and steps are there by each rule, in the order of `rollups.RULES`.
    rule_counts = ArrayField(models.BigIntegerField(), default=list)
    # The least rank of its requests (SQL function name_rank): which of two sessions that become one keeps its name.
    name_rank = models.SmallIntegerField(default=32767, db_default=32767)
    # The partitions in which this session has rows, so that reads touch no others.
    buckets = ArrayField(models.DateField(), default=list)

    class Meta:
        db_table = "session"
        indexes = [
            models.Index("project_id", models.F("last_at").desc(), models.F("id").desc(), name="session_latest"),
            GinIndex(fields=["model_names", "users", "tags", "sources", "rules"], name="session_facets"),
            # A project may have few failures in many sessions.
            models.Index(
                "project_id",
                models.F("last_at").desc(),
                models.F("id").desc(),
                condition=models.Q(error_count__gt=0),
                name="session_failed",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.session_key or str(self.id)


class RequestLog(Sharded):
    """One call, with its response. What was sent and received lies in `skeleton` and the three packed part lists."""

    id = models.UUIDField(primary_key=True, editable=False)
    session_id = models.UUIDField(editable=False)
    bucket = models.DateField(editable=False)
    project_id = models.BigIntegerField(editable=False)
    request_id = models.TextField()
    source = models.TextField()
    kind = models.TextField()
    call_type = models.TextField(default="", db_default="")
    model = models.TextField(default="", db_default="")
    requested_model = models.TextField(default="", db_default="")
    provider = models.TextField(default="", db_default="")
    api_base = models.TextField(default="", db_default="")
    status = models.TextField()
    http_status = models.IntegerField(null=True)
    error_type = models.TextField(default="", db_default="")
    error_message = models.TextField(default="", db_default="")
    finish_reason = models.TextField(default="", db_default="")
    started_at = models.DateTimeField()
    first_token_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    time_problems = ArrayField(models.TextField(), default=list)
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cached_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    cost = models.DecimalField(null=True, max_digits=40, decimal_places=20)
    cost_breakdown = models.JSONField(null=True)
    end_user = models.TextField(default="", db_default="")
    key_alias = models.TextField(default="", db_default="")
    tags = ArrayField(models.TextField(), default=list)
    # A cleaned and clipped copy of the caller's metadata, for filters; the exact one is in the document.
    metadata = models.JSONField(null=True)
    trace_id = models.TextField(default="", db_default="")
    parent_id = models.TextField(default="", db_default="")
    # Of a span: its id, what it calls itself, and which tool it ran because of which call.
    span_id = models.TextField(default="", db_default="")
    name = models.TextField(default="", db_default="")
    tool_name = models.TextField(default="", db_default="")
    tool_call_id = models.TextField(default="", db_default="")
    # A span that is no model call by itself (an agent, a tool, …): shown, but not counted as a request.
    step = models.BooleanField(default=False, db_default=False)
    # The key of the request that reports the same call: this one is its detail and is not counted.
    duplicate_of = models.UUIDField(null=True)
    # What of it could not be read as it was meant.
    problems = ArrayField(models.TextField(), null=True)
    rule = models.TextField()
    rule_detail = models.TextField(default="", db_default="")
    weak = models.BooleanField(default=False, db_default=False)
    # Link keys: what later requests may name to continue this one, and what this one names.
    provides = ArrayField(models.UUIDField(), default=list)
    needs = ArrayField(models.UUIDField(), default=list)
    # Of `needs`, the one that is a response's id.
    previous = models.UUIDField(null=True)
    # Equal for requests of one caller with the same input, and for those that one call made.
    attempt = models.UUIDField(null=True)
    call = models.UUIDField(null=True)
    # How many leading input messages reach up to and include the last assistant turn: the history it re-sends.
    resent_count = models.IntegerField(default=0, db_default=0)
    # One line each of the new user text and of the answer, for lists.
    input_preview = models.TextField(default="", db_default="")
    output_preview = models.TextField(default="", db_default="")
    byte_size = models.BigIntegerField()
    skeleton = models.BinaryField()
    input_parts = models.BinaryField()
    output_parts = models.BinaryField()
    context_parts = models.BinaryField()

    class Meta:
        db_table = "request_log"
        indexes = [models.Index("session_id", "started_at", name="request_timeline", include=("ended_at", "status"))]

    def __str__(self) -> str:
        return self.request_id


class Part(Sharded):
    """Content of a session, stored once: a message, a system prompt, a tool definition, another large value."""

    id = models.UUIDField(primary_key=True, editable=False)
    session_id = models.UUIDField(editable=False)
    bucket = models.DateField(editable=False)
    kind = models.SmallIntegerField()
    role = models.TextField(default="", db_default="")
    byte_size = models.IntegerField()
    # zstd of the exact JSON bytes; of a block, the digests it stands for.
    content = models.BinaryField()

    class Meta:
        db_table = "part"


class PartSearch(Sharded):
    """Searchable text of a part, apart from it, so that it can be clipped, kept shorter, rebuilt or off.

    `tsv` (a tsvector) is left out here: Django never reads it. `clipped` counts the characters left out.
    """

    id = models.UUIDField(primary_key=True, editable=False, db_column="part_id")
    session_id = models.UUIDField(editable=False)
    bucket = models.DateField(editable=False)
    project_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    clipped = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "part_search"


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
