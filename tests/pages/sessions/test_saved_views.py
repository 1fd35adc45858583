"""Saved views: who sees, shares, changes and deletes them, and what each keeps."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client

from sessions_app.access.rights import CHANGE_VIEWS, SHARE_VIEWS
from sessions_app.models import Project, SavedView
from sessions_app.pages.sessions.saved_views import BUILT_IN
from tests.factories import grant, make_session, make_user

NEW = "/p/acme/views/new/"


def make_view(project: Project, owner: AbstractBaseUser | None, name: str = "Errors", **fields: object) -> SavedView:
    return SavedView.objects.create(project=project, owner=owner, name=name, **{"query": "status=error"} | fields)


def chips(client: Client, query: str = "") -> list[tuple[str, bool]]:
    page = client.get(f"/p/acme/sessions/{query}").content.decode()
    [nav] = re.findall(r'<nav class="chips" id="saved-views".*?</nav>', page, re.DOTALL)
    found = re.findall(
        r'<a class="chip" href="[^"]*" (aria-current)?[^>]*><bdi class="cut">(.*?)</bdi>', nav, re.DOTALL
    )
    return [(name, bool(current)) for current, name in found]


def saved(client: Client, query: str = "") -> list[tuple[str, bool]]:
    """The chips behind those that everybody has."""
    return chips(client, query)[len(BUILT_IN) :]


def person(name: str, *rights: object) -> Client:
    client = Client()
    client.force_login(make_user(name, *rights))
    return client


def test_it_works(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    listed = signed_in.get("/p/acme/sessions/?q=Hello&model=gpt-4o&before=").content.decode()
    assert 'href="/p/acme/views/new/?q=Hello&amp;model=gpt-4o"' in listed
    form = signed_in.get(f"{NEW}?q=Hello&model=gpt-4o&before=1.2").content.decode()
    assert 'value="q=Hello&amp;model=gpt-4o"' in form
    made = signed_in.post(NEW, {"name": "<b>Hi</b>", "query": "?q=Hello&order=-cost&model=gpt-4o&after=3"})
    view = SavedView.objects.get()
    assert view.query == "q=Hello&order=-cost&model=gpt-4o"
    assert made.url == f"/p/acme/views/{view.pk}/"
    assert signed_in.get(made.url).url == f"/p/acme/sessions/?{view.query}"
    assert saved(signed_in) == [("&lt;b&gt;Hi&lt;/b&gt;", False)]
    # The order of the fields says nothing.
    assert saved(signed_in, "?model=gpt-4o&q=Hello&order=-cost")[0] == ("&lt;b&gt;Hi&lt;/b&gt;", True)


def test_a_view_is_seen_by_its_owner_and_by_all_once_it_is_shared(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    other = make_user("bob")
    make_view(project, other, "Hidden")
    shared = make_view(project, other, "Shared", is_shared=True)
    assert saved(signed_in) == [("Shared", False)]
    other.delete()
    shared.refresh_from_db()
    assert shared.owner is None
    assert saved(signed_in) == [("Shared", False)]


@pytest.mark.parametrize(
    ("query", "current"),
    [
        ("", ["All"]),
        ("?range=7d", ["All"]),
        ("?q=status:error", ["Errors"]),
        ("?range=7d&q=status:error", ["Errors"]),
        ("?q=has:failed_tool", ["Failed tools"]),
        ("?order=-cost&from=2026-01-01", ["Most expensive"]),
        ("?order=-duration", ["Slowest"]),
        ("?q=status:error&order=-cost", []),
    ],
)
def test_everybody_has_some_views(signed_in: Client, project: Project, query: str, current: list[str]) -> None:
    make_session(project, "a")
    assert [name for name, is_current in chips(signed_in, query) if is_current] == current
    page = signed_in.get(f"/p/acme/sessions/{query}").content.decode()
    times = "range=7d" if "7d" in query else "from=2026-01-01" if "from" in query else ""
    assert f'href="/p/acme/sessions/?order=-cost{"&amp;" if times else ""}{times}"' in page


@pytest.mark.parametrize("action", ["", "edit/", "delete/"])
def test_views_of_others_are_not_found(signed_in: Client, project: Project, action: str) -> None:
    view = make_view(project, make_user("bob"))
    assert signed_in.get(f"/p/acme/views/{view.pk}/{action}").status_code == 404
    assert signed_in.get(f"/p/acme/views/{2**70}/{action}").status_code == 404


def test_sharing_needs_a_right_and_ending_it_does_not(project: Project, user: AbstractBaseUser, client: Client) -> None:
    client.force_login(user)
    fields = {"name": "Mine", "query": "", "is_shared": "on"}
    assert client.post(NEW, fields).status_code == 403
    grant(user, SHARE_VIEWS)
    assert client.post(NEW, fields).status_code == 302
    view = SavedView.objects.get()
    user.user_permissions.clear()
    assert client.post(f"/p/acme/views/{view.pk}/edit/", fields | {"name": "New name"}).status_code == 302
    assert client.post(f"/p/acme/views/{view.pk}/edit/", {"name": "New name"}).status_code == 302
    view.refresh_from_db()
    assert (view.name, view.is_shared) == ("New name", False)


def test_what_others_share_is_changed_by_those_with_the_right(project: Project) -> None:
    view = make_view(project, make_user("bob"), is_shared=True)
    for action in ("edit/", "delete/"):
        refused = person(f"plain-{action}").post(f"/p/acme/views/{view.pk}/{action}", {"name": "x"})
        assert refused.status_code == 403
        assert CHANGE_VIEWS.codename in refused.content.decode()
    keeper = person("keeper", CHANGE_VIEWS)
    make_session(project, "a")
    assert 'title="Shared by bob"' in keeper.get("/p/acme/sessions/").content.decode()
    assert "<bdi>Shared by bob</bdi>" in keeper.get(f"/p/acme/views/{view.pk}/edit/").content.decode()
    assert keeper.post(f"/p/acme/views/{view.pk}/edit/", {"name": "Ours", "is_shared": "on"}).status_code == 302
    assert keeper.post(f"/p/acme/views/{view.pk}/delete/").url == "/p/acme/sessions/"
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("fields", [{"name": ""}, {"name": "n" * 61}, {"name": "a", "query": "q" * 8_001}])
def test_bad_input_is_refused(signed_in: Client, project: Project, fields: dict[str, str]) -> None:
    assert signed_in.post(NEW, fields).status_code == 422
    assert not SavedView.objects.exists()


def test_views_go_with_their_project(project: Project, user: AbstractBaseUser) -> None:
    make_view(project, user)
    project.delete()
    assert not SavedView.objects.exists()
