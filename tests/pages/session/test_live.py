"""What an open page asks, and how a request that runs is shown."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client

from sessions_app.ingest import cleanup, corrections
from sessions_app.models import Project, RequestLog, Session
from sessions_app.queries import watching
from sessions_app.queries.live import Revision, revision_of
from tests.factories import make_log, make_project, make_session, store_logs


def address(session: Session, slug: str = "acme") -> str:
    return f"/p/{slug}/sessions/{session.pk}/live/"


def test_it_works(signed_in: Client, project: Project) -> None:
    session = make_session(project, "a")
    page = signed_in.get(f"/p/acme/sessions/{session.pk}/").content.decode()
    assert f'data-url="{address(session)}"' in page
    revision = re.search(r'data-revision="(\d+)"', page)[1]  # type: ignore[index]
    waits = signed_in.get(address(session), {"revision": revision, "wait": ""})
    assert waits.is_async  # type: ignore[attr-defined]
    store_logs(project, make_log("More", session_id="a"))
    found = signed_in.get(address(session), {"revision": revision, "wait": ""}).json()
    assert found == {"id": str(session.pk), "revision": found["revision"], "requests": 2, "steps": 0}
    assert found["revision"] > int(revision)


def test_a_session_that_is_gone_or_was_merged_says_so(signed_in: Client, project: Project) -> None:
    source, target = make_session(project, "a"), make_session(project, "b")
    corrections.merge_sessions(project, source.pk, target.pk, "alice")
    assert signed_in.get(address(source), {"revision": 1}).url == f"{address(target)}?revision=1"
    for path in (f"/p/acme/sessions/{uuid.uuid4()}/live/", address(make_session(make_project("other"), "a"))):
        assert signed_in.get(path).status_code == 404


def test_strangers_learn_nothing(client: Client, project: Project) -> None:
    session = make_session(project, "a")
    assert client.get(address(session)).status_code == 302
    assert client.get(address(session), headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_a_request_that_runs_is_shown_as_such(signed_in: Client, project: Project) -> None:
    def shown(age: timedelta, **members: object) -> str:
        log = make_log(started_at=datetime.now(UTC) - age, response=None, ended_at=None, **members)
        session = make_session(project, str(age), log)
        return signed_in.get(f"/p/acme/sessions/{session.pk}/").content.decode()

    page = shown(timedelta(minutes=5), status="running")
    assert 'data-state="live" aria-busy="true"' in page
    assert "Running. The answer is not there yet" in page
    assert 'id="live-status" hidden' not in page
    assert "<title>(running) " in page
    number = RequestLog.objects.get().pk
    for path in (f"/p/acme/requests/{number}/", "/p/acme/requests/"):
        assert "running" in signed_in.get(path).content.decode()
    page = shown(timedelta(hours=3), status="running")
    assert "aria-busy" not in page
    assert "<title>(running) " not in page
    assert "No end is known" in page
    session = Session.objects.earliest("first_at")
    for view in ("?dense=1", "?view=table", "?view=waterfall", "?dense=0"):
        page = signed_in.get(f"/p/acme/sessions/{session.pk}/{view}").content.decode()
        assert "no end is known" in page, view
        assert 'data-state="ok"' not in page
        assert 'vh">ok<' not in page
    page = shown(timedelta(minutes=4))
    assert "aria-busy" not in page
    assert "No answer was logged" in page
    assert 'id="live-status" hidden' in page


def test_what_contradicts_a_request_that_runs_may_be_its_end(signed_in: Client, project: Project) -> None:
    log = make_log(request_id="r", started_at=datetime.now(UTC), response=None, ended_at=None, status="running")
    session = make_session(project, "a", log)
    make_session(project, "a", log | {"status": "success", "model": "other", "response": {"choices": []}})
    for path in (f"sessions/{session.pk}/", f"requests/{RequestLog.objects.get().pk}/"):
        page = signed_in.get(f"/p/acme/{path}").content.decode()
        assert "What was reported again is not taken for its end" in page, path
        assert "The answer is not there yet" not in page, path


def test_a_clock_that_is_ahead_keeps_nothing_alive(signed_in: Client, project: Project) -> None:
    now = datetime.now(UTC)
    ahead = now + timedelta(hours=20)
    log = make_log(started_at=ahead, response=None, ended_at=None, status="running")
    session = make_session(project, "ahead", log)

    def pages() -> tuple[str, str, str]:
        paths = (f"/p/acme/sessions/{session.pk}/", "/p/acme/sessions/", "/p/acme/requests/")
        one, sessions, requests = (signed_in.get(path).content.decode() for path in paths)
        return one, sessions, requests

    one, sessions, requests = pages()
    assert 'aria-busy="true"' in one
    assert "A request is running" in sessions
    assert "running" in requests
    # It came two hours ago, by the server's clock.
    RequestLog.objects.update(received_at=now - timedelta(hours=2))
    Session.objects.update(revision=F("revision") + 1)
    one, sessions, requests = pages()
    assert "aria-busy" not in one
    assert 'id="live-status" hidden' in one
    assert "Active now, " not in sessions
    assert "A request is running" not in sessions
    assert "no end is known" in requests


def test_what_runs_has_run_until_now(signed_in: Client, project: Project) -> None:
    now = datetime.now(UTC)
    before = make_log(started_at=now - timedelta(seconds=90), session_id="a")
    runs = make_log(response=None, started_at=now - timedelta(seconds=30), ended_at=None, status="running")
    session = make_session(project, "a", before, runs | {"session_id": "a"})
    address = f"/p/acme/sessions/{session.pk}/"
    for query in ("", "?dense=1", "?view=table"):
        page = signed_in.get(address + query).content.decode()
        assert re.findall(r'data-began="(\d+)\.\d+">3\d\.\d\Ws<', page)[0] == str(int(now.timestamp() - 30))
    page = signed_in.get(f"{address}?view=waterfall").content.decode()
    x, width, rate = (
        float(re.search(pattern, page)[1])  # type: ignore[index]
        for pattern in (r'class="l" x="([\d.]+)%', r'class="l" x="[\d.]+%" width="([\d.]+)%', r'data-rate="([\d.]+)"')
    )
    # It ends now, and there is room for more.
    assert 75 < x + width < 85
    assert width == pytest.approx(30 * rate, rel=0.2)
    # An hour later it does not.
    RequestLog.objects.update(received_at=now - timedelta(hours=2))
    Session.objects.update(revision=F("revision") + 1)
    assert "data-began" not in signed_in.get(f"{address}?view=waterfall").content.decode()


def test_the_list_marks_what_is_active(signed_in: Client, project: Project) -> None:
    make_session(project, "old")
    make_session(project, "new", make_log(started_at=datetime.now(UTC)))
    page = signed_in.get("/p/acme/sessions/").content.decode()
    assert page.count("Active now, ") == 1
    assert "A request is running" not in page
    started = datetime.now(UTC)
    make_session(project, "runs", make_log(started_at=started, response=None, ended_at=None, status="running"))
    page = signed_in.get("/p/acme/sessions/").content.decode()
    assert page.count("Active now, ") == page.count("A request is running, ") == 1
    assert 'title="A request is running"' in page


@pytest.mark.django_db(transaction=True)
def test_the_answer_waits_for_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SECONDS_BETWEEN", 0.05)
    project = make_project()
    session = make_session(project, "a")

    async def asked(change: Callable[[], object], seconds: float = 25) -> tuple[Revision | None, float]:
        monkeypatch.setattr(watching, "HOLD_SECONDS", seconds)
        seen = await asyncio.to_thread(revision_of, project.pk, session.pk)
        assert seen is not None
        several = [asyncio.ensure_future(watching.watcher.changed(session.pk, seen)) for _ in range(3)]
        await asyncio.sleep(0.2)
        assert not any(one.done() for one in several)
        began = time.monotonic()
        await asyncio.to_thread(change)
        found = await asyncio.gather(*several)
        assert found[0] == found[1] == found[2]
        return found[0], time.monotonic() - began

    def close(change: Callable[[], object]) -> Callable[[], None]:
        def done() -> None:
            change()
            connection.close()

        return done

    async def all_of_it() -> None:
        found, seconds = await asked(close(lambda: store_logs(project, make_log("More", session_id="a"))))
        assert found is not None
        assert found.request_count == 2
        assert seconds < 20
        found, _ = await asked(lambda: None, 0.3)
        assert found is not None
        found, _ = await asked(close(lambda: cleanup.delete_sessions(project.pk, [session.pk])))
        assert found is None

    # The main thread has the event loop of the browser, if another test has begun one.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, all_of_it()).result()
    deadline = time.monotonic() + 10
    while watching.watcher.is_running and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not watching.watcher.is_running
