"""Lists of the admin site that stay fast on large tables: counts and actions have limits."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.core.paginator import Paginator
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from sessions_app.access import rights
from sessions_app.admin.filters import chosen_project
from sessions_app.ingest.cleanup import Receipt
from sessions_app.models import Project
from sessions_app.pricing.amounts import rounded

if TYPE_CHECKING:
    # Django's own classes take no parameter when they run.
    ModelAdmin = admin.ModelAdmin[Any]
    RowPaginator = Paginator[Any]
else:
    ModelAdmin, RowPaginator = admin.ModelAdmin, Paginator

# A list ends after so many rows; filters and the search reach older ones.
MOST_LISTED = 1_000
# One action takes so many rows: the confirmation names each of them, and the work fits into one response.
MOST_SELECTED = 500

DeletedObjects = tuple[list[str], dict[str, int], set[str], list[str]]


class BoundedPaginator(RowPaginator):
    """Counts only as far as the list goes."""

    @cached_property
    def count(self) -> int:
        assert isinstance(self.object_list, QuerySet)
        return len(self.object_list.values("pk")[:MOST_LISTED])


DELETE_SELECTED = "Delete selected %(verbose_name_plural)s"


@admin.action(permissions=["delete"], description=DELETE_SELECTED)
def delete_some(model_admin: ModelAdmin, request: HttpRequest, queryset: QuerySet[Model]) -> Any:
    """Django's own action, for as many rows as one response can take."""
    ids = list(queryset.values_list("pk", flat=True)[: MOST_SELECTED + 1])
    if len(ids) > MOST_SELECTED:
        text = f"You selected more than {MOST_SELECTED}. Only the first {MOST_SELECTED} are deleted at a time."
        model_admin.message_user(request, text, messages.WARNING)
    chosen = model_admin.get_queryset(request).filter(pk__in=ids[:MOST_SELECTED])
    return delete_selected(model_admin, request, chosen)


class LeanAdmin(ModelAdmin):
    """Rows are only viewed and deleted here. No click causes an unbounded query."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    # Sorting by another column would read the whole table.
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 50
    # The rights that each action needs. Django ignores the form of a user who lacks one; we say which is missing.
    rights_of_actions: dict[str, tuple[rights.Right, ...]] = {}
    # Labels of fields on the page of one row, where the name of the column says too little.
    labels: dict[str, str] = {}
    # Names the number below a list; without it, that is "3 sessions".
    count_label = ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        for right in self._rights_of_action(request.POST.get("action", "")):
            rights.demand(request.user, right)
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, title | (extra_context or {}))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> type[forms.ModelForm[Any]]:
        return super().get_form(request, obj, change, **{"labels": self.labels, **options})

    def _rights_of_action(self, name: str) -> tuple[rights.Right, ...]:
        deletes = {"delete_selected": (rights.right_to("delete", self.model),)}
        return (deletes | self.rights_of_actions).get(name, ())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        rights.demand(request.user, rights.right_to("delete", self.model))
        return super().delete_view(request, object_id, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST":
            rights.demand(request.user, rights.right_to("change" if object_id else "add", self.model))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        if "delete_selected" in actions:
            actions["delete_selected"] = (delete_some, "delete_selected", DELETE_SELECTED)
        return actions

    def say_removed(self, request: HttpRequest, receipt: Receipt) -> None:
        self.message_user(request, describe(receipt), messages.SUCCESS)
        if left := mentions_of(receipt):
            self.message_user(request, left, messages.WARNING)

    # The history stays when its objects are deleted, so it has their ids and never a title, key or name.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return super().log_addition(request, ById(obj), message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return super().log_change(request, ById(obj), message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        # Django only iterates over it.
        named: Any = [ById(obj) for obj in queryset]
        return super().log_deletions(request, named)

    # Columns of several lists. `with_project_slug` adds the slug to a row.

    @admin.display(description="project")
    def slug_column(self, obj: Any) -> str:
        return obj.project_slug or f"({obj.project_id}, deleted)"

    @admin.display(description="size")
    def bytes_column(self, obj: Any) -> str:
        return filesizeformat(obj.raw_bytes)

    @admin.display(description="tokens in / out")
    def tokens_column(self, obj: Any) -> str:
        return " / ".join("?" if count is None else f"{count:,}" for count in (obj.input_tokens, obj.output_tokens))

    @admin.display(description="cost")
    def cost_column(self, obj: Any) -> str:
        return dollars(obj.cost)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        # The next page shows this name again, and until then it may be stored with the user's session.
        return super().response_delete(request, str(obj_id), obj_id)


class ContentAdmin(LeanAdmin):
    """A list of stored content: searched within the chosen project, and deleted with all that belongs to it."""

    def matching(self, request: HttpRequest, queryset: QuerySet[Any], project: Project, text: str) -> QuerySet[Any]:
        """The rows of a project that a search finds."""
        raise NotImplementedError

    def remove(self, project_id: int, row_ids: list[uuid.UUID]) -> Receipt:
        """Delete rows of a project."""
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        project = chosen_project(request)
        text = search_term.strip()[:1000]
        if not text or project is None:
            return queryset, False
        return self.matching(request, queryset, project, text), False

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.say_removed(request, self.remove(obj.project_id, [obj.pk]))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        receipt = Receipt()
        for project_id, row_ids in by_project(queryset).items():
            receipt.merge(self.remove(project_id, row_ids))
        self.say_removed(request, receipt)


class ById:
    """Stands for an object and tells only its kind and id."""

    def __init__(self, obj: Any) -> None:
        self._meta, self.pk = obj._meta, obj.pk

    def __str__(self) -> str:
        return f"{self._meta.model_name} {self.pk}"


def describe(receipt: Receipt) -> str:
    """A receipt in a sentence."""
    tables = ", ".join(
        f"{name} {removed.rows:,} ({filesizeformat(removed.bytes)})"
        for name, removed in receipt.tables.items()
        if removed.rows
    )
    deleted = f"Deleted {counted(receipt.sessions, 'session')} and {counted(receipt.requests, 'request')}"
    total = f"{counted(receipt.rows, 'row')}, {filesizeformat(receipt.bytes)}"
    return f"{deleted} ({total}). Rows by table: {tables or 'none'}."


def counted(number: int, noun: str) -> str:
    """`1 session`, `2 sessions`, `3 bodies`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("dy") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def mentions_of(receipt: Receipt) -> str | SafeString:
    """A sentence about what still mentions deleted ids; "" when nothing does."""
    left, said = receipt.mentions, []
    if left.rejected_logs:
        said.append(f"Deleted ids are still in {counted(left.rejected_logs, 'rejected log')}")
    if left.waiting_bodies:
        bodies = counted(left.waiting_bodies, "body")
        said.append(f"Deleted ids are in {bodies} waiting to be digested, and may be stored again")
    if left.unseen:
        said.append(f"Older rejected logs and bodies that were not searched: {left.unseen:,}")
    if not said:
        return ""
    address = reverse("admin:sessions_app_rejectedlog_changelist")
    return format_html('{}. <a href="{}">Rejected logs</a>', ". ".join(said), address)


def by_project(queryset: QuerySet[Any]) -> dict[int, list[uuid.UUID]]:
    found: dict[int, list[uuid.UUID]] = {}
    for project_id, pk in queryset.values_list("project_id", "pk"):
        found.setdefault(project_id, []).append(pk)
    return found


# --- columns --------------------------------------------------------------------------------------------------------


def field_column(name: str, label: str) -> Callable[[Any, Any], Any]:
    """A column with a field of the row, under a label that says more than the field's name."""

    @admin.display(description=label)
    def value(self: LeanAdmin, row: Any) -> Any:
        return getattr(row, name)

    return value


def dollars_column(name: str, label: str) -> Callable[[Any, Any], str | None]:
    """A column with an amount of the row, if it is set. Django would write all the places that its field has."""

    @admin.display(description=label)
    def value(self: LeanAdmin, row: Any) -> str | None:
        amount = getattr(row, name)
        return None if amount is None else dollars(amount)

    return value


def dollars(amount: Decimal | None) -> str:
    """An amount with all digits that mean something."""
    return "?" if amount is None else f"${rounded(amount):,f}"


def link(address: str, text: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, text)


def slug_of(obj: Any) -> str:
    """The slug that `with_project_slug` adds to a row."""
    slug: str = obj.project_slug
    return slug


def with_project_slug(queryset: QuerySet[Any]) -> QuerySet[Any]:
    slugs = Project.objects.filter(pk=OuterRef("project_id")).order_by().values("slug")
    annotated: QuerySet[Any] = queryset.annotate(project_slug=Subquery(slugs))
    return annotated
