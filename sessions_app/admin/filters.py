"""Filters of the admin site's lists: each uses an index, or searches only the newest rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from sessions_app.models import Project, Session

if TYPE_CHECKING:
    from django.contrib.admin.filters import _ListFilterChoices

# Filters without an index search only so many of the newest rows.
NEWEST = 10_000


class ProjectFilter(admin.SimpleListFilter):
    """One project at a time, since all indexes begin with the project."""

    title = "project"
    parameter_name = "project"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.projects = list(Project.objects.all()[:200])
        return [(project.slug, project.slug) for project in self.projects]

    def has_output(self) -> bool:
        return True

    @property
    def chosen(self) -> Project | None:
        """The project in the URL, else `default`, else the first one."""
        by_slug = {project.slug: project for project in self.projects}
        first = self.projects[0] if self.projects else None
        return by_slug.get(self.value() or "default", first)

    def choices(self, changelist: Any) -> Iterator[_ListFilterChoices]:
        for project in self.projects:
            yield {
                "selected": project == self.chosen,
                "query_string": changelist.get_query_string({self.parameter_name: project.slug}),
                "display": str(project),
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(project_id=self.chosen.pk) if self.chosen else queryset.none()


def chosen_project(request: HttpRequest) -> Project | None:
    """The project that ProjectFilter shows. The search uses it."""
    named = request.GET.get("project") or "default"
    known = "\0" not in named and Project.objects.filter(slug=named).first()
    return known or Project.objects.first()


class ActivityFilter(admin.SimpleListFilter):
    """By last activity: a range of the index by which the list is sorted."""

    title = "last activity"
    parameter_name = "activity"
    RECENT = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
    OLDER = {"older30d": timedelta(days=30), "older90d": timedelta(days=90), "older1y": timedelta(days=365)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        older = [(name, f"More than {span.days} days ago") for name, span in self.OLDER.items()]
        return [("24h", "Past 24 hours"), ("7d", "Past 7 days"), ("30d", "Past 30 days"), *older]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now, value = datetime.now(UTC), self.value()
        if value in self.RECENT:
            return queryset.filter(last_at__gte=now - self.RECENT[value])
        return queryset.filter(last_at__lt=now - self.OLDER[value]) if value in self.OLDER else queryset


class FailureFilter(admin.SimpleListFilter):
    """With or without failed requests. There is no index for it, so only the project's newest sessions are searched."""

    title = f"failures (newest {NEWEST:,} sessions)"
    parameter_name = "failures"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("some", "With failed requests"), ("none", "Without failed requests")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        project = chosen_project(request)
        if self.value() not in ("some", "none") or project is None:
            return queryset
        newest = Session.objects.filter(project_id=project.pk).order_by("-last_at", "-id").values("id")[:NEWEST]
        failed = {"error_count__gt": 0} if self.value() == "some" else {"error_count": 0}
        return queryset.filter(id__in=newest, **failed)


class FixedFilter(admin.SimpleListFilter):
    """By one of a few known values. Asking the table for its values would read all of it."""

    parameter_name: str
    values: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() in self.values else queryset
