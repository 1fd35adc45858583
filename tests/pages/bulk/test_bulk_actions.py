"""Actions on chosen sessions and on everything that matches: asked for, worked off in steps, stopped, resumed."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from django.utils import timezone

from sessions_app.access.rights import DELETE_SESSIONS, TAG_SESSIONS
from sessions_app.ingest.cleanup import forget_bulk_actions
from sessions_app.models import BulkAction, Project, Session
from sessions_app.pages.bulk import steps
from sessions_app.queries.search import walk
from sessions_app.queries.search.walk import Walk
from tests.factories import grant, make_log, make_project, make_session, make_user


@pytest.fixture
def client(client: Client, user: AbstractBaseUser) -> Client:
    grant(user, TAG_SESSIONS, DELETE_SESSIONS)
    client.force_login(user)
    return client


def ask(client: Client, kind: str, *sessions: Session, **fields: Any) -> BulkAction:
    response = client.post(f"/p/acme/bulk/{kind}/", {"pick": [str(one.pk) for one in sessions], **fields})
    assert response.status_code == 302, response.content
    return BulkAction.objects.get(pk=response.url.split("/")[-2])


def step(client: Client, action: BulkAction) -> str:
    response = client.post(f"/p/acme/bulk/{action.pk}/step/", follow=True)
    assert [address for address, _ in response.redirect_chain] == [f"/p/acme/bulk/{action.pk}/"]
    action.refresh_from_db()
    return " ".join(response.content.decode().split())


def tags_of(*sessions: Session) -> list[list[str]]:
    return [Session.objects.get(pk=one.pk).tags for one in sessions]


def test_it_works(client: Client, project: Project) -> None:
    one, two, three = (make_session(project, name) for name in "abc")
    listed = client.get("/p/acme/sessions/?model=gpt-4o").content.decode()
    assert f'name="pick" form="bulk" value="{one.pk}"' in listed
    assert '<input type="hidden" name="query" value="?q=model%3Agpt-4o">' in listed
    action = ask(client, "tag", one, two, tag=" good ")
    page = client.get(f"/p/acme/bulk/{action.pk}/").content.decode()
    assert f'hx-post="/p/acme/bulk/{action.pk}/step/"' in page
    assert "Done: 2 sessions." in step(client, action)
    assert tags_of(one, two, three) == [["good"], ["good"], []]
    assert action.state == BulkAction.DONE


def test_everything_that_matches_is_the_filter_and_asks_first(client: Client, project: Project) -> None:
    chosen = [make_session(project, f"a{n}", user="ann") for n in range(3)]
    other = make_session(project, "b", user="bob")
    action = ask(client, "tag", tag="t", everything="1", query="?user=ann")
    assert action.state == BulkAction.ASKED
    assert action.session_ids is None
    assert action.survey["sessions"] == 3
    step(client, action)
    assert tags_of(*chosen, other) == [["t"], ["t"], ["t"], []]


def test_those_that_begin_in_the_future_are_named(client: Client, project: Project) -> None:
    make_session(project, "a")
    ahead = [make_session(project, f"b{n}", started_at=timezone.now() + timedelta(hours=5)) for n in range(2)]
    action = ask(client, "tag", tag="t", everything="1")
    page = " ".join(client.get(f"/p/acme/bulk/{action.pk}/").content.decode().split())
    assert "matched the list: 1 session with" in page
    assert "are not touched: 2 of those that match" in page
    assert "Done: 1 session." in step(client, action)
    assert tags_of(*ahead) == [[], []]


def test_long_filters_are_not_cut(client: Client, project: Project) -> None:
    make_session(project, "a")
    query = f"?q={quote('-' + '京' * 950)}&user=nobody"
    assert len(query) > 8_000
    assert ask(client, "delete", everything="1", query=query).survey["sessions"] == 0
    refused = client.post("/p/acme/bulk/delete/", {"everything": "1", "query": f"?q={'x' * 60_000}"}, follow=True)
    assert "The list&#x27;s filters are too long." in refused.content.decode()
    assert BulkAction.objects.count() == 1


def test_a_selection_is_done_whole_or_refused(client: Client, project: Project) -> None:
    picked = [str(uuid.UUID(int=number)) for number in range(1, 1_003)]
    response = client.post("/p/acme/bulk/download/", {"pick": picked})
    assert response.status_code == 400
    assert not BulkAction.objects.exists()
    client.post("/p/acme/bulk/download/", {"pick": picked[:1_000]})
    assert len(BulkAction.objects.get().session_ids or ()) == 1_000


def test_a_deletion_shows_what_it_removes_and_what_it_removed(client: Client, project: Project) -> None:
    sessions = [make_session(project, name) for name in "abc"]
    action = ask(client, "delete", *sessions[:2])
    page = " ".join(client.get(f"/p/acme/bulk/{action.pk}/").content.decode().split())
    assert "2 sessions with 2 requests" in page
    assert Session.objects.count() == 3
    done = step(client, action)
    assert "Done: 2 sessions. 2 requests and" in done
    assert [session.pk for session in Session.objects.all()] == [sessions[2].pk]
    # The same once more, as after a reload: nothing changes.
    step(client, action)
    assert action.receipt["sessions"] == 2
    assert action.receipt["bytes"] == pytest.approx(action.survey["bytes"], rel=0.02)


def test_steps_go_on_where_the_last_one_ended(
    client: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "CHUNK_SESSIONS", 2)
    monkeypatch.setattr(steps, "STEP_SECONDS", 0)
    sessions = [make_session(project, f"s{n}") for n in range(5)]
    for fields in ({"pick": [str(one.pk) for one in sessions]}, {"everything": "1"}):
        action = ask(client, "tag", tag="t", **fields)
        seen = []
        while not seen or seen[-1] < 5:
            step(client, action)
            seen.append(action.done)
        assert seen == [2, 4, 5]
        assert action.state == BulkAction.DONE


def test_a_stopped_action_does_no_more(client: Client, project: Project) -> None:
    session = make_session(project, "a")
    action = ask(client, "tag", session, tag="t")
    assert client.post(f"/p/acme/bulk/{action.pk}/stop/").status_code == 302
    assert "Stopped: 0 sessions." in step(client, action)
    assert tags_of(session) == [[]]


def test_two_steps_do_not_run_at_once_and_a_dead_one_is_taken_over(client: Client, project: Project) -> None:
    session = make_session(project, "a")
    action = ask(client, "tag", session, tag="t")
    BulkAction.objects.update(leased_until=timezone.now() + timedelta(seconds=30))
    assert "So far: 0 sessions." in step(client, action)
    BulkAction.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert "Done: 1 session." in step(client, action)


def test_sessions_that_begin_later_are_not_touched(client: Client, project: Project) -> None:
    old = make_session(project, "old")
    action = ask(client, "delete", everything="1", query="")
    new = make_session(project, "new", started_at=timezone.now() + timedelta(seconds=1))
    step(client, action)
    assert not Session.objects.filter(pk=old.pk).exists()
    assert Session.objects.filter(pk=new.pk).exists()


def test_what_fails_is_listed(client: Client, project: Project) -> None:
    session, gone = make_session(project, "a"), make_session(project, "b")
    foreign = make_session(make_project("other"), "a")
    action = ask(client, "tag", session, gone, foreign, tag="t")
    Session.objects.filter(pk=gone.pk).delete()
    page = step(client, action)
    assert "Done: 1 session, 2 failed." in page
    assert str(gone.pk) in page
    assert tags_of(foreign) == [[]]


def test_only_who_asked_for_it_sees_it_and_only_with_the_right(
    client: Client, project: Project, user: AbstractBaseUser
) -> None:
    action = ask(client, "delete", make_session(project, "a"))
    other = Client()
    other.force_login(make_user("bob", DELETE_SESSIONS))
    for path in ("", "step/", "stop/"):
        assert other.get(f"/p/acme/bulk/{action.pk}/{path}").status_code == 404
    user.user_permissions.clear()
    assert client.post(f"/p/acme/bulk/{action.pk}/step/").status_code == 403
    assert Session.objects.exists()


def test_the_list_offers_what_its_reader_may_do(client: Client, project: Project, user: AbstractBaseUser) -> None:
    make_session(project, "a")
    page = client.get("/p/acme/sessions/").text
    assert "Add tag" in page
    assert "Delete…" in page
    user.user_permissions.clear()
    page = client.get("/p/acme/sessions/").text
    assert "Download…" in page
    assert "Add tag" not in page
    assert "Delete…" not in page


@pytest.mark.parametrize(
    "fields",
    [
        {"tag": "t"},
        {"tag": "t", "pick": ["no id", ""]},
        {"tag": "\0", "everything": "1"},
        {"tag": "t", "everything": "1", "query": "?from=never"},
        {"tag": "t", "everything": "1", "query": "status=what"},
    ],
)
def test_what_cannot_be_understood_does_nothing(client: Client, project: Project, fields: dict[str, Any]) -> None:
    make_session(project, "a")
    response = client.post("/p/acme/bulk/tag/", fields)
    assert response.status_code == 302
    assert response.url.startswith("/p/acme/sessions/")
    assert not BulkAction.objects.exists()


def test_a_range_ends_when_the_action_was_asked_for(client: Client, project: Project) -> None:
    make_session(project, "a", started_at=timezone.now() - timedelta(minutes=59))
    action = ask(client, "delete", everything="1", query="range=1h")
    assert action.survey["sessions"] == 1
    BulkAction.objects.update(made_at=timezone.now() + timedelta(hours=2))
    assert "Done: 0 sessions" in step(client, action)


def test_times_in_the_query_mean_what_they_meant_in_the_list(client: Client, project: Project) -> None:
    client.cookies["logsui_zone"] = "Asia/Tokyo"
    make_session(project, "before", started_at=datetime(2026, 1, 30, 14, 59, tzinfo=UTC))
    after = make_session(project, "after", started_at=datetime(2026, 1, 30, 15, 1, tzinfo=UTC))
    recent = make_session(project, "recent", started_at=timezone.now() - timedelta(minutes=59))
    action = ask(client, "tag", tag="t", everything="1", query="q=after:2026-01-31 before:-1h")
    assert action.survey["sessions"] == 1
    BulkAction.objects.update(made_at=timezone.now() - timedelta(seconds=30))
    Session.objects.filter(pk=recent.pk).update(last_at=timezone.now() - timedelta(hours=1, seconds=10))
    step(client, action)
    assert tags_of(after, recent) == [["t"], []]


def test_a_search_goes_on_until_all_is_found(client: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each page of the list looks into two sessions; then its time is over.
    monkeypatch.setattr(walk, "FIRST_SLICE", 2)
    monkeypatch.setattr(Walk, "_is_over", lambda self: self.has_begun)
    words = ("robot", "cat", "cat", "cat", "a robot", "cat", "robots")
    sessions = [make_session(project, f"s{number}", make_log(text)) for number, text in enumerate(words)]
    query = "?q=robot"
    action = ask(client, "tag", tag="t", everything="1", query=query)
    assert (action.survey["sessions"], action.survey["all"]) == (2, True)
    step(client, action)
    assert [bool(tags) for tags in tags_of(*sessions)] == [True, False, False, False, True, False, False]
    listed = client.get(f"/p/acme/sessions/{query}").content.decode()
    assert "Looked back" in listed


def test_actions_are_forgotten_after_a_month(client: Client, project: Project) -> None:
    session = make_session(project, "a")
    month = timezone.now() - timedelta(days=31)
    for fields in ({"made_at": month}, {"made_at": month, "ended_at": month}):
        BulkAction.objects.filter(pk=ask(client, "delete", session).pk).update(**fields)
    kept = {ask(client, "delete", session).pk, ask(client, "delete", session).pk}
    BulkAction.objects.filter(pk__in=kept, pk=min(kept)).update(made_at=month, ended_at=timezone.now())
    assert forget_bulk_actions() == 2
    assert set(BulkAction.objects.values_list("pk", flat=True)) == kept


def test_a_download_is_a_link_and_no_step(client: Client, project: Project) -> None:
    action = ask(client, "download", make_session(project, "a"))
    page = client.get(f"/p/acme/bulk/{action.pk}/").content.decode()
    assert f'href="/api/v1/sessions.jsonl?project=acme&amp;action={action.pk}"' in page
    assert client.post(f"/p/acme/bulk/{action.pk}/step/").status_code == 404


def test_an_unknown_action_is_not_found(client: Client, project: Project) -> None:
    assert client.get(f"/p/acme/bulk/{uuid.uuid4()}/").status_code == 404
