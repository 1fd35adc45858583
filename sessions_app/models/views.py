"""Tables of what people keep for themselves and each other: saved views of the list."""

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
