"""Requests in the admin site."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils.safestring import SafeString

from sessions_app import ids
from sessions_app.admin.filters import FixedFilter, ProjectFilter
from sessions_app.admin.lists import ContentAdmin, DeletedObjects, field_column, link
from sessions_app.ingest import cleanup
from sessions_app.models import Link, Project, RequestKey, RequestLog, Session
from sessions_app.records import ERROR, KINDS, RUNNING, SOURCES, SUCCESS
from sessions_app.structure.grouping_rules import LinkRole

# The list has the requests of so many sessions, the project's latest; the search finds all others.
LATEST_SESSIONS = 50


class RequestProjectFilter(ProjectFilter):
    """The requests of the project's latest sessions, unless the URL names a session or a search."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[RequestLog]) -> QuerySet[RequestLog]:
        queryset = super().queryset(request, queryset)
        if self.chosen is None or request.GET.get("q") or request.GET.get("session_id"):
            return queryset
        sessions = Session.objects.filter(project_id=self.chosen.pk).order_by("-last_at", "-id")
        latest = list(sessions.values_list("id", "buckets")[:LATEST_SESSIONS])
        buckets = {bucket for _, found in latest for bucket in found}
        return queryset.filter(session_id__in=[session_id for session_id, _ in latest], bucket__in=buckets)


class StatusFilter(FixedFilter):
    title = parameter_name = "status"
    values = (SUCCESS, ERROR, RUNNING)


class KindFilter(FixedFilter):
    title = parameter_name = "kind"
    values = KINDS


class SourceFilter(FixedFilter):
    title = parameter_name = "source"
    values = tuple(SOURCES)


class RequestLogAdmin(ContentAdmin):
    CONTENT = ("skeleton", "input_parts", "output_parts", "context_parts", "metadata", "cost_breakdown")
    list_display = (
        "request_id_short",
        "started",
        "model_short",
        "status",
        "http",
        "tokens_column",
        "cost_column",
        "session",
    )
    list_filter = (RequestProjectFilter, StatusFilter, KindFilter, SourceFilter)
    search_fields = ("id",)
    started = field_column("started_at", "started")
    http = field_column("http_status", "HTTP status")
    labels = {
        "bucket": "Month",
        "api_base": "API base URL",
        "http_status": "HTTP status",
        "started_at": "Started",
        "first_token_at": "First token",
        "ended_at": "Ended",
        "received_at": "Received",
        "key_alias": "Name of the proxy's key",
        "rule": "Grouping rule",
        "rule_detail": "Detail of the grouping rule",
        "weak": "Trace id may be generated",
        "previous": "Key of the previous response",
        "attempt": "Key of equal attempts",
        "call": "Key of the call",
        "resent_count": "Re-sent messages",
        "duplicate_of": "Same call as request",
        "byte_size": "Size in bytes",
    }
    search_help_text = (
        f"This list has the requests of the project's {LATEST_SESSIONS} latest sessions. To find others, search for "
        "the exact id of a request, call, response, session or trace."
    )
    ordering = ("-started_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RequestLog]:
        return super().get_queryset(request).defer(*self.CONTENT)

    def get_fields(self, request: HttpRequest, obj: RequestLog | None = None) -> tuple[str, ...]:
        # What was calculated, and what pages must know of the content, are notes for programs.
        left_out = (*self.CONTENT, "session_id", "project_id", "provides", "needs", "price", "profile")
        names = [field.name for field in RequestLog._meta.fields if field.name not in left_out]
        return ("session", *("cost_column" if name == "cost" else name for name in names))

    def matching(
        self, request: HttpRequest, queryset: QuerySet[RequestLog], project: Project, text: str
    ) -> QuerySet[RequestLog]:
        return queryset.filter(requests_with_id(project, text))

    def view_on_site(self, obj: RequestLog) -> str:
        slug = Project.objects.values_list("slug", flat=True).get(pk=obj.project_id)
        return f"/p/{slug}/requests/{obj.pk}/"

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> DeletedObjects:
        requests = list(objs)
        counts = {"requests": len(requests), "sessions affected": len({request.session_id for request in requests})}
        shown = [truncatechars(str(request), 80) for request in requests]
        note = "Content that no other request of the session uses is deleted too, and so is a session without requests."
        return [*shown, note], counts, set(), []

    def remove(self, project_id: int, row_ids: list[uuid.UUID]) -> cleanup.Receipt:
        return cleanup.delete_requests(project_id, row_ids)

    @admin.display(description="request")
    def request_id_short(self, obj: RequestLog) -> str:
        return truncatechars(obj.request_id, 40)

    @admin.display(description="model")
    def model_short(self, obj: RequestLog) -> str:
        return truncatechars(obj.model, 40)

    @admin.display
    def session(self, obj: RequestLog) -> SafeString:
        return link(reverse("admin:sessions_app_session_change", args=[obj.session_id]), str(obj.session_id)[:8])


def requests_with_id(project: Project, text: str) -> Q:
    """The requests that have an id. Every part of the condition is an index look-up."""
    key, alias = ids.request_key(project.key, text), ids.alias_key(project.key, text)
    aliased = Link.objects.filter(token=alias, role__lte=LinkRole.TRACE).values_list("key_id", flat=True)[:100]
    found = set(RequestKey.objects.filter(id__in=[key, *aliased]).values_list("request_log_id", flat=True))
    sessions = {ids.session_id(project.key, text)}
    try:
        named = uuid.UUID(text)
    except ValueError:
        pass
    else:
        found.add(named)
        sessions.add(named)
    return Q(id__in=found) | Q(session_id__in=sessions)
