"""Corrections by hand in the admin site."""

from __future__ import annotations

import uuid

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from sessions_app.admin.filters import ProjectFilter
from sessions_app.admin.lists import LeanAdmin, field_column, link, slug_of, with_project_slug
from sessions_app.models import Correction


class CorrectionAdmin(LeanAdmin):
    """Corrections by hand. They can only be viewed here: sessions' pages make and undo them."""

    list_display = (
        *("id", "made", "slug_column", "made_by", "action", "requests", "source", "target"),
        *("undone", "undone_by"),
    )
    made = field_column("made_at", "made")
    requests = field_column("request_count", "requests")
    undone = field_column("undone_at", "undone")
    labels = {"made_at": "Made", "request_count": "Requests", "request_log_id": "Request", "undone_at": "Undone"}
    list_filter = (ProjectFilter,)
    ordering = ("-id",)
    fields = (
        *("id", "slug_column", "action", "made_at", "made_by", "request_count", "source", "target", "request_log_id"),
        *("undone_at", "undone_by"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Correction]:
        return with_project_slug(super().get_queryset(request).defer("before"))

    def has_delete_permission(self, request: HttpRequest, obj: Correction | None = None) -> bool:
        return False

    @admin.display(description="from session")
    def source(self, obj: Correction) -> SafeString:
        return corrected_session(obj, obj.source_session_id)

    @admin.display(description="to session")
    def target(self, obj: Correction) -> SafeString:
        return corrected_session(obj, obj.target_session_id)


def corrected_session(obj: Correction, session_id: uuid.UUID) -> SafeString:
    """A link to the session's page, which redirects to where its requests are now."""
    return link(f"/p/{slug_of(obj)}/sessions/{session_id}/", str(session_id)[:8])
