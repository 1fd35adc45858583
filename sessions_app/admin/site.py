"""The admin site, for cleaning up: what was stored, what was rejected, keys and projects."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group, User
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import truncatechars
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from sessions_app import ids
from sessions_app.access import rights
from sessions_app.admin.lists import (
    NEWEST,
    ActivityFilter,
    FailureFilter,
    FixedFilter,
    LeanAdmin,
    ProjectFilter,
    bytes_column,
    chosen_project,
    cost_column,
    link,
    slug_column,
    tokens_column,
    with_project_slug,
)
from sessions_app.admin.rejected import RejectedLogAdmin
from sessions_app.admin.users import SuperusersGroupAdmin, SuperusersUserAdmin
from sessions_app.ingest import cleanup
from sessions_app.models import (
    ApiKey,
    Correction,
    InboxEntry,
    Link,
    Project,
    RejectedLog,
    RequestKey,
    RequestLog,
    Session,
)
from sessions_app.queries import session_list
from sessions_app.queries.filters import SessionFilters
from sessions_app.records import ERROR, KINDS, SUCCESS
from sessions_app.structure.grouping_rules import LinkRole

admin.site.site_header = "logsui administration"
admin.site.site_title = "logsui administration"
admin.site.index_title = "Clean up"
admin.site.register(RejectedLog, RejectedLogAdmin)
admin.site.unregister((User, Group))
admin.site.register(User, SuperusersUserAdmin)
admin.site.register(Group, SuperusersGroupAdmin)

SOURCES = ("native", "litellm", "otlp")
# The list of requests shows those of so many sessions, the latest of the project; the search finds all others.
LATEST_SESSIONS = 50
# One answer deletes so many sessions of a project; the rest waits for the next one.
MOST_SESSIONS_OF_PROJECT = 2_000

DeletedObjects = tuple[list[str], dict[str, int], set[str], list[str]]


# --- sessions -------------------------------------------------------------------------------------------------------


@admin.register(Session)
class SessionAdmin(LeanAdmin):
    list_display = (
        "name",
        "session_key_short",
        "last_at",
        "request_count",
        "error_count",
        tokens_column,
        cost_column,
        "models",
    )
    list_filter = (ProjectFilter, ActivityFilter, FailureFilter)
    search_fields = ("id",)
    search_help_text = "Words of title, session key or user; or an id of a session, trace, request or response."
    ordering = ("-last_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return with_project_slug(super().get_queryset(request))

    def get_fields(self, request: HttpRequest, obj: Session | None = None) -> list[str]:
        columns = [field.name for field in Session._meta.fields if field.name != "project_id"]
        return ["project", "requests", *columns]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Session], search_term: str
    ) -> tuple[QuerySet[Session], bool]:
        project = chosen_project(request)
        text = search_term.strip()[:1000]
        if not text or project is None:
            return queryset, False
        found = session_list.matching(project, SessionFilters(text=text))
        return queryset.filter(id__in=found.values("id")), False

    def view_on_site(self, obj: Session) -> str:
        return f"/p/{obj.project_slug}/sessions/{obj.pk}/"  # type: ignore[attr-defined]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> DeletedObjects:
        sessions = list(objs)
        counts = {"sessions": len(sessions), "requests": sum(session.request_count for session in sessions)}
        return [truncatechars(str(session), 80) for session in sessions], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Session) -> None:
        self.say_removed(request, cleanup.delete_sessions(obj.project_id, [obj.pk]))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        receipt = cleanup.Receipt()
        for project_id, session_ids in by_project(queryset).items():
            receipt.merge(cleanup.delete_sessions(project_id, session_ids))
        self.say_removed(request, receipt)

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
        return slug_column(obj)

    @admin.display
    def requests(self, obj: Session) -> SafeString:
        address = reverse("admin:sessions_app_requestlog_changelist")
        return link(f"{address}?session_id={obj.pk}&project={obj.project_slug}", f"{obj.request_count:,} requests")  # type: ignore[attr-defined]


def by_project(queryset: QuerySet) -> dict[int, list[uuid.UUID]]:
    found: dict[int, list[uuid.UUID]] = {}
    for project_id, pk in queryset.values_list("project_id", "pk"):
        found.setdefault(project_id, []).append(pk)
    return found


# --- requests -------------------------------------------------------------------------------------------------------


class RequestProjectFilter(ProjectFilter):
    """The requests of the project's latest sessions, unless a session is named or something is searched."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        queryset = super().queryset(request, queryset)
        if self.chosen is None or request.GET.get("q") or request.GET.get("session_id"):
            return queryset
        sessions = Session.objects.filter(project_id=self.chosen.pk).order_by("-last_at", "-id")
        latest = list(sessions.values_list("id", "buckets")[:LATEST_SESSIONS])
        buckets = {bucket for _, found in latest for bucket in found}
        return queryset.filter(session_id__in=[session_id for session_id, _ in latest], bucket__in=buckets)


class StatusFilter(FixedFilter):
    title = parameter_name = "status"
    values = (SUCCESS, ERROR)


class KindFilter(FixedFilter):
    title = parameter_name = "kind"
    values = KINDS


class SourceFilter(FixedFilter):
    title = parameter_name = "source"
    values = SOURCES


@admin.register(RequestLog)
class RequestLogAdmin(LeanAdmin):
    CONTENT = ("skeleton", "input_parts", "output_parts", "context_parts", "metadata", "cost_breakdown")
    list_display = (
        "request_id_short",
        "started_at",
        "model_short",
        "status",
        "http_status",
        tokens_column,
        cost_column,
        "session",
    )
    list_filter = (RequestProjectFilter, StatusFilter, KindFilter, SourceFilter)
    search_fields = ("id",)
    search_help_text = (
        f"Without a search: the requests of the project's {LATEST_SESSIONS} latest sessions. "
        "Search for the id of a request, call, response, session or trace, exactly as it was sent."
    )
    ordering = ("-started_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RequestLog]:
        return super().get_queryset(request).defer(*self.CONTENT)

    def get_fields(self, request: HttpRequest, obj: RequestLog | None = None) -> list[str]:
        left_out = (*self.CONTENT, "session_id", "project_id", "provides", "needs")
        return ["session", *(field.name for field in RequestLog._meta.fields if field.name not in left_out)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RequestLog], search_term: str
    ) -> tuple[QuerySet[RequestLog], bool]:
        project = chosen_project(request)
        text = search_term.strip()[:1000]
        if not text or project is None:
            return queryset, False
        return queryset.filter(requests_with_id(project, text)), False

    def view_on_site(self, obj: RequestLog) -> str:
        slug = Project.objects.values_list("slug", flat=True).get(pk=obj.project_id)
        return f"/p/{slug}/requests/{obj.pk}/"

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> DeletedObjects:
        requests = list(objs)
        counts = {"requests": len(requests), "sessions": len({request.session_id for request in requests})}
        shown = [truncatechars(str(request), 80) for request in requests]
        note = "With each go the parts that no other request of its session needs; a session without requests goes too."
        return [*shown, note], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: RequestLog) -> None:
        self.say_removed(request, cleanup.delete_requests(obj.project_id, [obj.pk]))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RequestLog]) -> None:
        receipt = cleanup.Receipt()
        for project_id, request_ids in by_project(queryset).items():
            receipt.merge(cleanup.delete_requests(project_id, request_ids))
        self.say_removed(request, receipt)

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
    """The requests that an id leads to; every part of the condition is a look-up in an index."""
    key, alias = ids.request_key(project.key, text), ids.alias_key(project.key, text)
    named = Link.objects.filter(token=alias, role__lte=LinkRole.TRACE).values_list("key_id", flat=True)[:100]
    found = set(RequestKey.objects.filter(id__in=[key, *named]).values_list("request_log_id", flat=True))
    sessions = {ids.session_id(project.key, text)}
    try:
        named = uuid.UUID(text)
    except ValueError:
        pass
    else:
        found.add(named)
        sessions.add(named)
    return Q(id__in=found) | Q(session_id__in=sessions)


# --- corrections ----------------------------------------------------------------------------------------------------


@admin.register(Correction)
class CorrectionAdmin(LeanAdmin):
    """What was corrected by hand, to look at: it is made and undone on the pages of the sessions."""

    list_display = (
        *("id", "made_at", slug_column, "made_by", "action", "request_count", "source", "target"),
        *("undone_at", "undone_by"),
    )
    list_filter = (ProjectFilter,)
    ordering = ("-id",)
    fields = (
        *("id", slug_column, "action", "made_at", "made_by", "request_count", "source", "target", "request_log_id"),
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
    return link(f"/p/{obj.project_slug}/sessions/{session_id}/", str(session_id)[:8])  # type: ignore[attr-defined]


# --- inbox ----------------------------------------------------------------------------------------------------------


@admin.register(InboxEntry)
class InboxEntryAdmin(LeanAdmin):
    """What waits for the digester, to look at: it is empty within moments."""

    list_display = ("id", "received_at", slug_column, "source", bytes_column, "digested_logs")
    list_filter = ()
    ordering = ("id",)
    fields = ("id", slug_column, "source", "content_type", "received_at", bytes_column, "digested_logs")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxEntry]:
        return with_project_slug(super().get_queryset(request).defer("body"))

    def has_delete_permission(self, request: HttpRequest, obj: InboxEntry | None = None) -> bool:
        return False


# --- keys and projects ----------------------------------------------------------------------------------------------


@admin.register(ApiKey)
class ApiKeyAdmin(LeanAdmin):
    """Keys are made on their page, which shows them once; nothing here tells one."""

    fields = (*("name", "prefix", "project", "scope_names", "created_at", "created_by", "last_used_at", "revoked_at"),)
    list_display = fields
    list_select_related = ("project",)
    list_filter = (("project", admin.RelatedOnlyFieldListFilter), ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "prefix")
    ordering = ("-created_at", "-id")
    actions = ("revoke",)
    rights_of_actions = {"revoke": (rights.REVOKE_KEYS,)}

    @admin.display(description="scopes")
    def scope_names(self, obj: ApiKey) -> str:
        return ", ".join(obj.scopes)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return rights.may(request.user, rights.REVOKE_KEYS)

    @admin.action(permissions=["revoke"], description="Revoke selected API keys")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{revoked:,} keys are revoked; they are refused from now on.", messages.SUCCESS)


@admin.register(Project)
class ProjectAdmin(LeanAdmin):
    list_display = ("slug", "name", "created_at", "key")
    fields = ("slug", "name", "keeps_other_spans", "key", "created_at")
    readonly_fields = ("key", "created_at")
    search_fields = ("slug", "name")
    actions = ("delete_with_sessions",)
    rights_of_actions = {"delete_with_sessions": (rights.right_to("delete", Project), rights.DELETE_SESSIONS)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Project | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> DeletedObjects:
        """A project that has something is protected: only the action that says so deletes it."""
        projects = list(objs)
        full = [project for project in projects if has_content(project)]
        protected = [
            f"{project}: has logs. Choose “Delete with all sessions” in the list of projects." for project in full
        ]
        return [str(project) for project in projects], {"projects": len(projects)}, set(), protected

    def delete_model(self, request: HttpRequest, obj: Project) -> None:
        cleanup.delete_project(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        for project in queryset:
            cleanup.delete_project(project)

    def has_delete_all_permission(self, request: HttpRequest) -> bool:
        return self.has_delete_permission(request) and rights.may(request.user, rights.DELETE_SESSIONS)

    @admin.action(permissions=["delete_all"], description="Delete with all sessions")
    def delete_with_sessions(self, request: HttpRequest, queryset: QuerySet[Project]) -> HttpResponse | None:
        if request.POST.get("post") != "yes":
            return self.confirm(request, queryset)
        receipt = cleanup.Receipt()
        for project in queryset:
            self.log_deletions(request, Project.objects.filter(pk=project.pk))
            receipt.merge(cleanup.delete_project(project, most_sessions=MOST_SESSIONS_OF_PROJECT))
        self.say_removed(request, receipt)
        left = [str(project) for project in Project.objects.filter(pk__in=[project.pk for project in queryset])]
        if left:
            text = f"{', '.join(left)}: there are more sessions; run the action again. The keys are gone already."
            self.message_user(request, text, messages.WARNING)
        return None

    def confirm(self, request: HttpRequest, queryset: QuerySet[Project]) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Delete projects with all their sessions",
            "opts": self.opts,
            "media": self.media,
            "projects": [(project, contents_of(project)) for project in queryset],
        }
        return TemplateResponse(request, "admin/delete_projects.html", context)


def has_content(project: Project) -> bool:
    found = (model.objects.filter(project_id=project.pk).exists() for model in (Session, RejectedLog, InboxEntry))
    return any(found)


def contents_of(project: Project) -> str:
    """What a project has, counted no further than its newest sessions."""
    newest = Session.objects.filter(project_id=project.pk).order_by("-last_at", "-id")[:NEWEST]
    counts = newest.aggregate(requests=Sum("request_count"), sessions=Count("id"))
    sessions, requests = counts["sessions"] or 0, counts["requests"] or 0
    more = "more than " if sessions == NEWEST else ""
    keys = ApiKey.objects.filter(project_id=project.pk).count()
    return f"{more}{sessions:,} sessions with {requests:,} requests, {keys:,} keys"
