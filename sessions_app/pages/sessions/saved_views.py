"""Views of the session list: the chips above it, the address of each, and forms to name, share and delete saved ones.

Everybody may keep views of their own. Sharing one, and changing one that somebody else shares, needs a permission.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from sessions_app.access import rights
from sessions_app.models import Project, SavedView
from sessions_app.pages.shell import own, project_page, render_page
from sessions_app.queries.saved_views import MAX_QUERY_CHARS, MAX_VIEWS, kept_query, listed_views, same_list, views_of

# What everybody has: a name, and the filter or order. They keep the time range, of which they say nothing.
BUILT_IN = (
    ("All", ""),
    ("Errors", "q=status%3Aerror"),
    ("Failed tools", "q=has%3Afailed_tool"),
    ("Most expensive", "order=-cost"),
    ("Slowest", "order=-duration"),
)
RANGE_FIELDS = ("range", "from", "to")


@dataclass(frozen=True)
class ViewChip:
    """A view above the list. `about`: who shares it. `edit`: the address of its form, "" if the user may not change
    it.
    """

    name: str
    href: str
    is_current: bool
    about: str = ""
    edit: str = ""


def view_chips(request: HttpRequest, project: Project) -> list[ViewChip]:
    """The views that everybody has, then the saved ones; one statement."""
    asked, address = kept_query(request.GET), reverse("sessions", args=[project.slug])
    chips = _built_in(asked, address)
    for view in listed_views(project, request.user):
        is_current = same_list(view.query, asked)
        edit = (
            reverse("view_edit", args=[project.slug, view.pk])
            if is_current and _may_change(request, view.owner_id)
            else ""
        )
        chips.append(
            ViewChip(view.name, _opened(address, view.query), is_current, _about(view.is_shared, view.owner_name), edit)
        )
    return chips


def _built_in(asked: str, address: str) -> list[ViewChip]:
    pairs = asked.split("&") if asked else []
    times = [pair for pair in pairs if pair.partition("=")[0] in RANGE_FIELDS]
    rest = "&".join(pair for pair in pairs if pair not in times)
    return [
        ViewChip(name, _opened(address, "&".join([query, *times] if query else times)), same_list(query, rest))
        for name, query in BUILT_IN
    ]


def _opened(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address


def _about(is_shared: bool, owner: str | None) -> str:
    """Who shares it: `owner`, or nobody who is still there."""
    if not is_shared:
        return "Only you see it"
    return f"Shared by {owner}" if owner else "Shared with the project"


def save_address(request: HttpRequest, project: Project) -> str:
    """The form that saves what the list shows now; "" if that is everything."""
    asked = kept_query(request.GET)
    return f"{reverse('view_new', args=[project.slug])}?{asked}" if asked else ""


class ViewForm(forms.Form):
    name = forms.CharField(max_length=60, strip=True)
    query = forms.CharField(max_length=MAX_QUERY_CHARS, required=False, label="Filters")
    is_shared = forms.BooleanField(required=False)

    def clean_query(self) -> str:
        """Also what somebody copies with the question mark."""
        return kept_query(QueryDict(self.cleaned_data["query"].removeprefix("?")))


@project_page
def open_view(request: HttpRequest, project: Project, view_id: int) -> HttpResponse:
    """The address of a view leads to what it shows now."""
    view = _find(request, project, view_id)
    return redirect(_opened(reverse("sessions", args=[project.slug]), view.query))


@project_page
@own
def new_view(request: HttpRequest, project: Project) -> HttpResponse:
    """Asks for the name of what the query string says, and by POST saves it."""
    form = ViewForm(request.POST or None, initial={"query": kept_query(request.GET)})
    if request.method == "POST" and form.is_valid():
        if views_of(project, request.user).count() >= MAX_VIEWS:
            form.add_error("name", f"There are {MAX_VIEWS} views already. Delete one first.")
        else:
            return _saved(request, SavedView(project=project, owner_id=request.user.pk), form.cleaned_data)
    return _render(request, project, form)


@project_page
@own
def edit_view(request: HttpRequest, project: Project, view_id: int) -> HttpResponse:
    """The form of a view; its own button deletes it."""
    view = _find(request, project, view_id)
    _demand_change(request, view)
    initial = {"name": view.name, "query": view.query, "is_shared": view.is_shared}
    form = ViewForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        return _saved(request, view, form.cleaned_data)
    return _render(request, project, form, view)


@project_page
@own
def delete_view(request: HttpRequest, project: Project, view_id: int) -> HttpResponse:
    """Deletes by POST; else leads to the form."""
    view = _find(request, project, view_id)
    _demand_change(request, view)
    if request.method != "POST":
        return redirect("view_edit", project.slug, view.pk)
    view.delete()
    messages.success(request, f"The view “{view.name}” is deleted.")
    return redirect("sessions", project.slug)


def _find(request: HttpRequest, project: Project, view_id: int) -> SavedView:
    view = views_of(project, request.user).filter(pk=view_id).first() if view_id < 2**63 else None
    if view is None:
        raise Http404
    return view


def _may_change(request: HttpRequest, owner_id: int | None) -> bool:
    return owner_id == request.user.pk or rights.may(request.user, rights.CHANGE_VIEWS)


def _demand_change(request: HttpRequest, view: SavedView) -> None:
    if view.owner_id != request.user.pk:
        rights.demand(request.user, rights.CHANGE_VIEWS)


def _saved(request: HttpRequest, view: SavedView, fields: dict[str, Any]) -> HttpResponse:
    # To stop sharing is allowed to all who may change the view.
    if fields["is_shared"] and not view.is_shared:
        rights.demand(request.user, rights.SHARE_VIEWS)
    view.name, view.query, view.is_shared = fields["name"], fields["query"], fields["is_shared"]
    if not view.is_shared and view.owner_id is None:
        view.owner_id = request.user.pk  # Else nobody would see it any more.
    view.save()
    return redirect("view", view.project.slug, view.pk)


def _render(request: HttpRequest, project: Project, form: ViewForm, view: SavedView | None = None) -> HttpResponse:
    may_share = bool(view and view.is_shared) or rights.may(request.user, rights.SHARE_VIEWS)
    context = {"form": form, "view": view, "may_share": may_share, "share_right": rights.SHARE_VIEWS.label}
    if view and view.owner_id != request.user.pk:
        context["about"] = _about(view.is_shared, view.owner.get_username() if view.owner else None)
    return render_page(request, "saved_view.html", context, project, status=422 if form.errors else 200)
