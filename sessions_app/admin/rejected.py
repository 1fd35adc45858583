"""Rejected logs in the admin site: read, correct, replay, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat, truncatechars
from django.urls import URLPattern, path, reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from sessions_app import bounds
from sessions_app.access import rights
from sessions_app.admin.filters import NEWEST
from sessions_app.admin.lists import LeanAdmin, counted, field_column, link, with_project_slug
from sessions_app.ingest import cleanup
from sessions_app.models import RejectedLog
from sessions_app.storage import inbox

if TYPE_CHECKING:
    # Django's own class takes no parameter when it runs.
    ModelForm = forms.ModelForm[RejectedLog]
else:
    ModelForm = forms.ModelForm

# A larger log, or one that is larger as HTML, is shown in part. It can be downloaded, but not edited.
MOST_EDITED_BYTES = MOST_EDITED_HTML = 1_000_000
MOST_SHOWN_CHARS = 100_000


class NewestRejected(admin.SimpleListFilter):
    """By the kind of reason, among the newest rejected logs."""

    title = f"reason (newest {NEWEST:,} logs)"
    parameter_name = "reason_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = newest_rejected().order_by().values_list("reason_type", flat=True).distinct()
        return [(kind, kind) for kind in sorted(kinds)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RejectedLog]) -> QuerySet[RejectedLog]:
        if self.value() is None:
            return queryset
        return queryset.filter(id__gte=first_of_newest(), reason_type=self.value())


def first_of_newest() -> int:
    newest = RejectedLog.objects.order_by("-id").values_list("id", flat=True).first()
    return (newest or 0) - NEWEST


def newest_rejected() -> QuerySet[RejectedLog]:
    return RejectedLog.objects.filter(id__gte=first_of_newest())


class RejectedLogForm(ModelForm):
    """The log as text, when it is text and small enough to be edited."""

    body_text = forms.CharField(
        label="Log", strip=False, widget=forms.Textarea(attrs={"rows": 24, "cols": 100, "spellcheck": "false"})
    )

    class Meta:
        model = RejectedLog
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = editable_text(self.instance)
        if text is None:
            del self.fields["body_text"]
        else:
            self.fields["body_text"].initial = text

    def save(self, commit: bool = True) -> RejectedLog:
        if "body_text" in self.changed_data:
            body = self.cleaned_data["body_text"].encode("utf-8", "surrogatepass")
            self.instance.body, self.instance.raw_bytes = inbox.pack(body), len(body)
        return super().save(commit)


def editable_text(rejected: RejectedLog) -> str | None:
    """The log as text; None when it is too large, or no text."""
    if rejected.raw_bytes > MOST_EDITED_BYTES:
        return None
    try:
        text = inbox.unpack(rejected.body).decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or bounds.byte_size(escape(text)) > MOST_EDITED_HTML else text


class RejectedLogAdmin(LeanAdmin):
    form = RejectedLogForm
    received = field_column("received_at", "received")
    kind = field_column("reason_type", "kind of reason")
    labels = {"received_at": "Received", "rejected_at": "Rejected", "reason_type": "Kind of reason"}
    list_display = ("received", "slug_column", "source", "kind", "field", "reason_short", "bytes_column")
    list_filter = (NewestRejected,)
    search_fields = ("id",)
    search_help_text = f"Search for words in the reason, among the newest {NEWEST:,} rejected logs."
    ordering = ("-id",)
    actions = ("replay_selected",)
    rights_of_actions = {"replay_selected": (rights.right_to("change", RejectedLog),)}
    readonly_fields = (
        *("slug_column", "source", "received_at", "rejected_at"),
        *("reason_type", "field", "reason", "content"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[RejectedLog]:
        return with_project_slug(super().get_queryset(request).defer("body"))

    def has_change_permission(self, request: HttpRequest, obj: RejectedLog | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_fields(self, request: HttpRequest, obj: RejectedLog | None = None) -> tuple[str, ...]:
        editable = obj is not None and editable_text(obj) is not None and self.has_change_permission(request, obj)
        return (*self.readonly_fields, *(("body_text",) if editable else ()))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RejectedLog], search_term: str
    ) -> tuple[QuerySet[RejectedLog], bool]:
        text = search_term.replace("\0", "").strip()[:1000]
        if not text:
            return queryset, False
        return queryset.filter(id__gte=first_of_newest(), reason__icontains=text), False

    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(self.download)
        return [path("<int:rejected_id>/body/", download, name="sessions_app_rejectedlog_body"), *super().get_urls()]

    def download(self, request: HttpRequest, rejected_id: int) -> HttpResponse:
        """The log as it was received, as a file that browsers download and never display."""
        rejected = RejectedLog.objects.filter(pk=rejected_id).first()
        if rejected is None or not self.has_view_permission(request, rejected):
            raise Http404
        headers = {"Content-Disposition": f'attachment; filename="rejected-{rejected_id}.json"'}
        return HttpResponse(inbox.unpack(rejected.body), content_type="application/octet-stream", headers=headers)

    def response_change(self, request: HttpRequest, obj: RejectedLog) -> HttpResponse:
        if "_replay" not in request.POST:
            return super().response_change(request, obj)
        self.replay_selected(request, RejectedLog.objects.filter(pk=obj.pk))
        return HttpResponseRedirect(reverse("admin:sessions_app_rejectedlog_changelist"))

    @admin.action(permissions=["change"], description="Replay selected rejected logs")
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[RejectedLog]) -> None:
        replayed = 0
        for rejected in queryset.iterator(chunk_size=10):
            try:
                cleanup.replay(rejected)
            except inbox.InboxFull as error:
                self.message_user(request, f"The inbox is full. Replay the others later. ({error})", messages.ERROR)
                break
            replayed += 1
        text = f"Sent {counted(replayed, 'log')} to the inbox again. Logs rejected again come back to this list."
        self.message_user(request, text, messages.SUCCESS if replayed else messages.WARNING)

    @admin.display(description="reason")
    def reason_short(self, obj: RejectedLog) -> str:
        return truncatechars(obj.reason, 100)

    @admin.display(description="as received")
    def content(self, obj: RejectedLog) -> SafeString:
        download = link(reverse("admin:sessions_app_rejectedlog_body", args=[obj.pk]), "Download")
        size = filesizeformat(obj.raw_bytes)
        if editable_text(obj) is not None:
            return format_html("{}, shown below. {}", size, download)
        beginning = inbox.unpack(obj.body)[:MOST_SHOWN_CHARS].decode("utf-8", "replace").replace("\0", "\ufffd")
        return format_html("{}. {} It begins:<pre>{}</pre>", size, download, beginning)
