"""The inbox in the admin site."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from sessions_app.admin.lists import LeanAdmin, field_column, with_project_slug
from sessions_app.models import InboxEntry


class InboxEntryAdmin(LeanAdmin):
    """Bodies that wait for the digester. They can only be viewed, and are gone within moments."""

    list_display = ("id", "received", "slug_column", "source", "bytes_column", "digested")
    received = field_column("received_at", "received")
    digested = field_column("digested_logs", "logs digested so far")
    labels = {"received_at": "Received", "digested_logs": "Logs digested so far"}
    count_label = "Waiting to be digested"
    list_filter = ()
    ordering = ("id",)
    fields = ("id", "slug_column", "source", "content_type", "received_at", "bytes_column", "digested_logs")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxEntry]:
        return with_project_slug(super().get_queryset(request).defer("body"))

    def has_delete_permission(self, request: HttpRequest, obj: InboxEntry | None = None) -> bool:
        return False
