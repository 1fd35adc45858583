"""What belongs to one project has no address in another, and what belongs to one person none for others."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from sessions_app.access.keys import create_key
from sessions_app.content.packed_digests import unpack_digests
from sessions_app.ingest import corrections
from sessions_app.models import (
    ApiKey,
    BulkAction,
    ContradictingCopy,
    Correction,
    RequestLog,
    SavedView,
    Session,
)
from sessions_app.pages.urls import urlpatterns
from tests.factories import make_log, make_project, make_session, make_user, store_logs

pytestmark = pytest.mark.django_db
# What else an address names.
OTHERS = {"path": "0", "which": "request", "trace_id": "a"}
NAMED = [
    pattern.name
    for pattern in urlpatterns
    if any(name.endswith("_id") for name in pattern.pattern.converters) and "slug" in pattern.pattern.converters
]


@pytest.fixture
def ids() -> dict[str, Any]:
    """One of everything, in the project `other`."""
    other, owner = make_project("other"), make_user("owner")
    make_session(other, "a", make_log("secret", request_id="r1"), make_log("two"))
    store_logs(other, make_log("something else", request_id="r1", session_id="a"))
    request = RequestLog.objects.get(request_id="r1")
    correction = corrections.move_requests(other, [request.pk], None, "alice")
    request = RequestLog.objects.get(request_id="r1")
    action = BulkAction.objects.create(
        project=other, kind=BulkAction.DOWNLOAD, user=owner, query="", made_at=correction.made_at
    )
    return {
        "session_id": request.session_id,
        "request_id": request.pk,
        "copy_id": ContradictingCopy.objects.get().pk,
        "correction_id": correction.pk,
        "action_id": action.pk,
        "view_id": SavedView.objects.create(project=other, owner=owner, name="mine", query="q=x").pk,
        "digest": unpack_digests(bytes(request.input_parts), {})[0].hex(),
        "key_id": create_key(other, "k", ["read"])[0].pk,
    }


def addresses(slug: str, ids: dict[str, Any]) -> list[str]:
    found = []
    for pattern in urlpatterns:
        if pattern.name in NAMED:
            names = pattern.pattern.converters
            found.append(reverse(pattern.name, kwargs={name: (ids | OTHERS | {"slug": slug})[name] for name in names}))
    return found


def test_nothing_of_another_project_has_an_address(client: Client, ids: dict[str, Any]) -> None:
    make_project("acme")
    root = get_user_model().objects.create_superuser("root")
    client.force_login(root)
    counts = {model: model.objects.count() for model in (Session, RequestLog, Correction, SavedView, ApiKey)}
    shown = {}
    for address in addresses("acme", ids):
        for answer in (client.get(address, follow=True), client.post(address, {"name": "x", "confirm": "1"})):
            if answer.status_code not in (404, 405):
                shown[address] = answer.status_code
    assert not shown
    there = [client.get(address, follow=True).status_code for address in addresses("other", ids)]
    assert there.count(200) > len(there) / 2
    assert counts == {model: model.objects.count() for model in counts}


def test_what_one_person_chose_is_not_for_others(client: Client, ids: dict[str, Any]) -> None:
    client.force_login(get_user_model().objects.create_superuser("root"))
    for name in ("view", "view_edit", "view_delete"):
        assert client.get(reverse(name, args=["other", ids["view_id"]])).status_code == 404
    for name in ("bulk_action", "bulk_step", "bulk_stop"):
        address = reverse(name, args=["other", ids["action_id"]])
        assert {client.get(address).status_code, client.post(address).status_code} <= {404, 405}
    assert client.get(f"/api/v1/sessions.jsonl?project=other&action={ids['action_id']}").status_code == 404
    assert "mine" not in client.get("/p/other/sessions/").content.decode()
