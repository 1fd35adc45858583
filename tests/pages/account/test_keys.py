"""API keys: made, shown once, revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from django.utils import timezone

from sessions_app.access.keys import create_key, hash_secret
from sessions_app.access.rights import CORRECT_SESSIONS, DELETE_SESSIONS, MAKE_KEYS, REVOKE_KEYS, Right
from sessions_app.models import ApiKey, Project
from tests.factories import grant, make_project, make_user

ADDRESS = "/p/acme/settings/keys/"


@pytest.fixture
def user(db: None) -> AbstractBaseUser:
    return make_user("alice", MAKE_KEYS, REVOKE_KEYS)


def make(client: Client, **form: object) -> str:
    return client.post(ADDRESS, {"name": "ci", "scopes": ["ingest"]} | form).content.decode()


def test_it_works(signed_in: Client, project: Project) -> None:
    page = make(signed_in, name="ci <b>", scopes=["ingest", "read"])
    secret = re.search(r'<code id="secret">(lsk_[\w-]+)</code>', page)
    assert secret
    key = ApiKey.objects.get(hash=hash_secret(secret[1]))
    assert (key.project, key.name, key.scopes, key.created_by) == (project, "ci <b>", ["ingest", "read"], "alice")
    assert "ci &lt;b&gt;" in page


@pytest.mark.parametrize(("scope", "right"), [("correct", CORRECT_SESSIONS), ("delete", DELETE_SESSIONS)])
def test_key_may_no_more_than_its_maker(
    signed_in: Client, user: AbstractBaseUser, project: Project, scope: str, right: Right
) -> None:
    box = f'name="scopes" value="{scope}"'
    assert box not in signed_in.get(ADDRESS).content.decode()
    refused = signed_in.post(ADDRESS, {"name": "ci", "scopes": ["read", scope]})
    assert refused.status_code == 403
    assert f"sessions_app.{right.codename}" in refused.content.decode()
    assert not ApiKey.objects.exists()
    grant(user, right)
    assert box in signed_in.get(ADDRESS).content.decode()
    page = make(signed_in, scopes=["read", scope])
    key = ApiKey.objects.get()
    assert (key.scopes, key.maker) == (sorted(["read", scope]), user)
    assert f"{scope}, read" in page or f"read, {scope}" in page


def test_nothing_is_offered_that_would_be_refused(client: Client, project: Project) -> None:
    create_key(project, "theirs", ["read"])
    client.force_login(make_user("bob"))
    page = client.get(ADDRESS).content.decode()
    assert "theirs" in page
    assert "Create key" not in page
    assert "Revoke…" not in page
    assert "Can add API key" in page
    assert "Create a key" not in client.get("/p/acme/start/").content.decode()


def test_key_is_shown_once(signed_in: Client, project: Project) -> None:
    response = signed_in.post(ADDRESS, {"name": "ci", "scopes": ["ingest"]})
    assert response.headers["Cache-Control"] == "no-store"
    page = signed_in.get(ADDRESS).content.decode()
    assert 'id="secret"' not in page
    assert not re.search(r"lsk_[\w-]{20}", page)


@pytest.mark.parametrize("form", [{"name": ""}, {"scopes": []}, {"scopes": ["admin"]}, {"name": "x" * 121}])
def test_what_can_not_be_is_refused(signed_in: Client, project: Project, form: dict[str, object]) -> None:
    response = signed_in.post(ADDRESS, {"name": "ci", "scopes": ["ingest"]} | form)
    assert response.status_code == 422
    assert 'class="error"' in response.content.decode()
    assert not ApiKey.objects.exists()


def test_list_says_when_each_was_used(signed_in: Client, project: Project) -> None:
    create_key(project, "idle", ["read"])
    create_key(project, "busy", ["ingest"])
    ApiKey.objects.filter(name="busy").update(last_used_at=timezone.now() - timedelta(minutes=3))
    page = signed_in.get(ADDRESS).content.decode()
    assert "never" in page
    assert "3\N{NARROW NO-BREAK SPACE}m ago" in page


def test_keys_of_other_projects_are_not_listed(signed_in: Client, project: Project) -> None:
    create_key(make_project("other"), "theirs", ["read"])
    assert "theirs" not in signed_in.get(ADDRESS).content.decode()


def test_revoking_asks_first(signed_in: Client, project: Project) -> None:
    key, _ = create_key(project, "old", ["read"])
    page = signed_in.get(f"{ADDRESS}{key.pk}/revoke/")
    assert "Revoke “<bdi>old</bdi>”?" in page.content.decode()
    key.refresh_from_db()
    assert key.revoked_at is None


def test_revoking_twice_keeps_the_first_time(signed_in: Client, project: Project) -> None:
    key, _ = create_key(project, "old", ["read"])
    assert signed_in.post(f"{ADDRESS}{key.pk}/revoke/").url == ADDRESS
    key.refresh_from_db()
    first = key.revoked_at
    assert first is not None
    signed_in.post(f"{ADDRESS}{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.revoked_at == first
    assert "revoked" in signed_in.get(ADDRESS).content.decode()


def test_keys_of_other_projects_can_not_be_revoked(signed_in: Client, project: Project) -> None:
    key, _ = create_key(make_project("other"), "theirs", ["read"])
    assert signed_in.post(f"{ADDRESS}{key.pk}/revoke/").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None
