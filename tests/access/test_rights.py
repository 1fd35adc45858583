"""Who may change what: a rule for every address that takes more than GET, found from the URLs themselves."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from sessions_app.access.keys import SCOPES, create_key
from sessions_app.access.rights import (
    CHANGE_PRICES,
    CHANGE_PROJECTS,
    CORRECT_SESSIONS,
    DELETE_SESSIONS,
    DISMISS_FINDINGS,
    MAKE_KEYS,
    MAKE_PROJECTS,
    REVOKE_KEYS,
    SCOPE_RIGHTS,
    TAG_SESSIONS,
    Right,
    RightMissing,
)
from sessions_app.ingest.accept import accept_body
from sessions_app.models import ApiKey, Project, RejectedLog, Session
from tests.factories import grant, make_session, make_user

METHODS = ("POST", "PUT", "PATCH", "DELETE")
# Changes nothing but one's own session, password or cookie.
OWN = "own"
IN_PROJECT = "p/<slug:slug>/"
RULES: dict[tuple[str, str], str | Right] = {
    ("login/", "POST"): OWN,
    ("logout/", "POST"): OWN,
    ("sign-in/<str:token>/", "POST"): OWN,
    ("account/password/", "POST"): OWN,
    ("theme/", "POST"): OWN,
    ("projects/new/", "POST"): MAKE_PROJECTS,
    (f"{IN_PROJECT}bulk/tag/", "POST"): TAG_SESSIONS,
    (f"{IN_PROJECT}bulk/untag/", "POST"): TAG_SESSIONS,
    (f"{IN_PROJECT}bulk/delete/", "POST"): DELETE_SESSIONS,
    # Who may read may download.
    (f"{IN_PROJECT}bulk/download/", "POST"): OWN,
    # Only whoever asked for an action; its right is checked at each step: tests/pages/bulk.
    (f"{IN_PROJECT}bulk/<uuid:action_id>/step/", "POST"): OWN,
    (f"{IN_PROJECT}bulk/<uuid:action_id>/stop/", "POST"): OWN,
    # Views of one's own. Those of others: tests/pages/sessions/test_saved_views.py.
    (f"{IN_PROJECT}views/new/", "POST"): OWN,
    (f"{IN_PROJECT}views/<int:view_id>/edit/", "POST"): OWN,
    (f"{IN_PROJECT}views/<int:view_id>/delete/", "POST"): OWN,
    (f"{IN_PROJECT}start/", "POST"): MAKE_KEYS,
    (f"{IN_PROJECT}settings/keys/", "POST"): MAKE_KEYS,
    (f"{IN_PROJECT}settings/keys/<int:key_id>/revoke/", "POST"): REVOKE_KEYS,
    (f"{IN_PROJECT}settings/prices/", "POST"): CHANGE_PRICES,
    (f"{IN_PROJECT}settings/traces/", "POST"): CHANGE_PROJECTS,
    (f"{IN_PROJECT}sessions/<uuid:session_id>/tags/", "POST"): TAG_SESSIONS,
    (f"{IN_PROJECT}sessions/<uuid:session_id>/findings/", "POST"): DISMISS_FINDINGS,
    (f"{IN_PROJECT}sessions/<uuid:session_id>/name/", "POST"): CORRECT_SESSIONS,
    (f"{IN_PROJECT}sessions/<uuid:session_id>/correct/", "POST"): CORRECT_SESSIONS,
    (f"{IN_PROJECT}sessions/<uuid:session_id>/correct/move/", "POST"): CORRECT_SESSIONS,
    (f"{IN_PROJECT}sessions/<uuid:session_id>/correct/merge/", "POST"): CORRECT_SESSIONS,
    (f"{IN_PROJECT}requests/<uuid:request_id>/split/", "POST"): CORRECT_SESSIONS,
    (f"{IN_PROJECT}corrections/<int:correction_id>/undo/", "POST"): CORRECT_SESSIONS,
    # Scopes of keys: a signed-in user needs the right of SCOPE_RIGHTS, and may not write logs.
    ("api/v1/logs", "POST"): "ingest",
    ("api/v1/litellm", "POST"): "ingest",
    ("v1/traces", "POST"): "ingest",
    ("v1/logs", "POST"): "ingest",
    ("v1/metrics", "POST"): "ingest",
    ("api/public/otel/v1/traces", "POST"): "ingest",
    ("api/v1/sessions/<str:session_id>", "DELETE"): "delete",
    ("api/v1/sessions/<str:session_id>", "PATCH"): "correct",
    ("api/v1/corrections", "POST"): "correct",
    ("api/v1/corrections/<str:correction_id>", "DELETE"): "correct",
}
SAMPLES = {"slug": "acme", "which": "request"} | {
    name: str(uuid.uuid4()) for name in ("session_id", "request_id", "copy_id", "action_id")
}
# The site's own pages that answer a form as they answer GET, or are about nobody but who sent it.
HARMLESS_IN_ADMIN = {"index", "login", "logout", "password_change", "password_change_done", "jsi18n", "view_on_site"}
READING_IN_ADMIN = ("_history", "_body")


def routes(patterns: list[Any], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, before + str(pattern.pattern))
        else:
            yield before + str(pattern.pattern), pattern


def address_of(route: str) -> str:
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: SAMPLES.get(match[1], "1"), route)


ROUTES = dict(routes(get_resolver().url_patterns))
OURS = [route for route in ROUTES if not route.startswith("admin/") and not route.startswith("^")]
ADMIN = [route for route in ROUTES if route.startswith("admin/") and "(?P" not in route]


def browser(user: Any = None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def program(project: Project, *scopes: str) -> Client:
    return Client(headers={"authorization": f"Bearer {create_key(project, 'k', list(scopes))[1]}"})


def is_allowed(response: Any) -> bool:
    return response.status_code not in (401, 403) and not response.headers.get("Location", "").startswith("/login/?")


# --- pages and API --------------------------------------------------------------------------------------------------


def test_every_address_that_changes_something_has_a_rule(project: Project) -> None:
    found = set()
    for route in OURS:
        for method in METHODS:
            callers = (browser(User.objects.create_superuser(str(uuid.uuid4()))), program(project, *SCOPES))
            if any(caller.generic(method, address_of(route)).status_code not in (401, 405) for caller in callers):
                found.add((route, method))
    assert found == set(RULES)


@pytest.mark.parametrize(("route", "method"), [entry for entry, rule in RULES.items() if rule != OWN])
def test_only_those_with_the_right_may(project: Project, route: str, method: str) -> None:
    rule = RULES[route, method]
    wanted = rule if isinstance(rule, Right) else SCOPE_RIGHTS.get(rule)
    people = {right: make_user(right.codename, right) for right in {*SCOPE_RIGHTS.values(), *page_rights()}}
    callers = [
        (browser(), False),
        (browser(make_user("plain")), False),
        (browser(make_user("former", *filter(None, [wanted]), is_active=False)), False),
        *((browser(user), right == wanted) for right, user in people.items()),
        *((program(project, scope), scope == rule) for scope in SCOPES),
    ]
    for number, (caller, may) in enumerate(callers):
        response = caller.generic(method, address_of(route))
        assert is_allowed(response) == may, (number, response.status_code)


def page_rights() -> set[Right]:
    return {rule for rule in RULES.values() if isinstance(rule, Right)}


@pytest.mark.parametrize("route", [route for (route, _), rule in RULES.items() if isinstance(rule, Right)])
def test_page_names_the_permission_and_who_gives_it(project: Project, route: str) -> None:
    rule = RULES[route, "POST"]
    assert isinstance(rule, Right)
    response = browser(make_user("plain")).post(address_of(route))
    assert response.status_code == 403
    page = response.content.decode()
    assert f"“{rule.label}” (sessions_app.{rule.codename})" in page
    assert "An administrator can grant it" in page
    assert Permission.objects.get(codename=rule.codename, content_type__app_label="sessions_app").name == rule.label


def test_rights_come_from_groups_too(project: Project) -> None:
    user, group = make_user("ann"), Group.objects.create(name="makers")
    group.permissions.add(Permission.objects.get(codename=MAKE_PROJECTS.codename))
    user.groups.add(group)
    assert browser(user).post("/projects/new/", {"name": "New"}).url == "/p/new/start/"
    assert browser(user).post("/p/acme/start/").status_code == 403


# --- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPE_RIGHTS)
def test_nobody_gives_a_key_a_right_that_they_lack(project: Project, scope: str) -> None:
    maker = make_user("ann", MAKE_KEYS)
    with pytest.raises(RightMissing):
        create_key(project, "k", ["read", scope], maker)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(("scope", "method"), [("delete", "delete"), ("correct", "delete"), ("correct", "post")])
def test_key_loses_what_its_maker_loses(project: Project, scope: str, method: str) -> None:
    right = SCOPE_RIGHTS[scope]
    maker = make_user("ann", MAKE_KEYS, right)
    key = Client(headers={"authorization": f"Bearer {create_key(project, 'k', ['read', scope], maker)[1]}"})
    path = f"/api/v1/sessions/{uuid.uuid4()}" if scope == "delete" else "/api/v1/corrections"
    path += "/1" if (scope, method) == ("correct", "delete") else ""
    send = getattr(key, method)
    assert send(path).status_code in (400, 404)

    maker.user_permissions.clear()
    refused = send(path)
    assert (refused.status_code, refused.json()["error"]["type"]) == (403, "missing_permission")
    assert right.codename in refused.json()["error"]["message"]
    assert key.get("/api/v1/sessions").status_code == 200


@pytest.mark.parametrize("is_deleted", [False, True])
def test_key_of_who_left_may_only_write(project: Project, is_deleted: bool) -> None:
    maker = User.objects.create_superuser("ann")
    key = Client(headers={"authorization": f"Bearer {create_key(project, 'k', list(SCOPES), maker)[1]}"})
    assert key.get("/api/v1/sessions").status_code == 200

    if is_deleted:
        maker.delete()
    else:
        User.objects.update(is_active=False)
    for response in (key.get("/api/v1/sessions"), key.delete(f"/api/v1/sessions/{uuid.uuid4()}")):
        assert (response.status_code, response.json()["error"]["type"]) == (403, "maker_inactive")
    assert key.post("/api/v1/logs", {"request": {}}, content_type="application/json").status_code == 202


# --- the admin site -------------------------------------------------------------------------------------------------


def staff(*names: str) -> Client:
    """A staff user who is no superuser, with these permissions."""
    user = make_user("staff", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return browser(user)


def all_but(*actions: str) -> list[str]:
    return [name for name in Permission.objects.values_list("codename", flat=True) if not name.startswith(actions)]


@pytest.mark.parametrize("route", ADMIN)
def test_staff_without_permissions_change_nothing(project: Project, route: str) -> None:
    name = ROUTES[route].name or ""
    if name in HARMLESS_IN_ADMIN or name.endswith(READING_IN_ADMIN):
        return
    site = staff()
    for method in METHODS:
        status = site.generic(method, address_of(route)).status_code
        # The old address of a change page leads to the present one.
        assert status in (403, 405) or (status == 302 and name == ""), (method, status)


@pytest.fixture
def stored(project: Project) -> dict[type, Any]:
    """A row of each kind that the admin site lists."""
    session = make_session(project, "a")
    accept_body(project.pk, "native", b'{"request": {}}')
    rejected = RejectedLog.objects.create(
        project_id=project.pk, source="native", received_at=session.first_at, reason="", raw_bytes=2, body=b""
    )
    key, _ = create_key(project, "k", ["read"])
    return {Project: project, Session: session, ApiKey: key, RejectedLog: rejected}


def test_staff_who_may_look_do_no_more(stored: dict[type, Any]) -> None:
    site = staff(*all_but("add", "change", "delete"))
    before = [list(model.objects.values()) for model in stored]
    for model, row in stored.items():
        listed = f"/admin/sessions_app/{model._meta.model_name}/"
        assert site.get(listed).status_code == 200
        for action in ("delete_selected", *admin.site._registry[model].actions):
            form = {"action": action, "_selected_action": [row.pk], "post": "yes"}
            assert site.post(listed, form).status_code == 403, (listed, action)
        for page in ("add/", f"{row.pk}/delete/", f"{row.pk}/change/"):
            response = site.post(listed + page, {"post": "yes", "slug": "x", "body_text": "{}", "_replay": "1"})
            assert response.status_code == 403, (listed, page)
    assert [list(model.objects.values()) for model in stored] == before


def test_admin_site_names_the_permission(stored: dict[type, Any]) -> None:
    site = staff(*all_but("delete"))
    response = site.post(f"/admin/sessions_app/session/{stored[Session].pk}/delete/", {"post": "yes"})
    assert response.status_code == 403
    assert "sessions_app.delete_session" in response.content.decode()
    page = site.get(f"/admin/sessions_app/session/{stored[Session].pk}/change/").content.decode()
    assert "/delete/" not in page


def test_project_with_sessions_takes_the_right_to_delete_both(stored: dict[type, Any]) -> None:
    site = staff("view_project", "delete_project")
    form = {"action": "delete_with_sessions", "_selected_action": [stored[Project].pk], "post": "yes"}
    assert site.post("/admin/sessions_app/project/", form).status_code == 403
    grant(User.objects.get(username="staff"), DELETE_SESSIONS)
    assert site.post("/admin/sessions_app/project/", form).status_code == 302
    assert not Project.objects.exists()


@pytest.mark.parametrize("what", ["user", "group"])
def test_nobody_makes_themselves_a_superuser(db: None, what: str) -> None:
    group = Group.objects.create(name="team")
    site = staff(*all_but())
    user = User.objects.get(username="staff")
    group.user_set.add(user)
    root = User.objects.create_superuser("root", password="x")
    targets = [user.pk, root.pk] if what == "user" else [group.pk]
    everything = list(Permission.objects.values_list("pk", flat=True))
    form = {"username": "staff", "name": "team", "is_superuser": "on", "user_permissions": everything}
    form |= {"permissions": everything, "password1": "new long words", "password2": "new long words"}
    ways = ("change", "delete", "password") if what == "user" else ("change", "delete")
    for page in ["add/", *(f"{pk}/{way}/" for pk in targets for way in ways)]:
        assert site.post(f"/admin/auth/{what}/{page}", form | {"post": "yes"}).status_code == 403, page
    for pk in targets:
        site.post(f"/admin/auth/{what}/", {"action": "delete_selected", "_selected_action": [pk], "post": "yes"})
    user.refresh_from_db()
    assert not user.is_superuser
    assert User.objects.count() == 2
    assert not Group.objects.get().permissions.exists()


def test_superuser_changes_users(db: None) -> None:
    site, user = browser(User.objects.create_superuser("root")), make_user("ann")
    assert site.get(f"/admin/auth/user/{user.pk}/change/").status_code == 200
    assert site.post("/admin/auth/group/add/", {"name": "team"}).status_code == 302
    assert Group.objects.exists()


# --- keys from before their makers were known -----------------------------------------------------------------------


def test_migration_gives_no_key_more_than_it_had(project: Project) -> None:
    migration = import_module("sessions_app.migrations.0006_accounts")
    ann = make_user("ann")
    for name in ("ann", "gone", ""):
        key, _ = create_key(project, name, ["correct", "read"])
        ApiKey.objects.filter(pk=key.pk).update(created_by=name)
    with connection.schema_editor() as editor:
        migration.name_makers(None, editor)
    rows = {key.created_by: (key.maker_id, key.scopes) for key in ApiKey.objects.all()}
    assert rows == {
        "ann": (ann.pk, ["correct", "read"]),
        # Nobody's right to correct can be asked for.
        "gone": (None, ["read"]),
        "": (None, ["correct", "read"]),
    }
