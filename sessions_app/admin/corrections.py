"""Corrections by hand in the admin site."""

from __future__ import annotations

import uuid

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from sessions_app.admin.lists import (
    LeanAdmin,
    ProjectFilter,
    link,
    slug_of,
    with_project_slug,
)
from sessions_app.models import (
    Correction,
)


class CorrectionAdmin(LeanAdmin):
    """What was corrected by hand, to look at: it is made and undone on the pages of the sessions."""

    list_display = (
        *("id", "made_at", "slug_column", "made_by", "action", "request_count", "source", "target"),
        *("undone_at", "undone_by"),
    )
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

    @admin.display
    def source(self, obj: Correction) -> SafeString:
        return corrected_session(obj, obj.source_session_id)

    @admin.display
    def target(self, obj: Correction) -> SafeString:
        return corrected_session(obj, obj.target_session_id)


def corrected_session(obj: Correction, session_id: uuid.UUID) -> SafeString:
    """A link to the page, which knows where a merged session is now."""
    return link(f"/p/{slug_of(obj)}/sessions/{session_id}/", str(session_id)[:8])
