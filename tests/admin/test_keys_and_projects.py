"""API keys, projects and the inbox in the admin site."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sessions_app.access.keys import create_key
from sessions_app.admin import projects as projects_admin
from sessions_app.ingest.accept import accept_body
from sessions_app.models import ApiKey, InboxEntry, ModelPrice, Project, RequestLog, SavedView, Session
from tests.admin.conftest import log

KEYS, PROJECTS, INBOX, PRICES = (
    f"/admin/sessions_app/{name}/" for name in ("apikey", "project", "inboxentry", "modelprice")
)


def act(site: Client, address: str, action: str, *rows: Any, **more: str) -> Any:
    return site.post(address, {"action": action, "_selected_action": [row.pk for row in rows], **more}, follow=True)


# --- keys -----------------------------------------------------------------------------------------------------------


def test_keys_are_listed_but_never_shown(site: Client, project: Project) -> None:
    row, secret = create_key(project, "ci", ["ingest"])

    for address in (KEYS, f"{KEYS}{row.pk}/change/", f"{KEYS}?q=ci"):
        text = site.get(address).content.decode()
        assert row.prefix in text
        assert secret not in text
        assert row.hash not in text


def test_list_of_keys_by_whether_they_are_revoked(site: Client, project: Project) -> None:
    for name in ("kept", "gone"):
        create_key(project, name, ["ingest"])
    ApiKey.objects.filter(name="gone").update(revoked_at=timezone.now())
    for value, shown in (("no", {"kept"}), ("yes", {"gone"}), ("odd", {"kept", "gone"})):
        page = site.get(f"{KEYS}?revoked={value}")
        assert {key.name for key in page.context["cl"].result_list} == shown


def test_revoke(site: Client, project: Project) -> None:
    row, secret = create_key(project, "ci", ["ingest", "read"])
    other, _ = create_key(project, "other", ["read"])
    api = Client(headers={"authorization": f"Bearer {secret}"})
    assert api.get("/api/v1/sessions").status_code == 200

    page = act(site, KEYS, "revoke", row)

    assert "Revoked 1 API key" in page.content.decode()
    assert api.get("/api/v1/sessions").status_code == 401
    revoked_at = ApiKey.objects.get(pk=row.pk).revoked_at
    act(site, KEYS, "revoke", row)
    assert ApiKey.objects.get(pk=row.pk).revoked_at == revoked_at
    assert ApiKey.objects.get(pk=other.pk).revoked_at is None


def test_keys_are_neither_made_nor_changed_here(site: Client, project: Project) -> None:
    row, _ = create_key(project, "ci", ["ingest"])

    assert site.get(f"{KEYS}add/").status_code == 403
    assert site.post(f"{KEYS}{row.pk}/change/", {"name": "x"}).status_code == 403


# --- projects -------------------------------------------------------------------------------------------------------


def test_project_is_added_and_renamed(site: Client) -> None:
    site.post(f"{PROJECTS}add/", {"slug": "staging", "name": "Staging"})
    row = Project.objects.get(slug="staging")
    key = row.key

    site.post(f"{PROJECTS}{row.pk}/change/", {"slug": "staging", "name": "Renamed"})

    row.refresh_from_db()
    assert (row.name, row.key) == ("Renamed", key)


def test_empty_project_is_deleted_with_its_keys(site: Client, project: Project) -> None:
    create_key(project, "ci", ["ingest"])

    site.post(f"{PROJECTS}{project.pk}/delete/", {"post": "yes"})

    assert not Project.objects.exists()
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("several", [False, True])
def test_project_with_logs_is_protected(
    site: Client, project: Project, store: Callable[..., None], several: bool
) -> None:
    store(log())

    if several:
        page = act(site, PROJECTS, "delete_selected", project, post="yes")
    else:
        page = site.post(f"{PROJECTS}{project.pk}/delete/", {"post": "yes"}, follow=True)

    assert "Delete with all sessions" in page.content.decode()
    assert Project.objects.exists()
    assert Session.objects.exists()


def test_delete_with_sessions_asks_and_then_deletes(site: Client, project: Project, store: Callable[..., None]) -> None:
    other = Project.objects.create(slug="other")
    store(log(), to=other)
    store(log(0), log(1), log(0, "s2"))
    create_key(project, "ci", ["ingest"])
    page = act(site, PROJECTS, "delete_with_sessions", project).content.decode()
    assert "2 sessions with 3 requests, 1 API key<" in page

    ModelPrice.objects.create(project=project, pattern="mine", valid_from="2026-01-01", input=1)
    SavedView.objects.create(project=project, name="Ours", is_shared=True)
    # As if spans had come.
    Session.objects.filter(session_key="s2").update(step_count=2)
    page = act(site, PROJECTS, "delete_with_sessions", project).content.decode()
    assert "2 sessions with 3 requests and 2 steps, 1 API key, 1 price, 1 saved view<" in page
    assert Project.objects.count() == 2

    page = act(site, PROJECTS, "delete_with_sessions", project, post="yes").content.decode()
    assert "Deleted 2 sessions and 3 requests" in page
    assert list(Project.objects.all()) == [other]
    assert not ModelPrice.objects.exists()
    assert not SavedView.objects.exists()
    assert Session.objects.get().project_id == other.pk
    assert RequestLog.objects.get().project_id == other.pk


def test_large_project_goes_in_steps(
    site: Client, project: Project, store: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects_admin, "MOST_SESSIONS_OF_PROJECT", 2)
    monkeypatch.setattr("sessions_app.storage.deletion.CHUNK_SESSIONS", 2)
    store(*(log(0, f"s{number}") for number in range(3)))

    page = act(site, PROJECTS, "delete_with_sessions", project, post="yes").content.decode()

    assert "Run the action again" in page
    assert Session.objects.count() == 1
    act(site, PROJECTS, "delete_with_sessions", project, post="yes")
    assert not Project.objects.exists()


def test_confirmation_holds_under_the_strict_policy(site: Client, project: Project) -> None:
    page = act(site, PROJECTS, "delete_with_sessions", project)

    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=\"|style=\"", page.content.decode())


# --- inbox ----------------------------------------------------------------------------------------------------------


def test_prices_have_the_digits_that_mean_something(site: Client, project: Project) -> None:
    price = ModelPrice.objects.create(
        project=project, pattern="mine-*", valid_from="2026-01-01", input="2.5", output="0.0000354", cache_write=120
    )

    listed = site.get(PRICES).content.decode()
    shown = site.get(f"{PRICES}{price.pk}/change/").content.decode()

    for page in (listed, shown):
        assert "$2.5<" in page
        assert "$0.0000354<" in page
        assert "00000000" not in page
    assert "$120<" in shown


def test_inbox_is_only_looked_at(site: Client, project: Project) -> None:
    accept_body(project.pk, "native", b'{"request": {}}')
    row = InboxEntry.objects.get()

    assert "default" in site.get(INBOX).content.decode()
    assert site.get(f"{INBOX}{row.pk}/change/").status_code == 200
    assert site.get(f"{INBOX}add/").status_code == 403
    assert site.post(f"{INBOX}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    act(site, INBOX, "delete_selected", row, post="yes")
    assert InboxEntry.objects.exists()
