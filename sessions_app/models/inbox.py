"""Tables of logs on their way in: accepted, being digested, rejected."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


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
    """What one thread of a digester is digesting. It remains when the digester is killed (`ingest/suspects.py`)."""

    pk = models.CompositePrimaryKey("digester", "thread")
    # A random number of the digester, which holds an advisory lock on it while it lives.
    digester = models.IntegerField()
    thread = models.IntegerField()
    entry_ids = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "digest_note"


class DigestSuspect(models.Model):
    """An inbox entry that was being digested when a digester died. A process of its own digests it."""

    entry_id = models.BigIntegerField(primary_key=True)
    # How often a process died while it digested this entry alone, and how many logs of it are digested at a time since.
    endings = models.IntegerField(default=0, db_default=0)
    most_logs = models.IntegerField(null=True)
    # How often a process died while it digested only the next log, and how the last process died.
    strikes = models.IntegerField(default=0, db_default=0)
    reason = models.TextField(default="", db_default="")

    class Meta:
        db_table = "digest_suspect"


class InboxUsage(models.Model):
    """How many bytes ever came into the inbox for a project, and how many were taken out. Their difference waits.

    A project has several rows, so that concurrent writers do not wait for each other.
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
    # As in the inbox, if a body was rejected as a whole. Empty for a single log, which is JSON.
    content_type = models.TextField(default="", db_default="", blank=True)
    body = models.BinaryField()

    class Meta:
        db_table = "rejected_log"
        indexes = [models.Index(fields=["project_id", "-id"], name="rejected_log_latest")]

    def __str__(self) -> str:
        return f"{self.source} log of {self.received_at:%Y-%m-%d %H:%M:%S}"
