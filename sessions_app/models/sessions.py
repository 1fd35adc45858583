"""Sessions, requests and their content: the hot tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower


class Sharded(models.Model):
    """A row of a hot table. Its primary key is (id, session_id, bucket) in the database and `id` in Django.

    Updates name the whole key, so that they touch one shard and one partition. They never set it, because a distributed
    PostgreSQL refuses that.
    """

    KEY = ("session_id", "bucket")

    class Meta:
        abstract = True

    # The stubs describe Django 6, where this takes one argument more and returns rows. In 5.2 it returns a bool.
    def _do_update(  # type: ignore[override]
        self,
        base_qs: models.QuerySet[Any],
        using: str | None,
        pk_val: Any,
        values: Collection[tuple[models.Field[Any, Any], type[models.Model] | None, Any]],
        update_fields: Iterable[str] | None,
        forced_update: bool,
    ) -> bool:
        values = [value for value in values if value[0].attname not in self.KEY]
        base_qs = base_qs.filter(**{name: getattr(self, name) for name in self.KEY})
        updated = super()._do_update(  # type: ignore[call-arg]
            base_qs, using, pk_val, values, update_fields, forced_update
        )
        if not updated and not self._state.adding:
            raise self.DoesNotExist(f"{self._meta.label} {pk_val} is gone")
        return bool(updated)


class SparseArrayField(ArrayField):  # type: ignore[type-arg]  # no generic when it runs
    """An array that is empty in almost all rows. An empty one is stored as NULL, which takes no byte instead of 13."""

    def __init__(self, base_field: models.Field[Any, Any], **options: Any) -> None:
        super().__init__(base_field, **options | {"null": True})

    def deconstruct(self) -> Any:
        # Migrations import nothing of ours, and in the database it is nothing else.
        name, _, args, kwargs = super().deconstruct()
        return name, "django.contrib.postgres.fields.ArrayField", args, kwargs

    def from_db_value(self, value: list[Any] | None, *_: Any) -> list[Any]:
        return [] if value is None else value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return super().get_db_prep_value(value or None, connection, prepared)


class Session(models.Model):
    """A session with its roll-up. `id` is derived from the project's key and the session key."""

    id = models.UUIDField(primary_key=True, editable=False)
    project_id = models.BigIntegerField()
    # The caller's id; NULL when the session was formed without one.
    session_key = models.TextField(null=True)
    # The first user text and the last answer, with the time of the request that gave it.
    title = models.TextField(default="", db_default="")
    title_at = models.DateTimeField(null=True)
    # What a person named it (`SessionName` says who), and the last name that a log gave it.
    given_name = models.TextField(default="", db_default="")
    source_name = models.TextField(default="", db_default="")
    source_name_at = models.DateTimeField(null=True)
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
    # Keys of the tool results that failed, each once, and how many of them said so or only look failed.
    tool_failures = ArrayField(models.BigIntegerField(), default=list)
    tool_error_count = models.BigIntegerField(default=0, db_default=0)
    tool_looks_failed_count = models.BigIntegerField(default=0, db_default=0)
    # The names of their tools.
    failed_tools = ArrayField(models.TextField(), default=list)
    # NULL means unknown: no request of the session reported it.
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cached_tokens = models.BigIntegerField(null=True)
    cost = models.DecimalField(null=True, max_digits=40, decimal_places=20)
    model_names = ArrayField(models.TextField(), db_column="models", default=list)
    users = ArrayField(models.TextField(), default=list)
    tags = ArrayField(models.TextField(), default=list)
    sources = ArrayField(models.TextField(), default=list)
    rules = ArrayField(models.TextField(), default=list)
    # How many requests and steps each rule put there, in the order of `rollups.RULES`.
    rule_counts = ArrayField(models.BigIntegerField(), default=list)
    # The least rank of its requests (SQL function name_rank). If two sessions become one, the lesser rank's name stays.
    name_rank = models.SmallIntegerField(default=32767, db_default=32767)
    # The partitions with rows of this session, so that reads touch no others.
    buckets = ArrayField(models.DateField(), default=list)
    # Grows with every change of this row, and of what its requests say. Open pages compare it, and what a web process
    # remembers of a session belongs to it.
    revision = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "session"
        indexes = [
            models.Index("project_id", models.F("last_at").desc(), models.F("id").desc(), name="session_latest"),
            # A project may have few failures in many sessions.
            models.Index(
                "project_id",
                models.F("last_at").desc(),
                models.F("id").desc(),
                condition=models.Q(error_count__gt=0),
                name="session_failed",
            ),
            models.Index(
                "project_id", Lower("source_name"), condition=~models.Q(source_name=""), name="session_source_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.session_key or str(self.id)

    @property
    def name(self) -> str:
        """What it is called: as a person named it, else as its logs did, else the first thing that the user said."""
        return self.given_name or self.source_name or self.title


class RequestLog(Sharded):
    """One call with its response. `skeleton` and the three packed lists of parts hold what was sent and received."""

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
    time_problems = SparseArrayField(models.TextField(), default=list)
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cached_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    cost = models.DecimalField(null=True, max_digits=40, decimal_places=20)
    # Who says what `cost` is: the caller (also if this is empty), or our calculation.
    cost_source = models.TextField(default="", db_default="")
    # Our calculation, as `pricing.prices.note` writes it. NULL: none was made.
    price = models.TextField(null=True)
    cost_breakdown = models.JSONField(null=True)
    end_user = models.TextField(default="", db_default="")
    key_alias = models.TextField(default="", db_default="")
    tags = ArrayField(models.TextField(), default=list)
    # A cleaned and shortened copy of the caller's metadata, for filters. The exact metadata is in the document.
    metadata = models.JSONField(null=True)
    trace_id = models.TextField(default="", db_default="")
    parent_id = models.TextField(default="", db_default="")
    # Of a span: its id, its name, the tool that it ran and the tool call that asked for it.
    span_id = models.TextField(default="", db_default="")
    name = models.TextField(default="", db_default="")
    tool_name = models.TextField(default="", db_default="")
    tool_call_id = models.TextField(default="", db_default="")
    # A span that is no model call by itself (an agent, a tool, …): shown, but not counted as a request.
    step = models.BooleanField(default=False, db_default=False)
    # The key of the request that reports the same call. This one is shown as its detail and is not counted.
    duplicate_of = models.UUIDField(null=True)
    # What could not be read as it was meant.
    problems = ArrayField(models.TextField(), null=True)
    rule = models.TextField()
    rule_detail = models.TextField(default="", db_default="")
    weak = models.BooleanField(default=False, db_default=False)
    # Link keys: what later requests may name to continue this one, and what this one names.
    provides = ArrayField(models.UUIDField(), default=list)
    needs = ArrayField(models.UUIDField(), default=list)
    # The one of `needs` that is a response's id.
    previous = models.UUIDField(null=True)
    # Equal for requests of one caller with the same input, and for requests of the same call of a proxy.
    attempt = models.UUIDField(null=True)
    call = models.UUIDField(null=True)
    # The link key of what it was asked, if it has no history: a tool call with this text may have started it.
    task = models.UUIDField(null=True)
    # The id of the last tool call that it sends back, if that is long enough to be unique.
    resent_call = models.TextField(default="", db_default="")
    # The history that it sends again: the number of input messages up to and with the last assistant turn.
    resent_count = models.IntegerField(default=0, db_default=0)
    # Keys of the tool results that failed (`ingest.tool_failures`), in the history, too, and the names of their tools.
    # Counted are only those that came after the last assistant turn, or in the answer.
    tool_failures = SparseArrayField(models.BigIntegerField(), default=list)
    failed_tools = SparseArrayField(models.TextField(), default=list)
    tool_error_count = models.IntegerField(default=0, db_default=0)
    tool_looks_failed_count = models.IntegerField(default=0, db_default=0)
    # One line each of the new user text and of the answer, for lists.
    input_preview = models.TextField(default="", db_default="")
    output_preview = models.TextField(default="", db_default="")
    byte_size = models.BigIntegerField()
    skeleton = models.BinaryField()
    input_parts = models.BinaryField()
    output_parts = models.BinaryField()
    context_parts = models.BinaryField()
    # What pages must know of the content without reading it (`structure.profiles`); b"": unknown.
    profile = models.BinaryField(default=b"", db_default=b"")

    class Meta:
        db_table = "request_log"
        indexes = [
            models.Index("session_id", "started_at", name="request_timeline", include=("ended_at", "status")),
            # Few requests run at a time, so this stays small.
            models.Index(fields=["session_id"], condition=models.Q(status="running"), name="request_running"),
            # Few fail. Where it is asked what their errors say, these alone are looked at.
            models.Index(
                fields=["session_id"],
                condition=~models.Q(error_type="") | ~models.Q(error_message=""),
                name="request_error",
            ),
        ]

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


class RequestSearch(Sharded):
    """By what a request or step can be found: hashes of terms (`content.search_text`). In a table of its own, so that
    it can be made anew.

    `words`: the terms of the parts that the request was the first to bring, and of what it says beside them. `parts`:
    the digests of those parts. Each part of a session that has text is in one row.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    session_id = models.UUIDField(editable=False)
    bucket = models.DateField(editable=False)
    project_id = models.BigIntegerField()
    started_at = models.DateTimeField()
    words = ArrayField(models.IntegerField())
    parts = models.BinaryField()

    class Meta:
        db_table = "request_search"
        indexes = [
            models.Index("project_id", models.F("started_at").desc(), models.F("id").desc(), name="request_latest"),
            GinIndex(fields=["words"], name="request_words"),
        ]
