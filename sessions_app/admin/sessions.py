"""Sessions in the admin site."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils.safestring import SafeString

from sessions_app.admin.filters import ActivityFilter, FailureFilter, ProjectFilter
from sessions_app.admin.lists import ContentAdmin, DeletedObjects, field_column, link, slug_of, with_project_slug
from sessions_app.ingest import cleanup
from sessions_app.models import Project, Session
from sessions_app.queries.filters import words
from sessions_app.queries.matching import matching

# A search here may take longer than one on the pages.
SEARCH_SECONDS = 5.0


class SessionAdmin(ContentAdmin):
    list_display = (
        "name",
        "session_key_short",
        "last_activity",
        "request_total",
        "failed",
        "tokens_column",
        "cost_column",
        "models",
    )
    list_filter = (ProjectFilter, ActivityFilter, FailureFilter)
    search_fields = ("id",)
    search_help_text = (
        "Search for words that anybody said, a user or a tag, or for the id of a session, trace, request or response."
    )
    last_activity = field_column("last_at", "last activity")
    request_total = field_column("request_count", "requests")
    failed = field_column("error_count", "failed")
    labels = {
        "title_at": "Title taken from the request at",
        "preview_at": "Preview taken from the request at",
        "first_at": "First request",
        "last_at": "Last activity",
        "request_count": "Number of requests",
        "error_count": "Failed requests",
        "step_count": "Steps",
        "retry_count": "Retries",
        "model_names": "Models",
        "rules": "Grouping rules",
        "rule_counts": "Requests by grouping rule",
        "name_rank": "Rank of the naming request",
        "buckets": "Months",
    }
    ordering = ("-last_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return with_project_slug(super().get_queryset(request))

    def get_fields(self, request: HttpRequest, obj: Session | None = None) -> tuple[str, ...]:
        columns = [field.name for field in Session._meta.fields if field.name != "project_id"]
        return ("project", "requests", *("cost_column" if name == "cost" else name for name in columns))

    def matching(
        self, request: HttpRequest, queryset: QuerySet[Session], project: Project, text: str
    ) -> QuerySet[Session]:
        found = matching(project, words(text), seconds=SEARCH_SECONDS)
        if found.since:
            what = f"Only sessions that were active since {found.since:%Y-%m-%d %H:%M} (UTC) were searched."
            messages.warning(request, what)
        return queryset.filter(id__in=found.sessions.values("id"))

    def view_on_site(self, obj: Session) -> str:
        return f"/p/{slug_of(obj)}/sessions/{obj.pk}/"

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> DeletedObjects:
        sessions = list(objs)
        counts = {"sessions": len(sessions), "requests": sum(session.request_count for session in sessions)}
        if steps := sum(session.step_count for session in sessions):
            counts["steps"] = steps
        return [truncatechars(str(session), 80) for session in sessions], counts, set(), []

    def remove(self, project_id: int, row_ids: list[uuid.UUID]) -> cleanup.Receipt:
        return cleanup.delete_sessions(project_id, row_ids)

    @admin.display(description="session")
    def name(self, obj: Session) -> str:
        return truncatechars(str(obj), 60)

    @admin.display(description="session key")
    def session_key_short(self, obj: Session) -> str:
        return truncatechars(obj.session_key or "", 40)

    @admin.display
    def models(self, obj: Session) -> str:
        return truncatechars(", ".join(obj.model_names), 40)

    @admin.display
    def project(self, obj: Session) -> str:
        return self.slug_column(obj)

    @admin.display
    def requests(self, obj: Session) -> SafeString:
        address = reverse("admin:sessions_app_requestlog_changelist")
        return link(f"{address}?session_id={obj.pk}&project={slug_of(obj)}", f"{obj.request_count:,} requests")
