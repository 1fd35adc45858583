"""API keys and projects in the admin site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from sessions_app.access import rights
from sessions_app.admin.filters import NEWEST
from sessions_app.admin.lists import DeletedObjects, LeanAdmin, counted, dollars_column, field_column
from sessions_app.ingest import cleanup
from sessions_app.models import ApiKey, InboxEntry, ModelPrice, Project, RejectedLog, SavedView, Session

# One response deletes so many sessions of a project; the rest waits for the next click.
MOST_SESSIONS_OF_PROJECT = 2_000


class RevokedFilter(admin.SimpleListFilter):
    title = "status"
    parameter_name = "revoked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Active"), ("yes", "Revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(revoked_at__isnull=self.value() == "no")


class ApiKeyAdmin(LeanAdmin):
    """Keys are created on the page API keys, which shows each once. Nothing here reveals one."""

    fields = ("name", "prefix", "project", "scope_names", "created_at", "created_by", "last_used_at", "revoked_at")
    list_display = ("name", "prefix", "project", "scope_names", "created", "created_by", "last_used", "revoked")
    created = field_column("created_at", "created")
    last_used = field_column("last_used_at", "last used")
    revoked = field_column("revoked_at", "revoked")
    labels = {"created_at": "Created", "last_used_at": "Last used", "revoked_at": "Revoked"}
    list_select_related = ("project",)
    list_filter = (("project", admin.RelatedOnlyFieldListFilter), RevokedFilter)
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
        text = f"Revoked {counted(revoked, 'API key')}. Revoked keys no longer work."
        self.message_user(request, text, messages.SUCCESS)


class ModelPriceAdmin(LeanAdmin):
    """Prices are set on the page Prices of their project. Here they can be seen, and deleted."""

    for_input = dollars_column("input", "input")
    for_cached = dollars_column("cached", "cached")
    for_cache_write = dollars_column("cache_write", "cache write")
    for_cache_write_1h = dollars_column("cache_write_1h", "cache write, 1 h")
    for_output = dollars_column("output", "output")
    for_reasoning = dollars_column("reasoning", "reasoning")
    for_audio_input = dollars_column("audio_input", "audio input")
    for_audio_output = dollars_column("audio_output", "audio output")
    list_display = ("pattern", "project", "valid_from", "for_input", "for_cached", "for_output", "created_by")
    readonly_fields = (
        *("for_input", "for_cached", "for_cache_write", "for_cache_write_1h", "for_output", "for_reasoning"),
        *("for_audio_input", "for_audio_output"),
    )
    fields = ("pattern", "project", "valid_from", *readonly_fields, "created_at", "created_by")
    list_select_related = ("project",)
    list_filter = (("project", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("pattern",)


class ProjectAdmin(LeanAdmin):
    list_display = ("slug", "name", "created", "internal_id")
    created = field_column("created_at", "created")
    internal_id = field_column("key", "internal id")
    labels = {
        "slug": "URL name (slug)",
        "keeps_other_spans": "Store spans other than LLM calls (HTTP, databases)",
        "key": "Internal id",
        "created_at": "Created",
    }
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
        """A project with logs is protected: only the action “Delete with all sessions” deletes it."""
        projects = list(objs)
        full = [project for project in projects if has_content(project)]
        protected = [
            f"{project} still has logs. Choose “Delete with all sessions” in the list of projects." for project in full
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
            text = f"{', '.join(left)}: some sessions are left. Run the action again. The API keys are already deleted."
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
    """What is in a project; only its newest sessions are counted."""
    newest = Session.objects.filter(project_id=project.pk).order_by("-last_at", "-id")[:NEWEST]
    counts = newest.aggregate(requests=Sum("request_count"), steps=Sum("step_count"), sessions=Count("id"))
    sessions, requests, steps = counts["sessions"] or 0, counts["requests"] or 0, counts["steps"] or 0
    more = "more than " if sessions == NEWEST else ""
    keys = ApiKey.objects.filter(project_id=project.pk).count()
    # A deletion counts steps among the requests.
    inside = counted(requests, "request") + (f" and {counted(steps, 'step')}" if steps else "")
    others = [counted(keys, "API key"), *_others(project)]
    return f"{more}{counted(sessions, 'session')} with {inside}, {', '.join(others)}"


def _others(project: Project) -> Iterator[str]:
    for model, noun in ((ModelPrice, "price"), (SavedView, "saved view")):
        if number := model.objects.filter(project_id=project.pk).count():
            yield counted(number, noun)
