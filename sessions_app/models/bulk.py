"""The table of what people do with many sessions at once."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from sessions_app.models.projects import Project


class BulkAction(models.Model):
    """An action on chosen sessions, or on all that match a list's query string when it was asked for.

    It is worked off in steps. `place`: where the next step begins. A step that is repeated changes nothing.
    """

    TAG, UNTAG, DELETE, DOWNLOAD = "tag", "untag", "delete", "download"
    ASKED, RUNNING, STOPPED, DONE = "asked", "running", "stopped", "done"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField(choices=[(name, name) for name in (TAG, UNTAG, DELETE, DOWNLOAD)])
    # The tag.
    argument = models.TextField(default="")
    query = models.TextField(default="")
    # Of the times in the query that have no offset.
    zone = models.TextField(default="UTC", db_default="UTC")
    # NULL: all that match the query.
    session_ids = ArrayField(models.UUIDField(), null=True)
    state = models.TextField(default=ASKED, choices=[(name, name) for name in (ASKED, RUNNING, STOPPED, DONE)])
    place = models.TextField(default="")
    done = models.BigIntegerField(default=0)
    # What was counted when it was asked for: `sessions`, `requests`, `bytes`, and whether that is `all`.
    survey = models.JSONField(default=dict)
    # Sessions that failed and why; how many rows and bytes were deleted.
    failures = models.JSONField(default=list)
    failed_count = models.BigIntegerField(default=0)
    receipt = models.JSONField(default=dict)
    # Somebody works on it until then, unless they ended.
    leased_until = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "bulk_action"
        verbose_name = "bulk action"

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
