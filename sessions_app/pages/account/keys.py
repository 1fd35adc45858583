"""The API keys of a project: create one, which is shown only once, and revoke one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from sessions_app.access import rights
from sessions_app.access.keys import SCOPES, create_key
from sessions_app.models import ApiKey, Project
from sessions_app.pages.shell import changes, project_page, render_page

MAX_KEYS_SHOWN = 500
# The scopes of a key, as the form names them.
PERMISSIONS = {
    "ingest": "write logs",
    "read": "read sessions",
    "correct": "correct grouping",
    "delete": "delete sessions",
}


class KeyForm(forms.Form):
    name = forms.CharField(max_length=120, strip=True)
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES],
        error_messages={"required": "Select at least one permission."},
    )


@project_page
@changes(rights.MAKE_KEYS, all_may_read=True)
def keys_page(request: HttpRequest, project: Project) -> HttpResponse:
    """The keys, and a form for a new one. The answer to the POST is the only page that ever shows the key itself."""
    form = KeyForm(request.POST or None)
    allowed = rights.scopes_of(request.user, SCOPES)
    context: dict[str, Any] = {
        "form": form,
        "chosen": ["ingest"],
        "permissions": [(scope, words) for scope, words in PERMISSIONS.items() if scope in allowed],
    }
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        created, secret = create_key(project, fields["name"], fields["scopes"], request.user)
        context |= {"created": created, "secret": secret, "form": KeyForm()}
    elif form.is_bound:
        context["chosen"] = request.POST.getlist("scopes")
    context["keys"] = project.api_keys.order_by("-created_at", "-pk")[:MAX_KEYS_SHOWN]
    response = render_page(request, "keys.html", context, project, status=422 if context["form"].errors else 200)
    if "secret" in context:
        response.headers["Cache-Control"] = "no-store"
    return response


@project_page
@changes(rights.REVOKE_KEYS)
def revoke_page(request: HttpRequest, project: Project, key_id: int) -> HttpResponse:
    """Asks, and by POST revokes; revoking twice changes nothing."""
    key = get_object_or_404(ApiKey, project=project, pk=key_id)
    if request.method != "POST":
        return render_page(request, "key_revoke.html", {"key": key}, project)
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        messages.success(request, f"“{key.name}” is revoked.")
    return redirect("keys", project.slug)
