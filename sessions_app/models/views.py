"""Tables of what people keep beside the logs: saved views, tags and names of sessions, findings that need no look."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from sessions_app.models.projects import Project


class SavedView(models.Model):
    """A named query string of the session list. Only its owner sees it, unless it is shared with the project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    # A shared view outlives its owner.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=60)
    query = models.TextField(blank=True)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "saved_view"
        verbose_name = "saved view"

    def __str__(self) -> str:
        return self.name


class SessionTag(models.Model):
    """A tag that a person gave to a session. `Session.tags` has it too, with those of the logs."""

    project_id = models.BigIntegerField()
    session_id = models.UUIDField()
    tag = models.TextField()
    given_by = models.TextField()
    given_at = models.DateTimeField()

    class Meta:
        db_table = "session_tag"
        verbose_name = "session tag"
        constraints = [models.UniqueConstraint(fields=["session_id", "tag"], name="session_tag_once")]
        # For finding the sessions that people gave a tag to.
        indexes = [models.Index(fields=["project_id", "tag"], name="session_tag_found")]

    def __str__(self) -> str:
        return self.tag


class DismissedFinding(models.Model):
    """A finding of a session that a person has dismissed, by its rule and what it is about."""

    project_id = models.BigIntegerField()
    session_id = models.UUIDField()
    rule = models.TextField()
    key = models.TextField()
    dismissed_by = models.TextField()
    dismissed_at = models.DateTimeField()

    class Meta:
        db_table = "dismissed_finding"
        verbose_name = "dismissed finding"
        constraints = [models.UniqueConstraint(fields=["session_id", "rule", "key"], name="dismissed_finding_once")]

    def __str__(self) -> str:
        return f"{self.rule} {self.key}"


class SessionName(models.Model):
    """The name that a person gave to a session. `Session.given_name` has it too."""

    project_id = models.BigIntegerField()
    session_id = models.UUIDField(unique=True)
    name = models.TextField()
    given_by = models.TextField()
    given_at = models.DateTimeField()

    class Meta:
        db_table = "session_name"
        verbose_name = "session name"
        # Whoever may change sessions may name them.
        default_permissions = ()
        # For finding sessions by their names.
        indexes = [models.Index(fields=["project_id"], name="session_name_project")]

    def __str__(self) -> str:
        return self.name
