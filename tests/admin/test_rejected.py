"""Rejected logs in the admin site: read, correct, replay, delete."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_app.admin import rejected as admin_rejected
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import InboxEntry, Project, RejectedLog, RequestLog
from sessions_app.storage import inbox
from tests.admin.conftest import log

REJECTED = "/admin/sessions_app/rejectedlog/"


@pytest.fixture
def reject(project: Project) -> Callable[..., RejectedLog]:
    def make(body: Any, **changes: Any) -> RejectedLog:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        values = {
            "project_id": project.pk,
            "source": "native",
            "received_at": timezone.now(),
            "reason_type": "invalid_field",
            "reason": "cost must be a number",
            "field": "cost",
            "raw_bytes": len(raw),
            "body": inbox.pack(raw),
        }
        return RejectedLog.objects.create(**(values | changes))

    return make


def act(site: Client, action: str, *rows: RejectedLog, **more: str) -> Any:
    return site.post(REJECTED, {"action": action, "_selected_action": [row.pk for row in rows], **more}, follow=True)


def test_list(site: Client, reject: Callable[..., RejectedLog]) -> None:
    reject({"a": 1})
    reject({"b": 1}, reason="nested too deeply", reason_type="not_json", project_id=999)

    text = site.get(REJECTED).content.decode()
    assert text.index("nested too deeply") < text.index("cost must be a number")
    assert "(999, deleted)" in text
    assert len(site.get(f"{REJECTED}?reason_type=not_json").context["cl"].result_list) == 1
    assert len(site.get(f"{REJECTED}?q=DEEPLY").context["cl"].result_list) == 1
    assert len(site.get(f"{REJECTED}?q=nothing").context["cl"].result_list) == 0


@pytest.mark.parametrize("query", ["", "?reason_type=not_json", "?q=deeply", "?p=2"])
def test_list_reads_no_bodies_and_counts_nothing(site: Client, reject: Callable[..., RejectedLog], query: str) -> None:
    for number in range(3):
        reject({"a": number})

    with CaptureQueriesContext(connection) as captured:
        site.get(REJECTED + query)

    statements = [query["sql"] for query in captured if "rejected_log" in query["sql"]]
    assert statements
    assert not [statement for statement in statements if '"body"' in statement or "COUNT(" in statement]
    assert len(captured) <= 12


def test_log_is_read(site: Client, reject: Callable[..., RejectedLog]) -> None:
    row = reject({"request": {}, "cost": "<script>alert(1)</script>"})

    page = site.get(f"{REJECTED}{row.pk}/change/").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "cost must be a number" in page


@pytest.mark.parametrize(
    ("body", "limit", "beginning"),
    [(b"\xff\xfe{", 1000, "\ufffd\ufffd{"), (b'"' + b"x" * 5000 + b'"', 1000, '"xxx'), (b"a\x00b", 1000, "a\ufffdb")],
    ids=["no text", "large", "nul"],
)
def test_what_is_no_text_or_large_is_shown_in_part_and_downloaded(
    site: Client,
    reject: Callable[..., RejectedLog],
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    limit: int,
    beginning: str,
) -> None:
    monkeypatch.setattr(admin_rejected, "MOST_EDITED_BYTES", limit)
    row = reject(body)

    page = site.get(f"{REJECTED}{row.pk}/change/").content.decode()
    assert "<textarea" not in page
    assert beginning.replace('"', "&quot;") in page
    download = site.get(f"{REJECTED}{row.pk}/body/")
    assert download.content == body
    assert download.headers["Content-Type"] == "application/octet-stream"
    assert "attachment" in download.headers["Content-Disposition"]
    assert site.post(f"{REJECTED}{row.pk}/change/", {"_save": "Save"}, follow=True).status_code == 200
    assert inbox.unpack(RejectedLog.objects.get().body) == body


def test_download_of_nothing_404(site: Client) -> None:
    assert site.get(f"{REJECTED}12345/body/").status_code == 404


def test_download_only_for_staff(reject: Callable[..., RejectedLog], client: Client) -> None:
    assert client.get(f"{REJECTED}{reject({}).pk}/body/").status_code == 302


def test_replay_puts_it_back_into_the_inbox(site: Client, reject: Callable[..., RejectedLog], project: Project) -> None:
    row = reject(log(7))

    page = act(site, "replay_selected", row)

    assert "Sent 1 log to the inbox again" in page.content.decode()
    assert not RejectedLog.objects.exists()
    assert InboxEntry.objects.get().project_id == project.pk
    digest_until_empty()
    assert RequestLog.objects.get().request_id == "s1-7"


def test_what_is_still_wrong_comes_back(site: Client, reject: Callable[..., RejectedLog]) -> None:
    row = reject({"request": {}, "cost": []})

    act(site, "replay_selected", row)
    digest_until_empty()

    again = RejectedLog.objects.get()
    assert again.pk != row.pk
    assert again.field == "cost"


def test_replay_when_the_inbox_is_full(
    site: Client, reject: Callable[..., RejectedLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = reject(log())
    monkeypatch.setattr(inbox, "_refuse_when_full", lambda project_id: (_ for _ in ()).throw(inbox.InboxFull))

    page = act(site, "replay_selected", row)

    assert "The inbox is full" in page.content.decode()
    assert RejectedLog.objects.get().pk == row.pk


def test_correct_and_replay(site: Client, reject: Callable[..., RejectedLog]) -> None:
    row = reject(log(7, cost="much"))
    address = f"{REJECTED}{row.pk}/change/"
    assert re.search(r'<textarea[^>]*name="body_text"', site.get(address).content.decode())

    page = site.post(address, {"body_text": json.dumps(log(7, cost=1)), "_replay": "1"}, follow=True)

    assert "Sent 1 log to the inbox again" in page.content.decode()
    digest_until_empty()
    assert RequestLog.objects.get().cost == 1
    assert not RejectedLog.objects.exists()


def test_save_keeps_the_correction(site: Client, reject: Callable[..., RejectedLog]) -> None:
    row = reject({"a": 1})

    site.post(f"{REJECTED}{row.pk}/change/", {"body_text": ' {"a": "é"}\r\n', "_save": "1"})

    row.refresh_from_db()
    assert inbox.unpack(row.body) == ' {"a": "é"}\r\n'.encode()
    assert row.raw_bytes == len(inbox.unpack(row.body))
    assert row.reason == "cost must be a number"


def test_delete(site: Client, reject: Callable[..., RejectedLog]) -> None:
    kept, first, second = reject({}), reject({}), reject({})

    act(site, "delete_selected", first, post="yes")
    site.post(f"{REJECTED}{second.pk}/delete/", {"post": "yes"})

    assert list(RejectedLog.objects.all()) == [kept]
