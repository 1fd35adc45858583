"""The grouping corrected by hand, by forms alone; a browser does it in test_session_in_browser.py."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser, Permission
from django.http import HttpResponse
from django.test import Client

from sessions_app.models import Correction, Project, RequestLog, Session
from sessions_app.pages.corrections import forms
from tests.factories import START, make_log, make_project, make_session, make_user, store_logs
from tests.pages.conversations import turns


@pytest.fixture
def corrector(client: Client, user: AbstractBaseUser) -> Client:
    """Signed in with the permission."""
    permission = Permission.objects.get_by_natural_key("change_session", "sessions_app", "session")
    user.user_permissions.add(permission)  # type: ignore[attr-defined]
    client.force_login(user)
    return client


@pytest.fixture
def one(project: Project) -> Session:
    """A session of four requests, one after another."""
    return make_session(project, "one", *turns(["first question", "second", "third", "fourth"]))


@pytest.fixture
def two(project: Project) -> Session:
    return make_session(project, "two/π", make_log("Another one"))


def ids(session: Session) -> list[str]:
    found = RequestLog.objects.filter(session_id=session.pk).order_by("started_at")
    return [str(log_id) for log_id in found.values_list("id", flat=True)]


def address(session: Session, rest: str = "") -> str:
    return f"/p/acme/sessions/{session.pk}/{rest}"


def text(response: HttpResponse) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def sizes() -> list[int]:
    return sorted(Session.objects.values_list("request_count", flat=True))


def confirm(client: Client, asked: HttpResponse, path: str) -> Any:
    """Press the button of a page that asks: what its form holds goes back."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.content.decode())
    form: dict[str, list[str]] = {}
    for name, value in hidden:
        form.setdefault(name, []).append(unescape(value))
    assert form["confirmed"] == ["yes"]
    return client.post(path, form, follow=True)


# --- move -----------------------------------------------------------------------------------------------------------


def test_it_works(corrector: Client, one: Session, two: Session) -> None:
    _, second, third, _ = ids(one)
    page = corrector.get(address(one, f"correct/?request={second}")).content.decode()
    assert re.findall(r'name="request" value="([^"]+)" checked', page) == [second]
    path = address(one, "correct/move/")

    asked = corrector.post(path, {"request": [second, third], "where": "session", "to": "two/π"})

    assert asked.status_code == 200
    assert not Correction.objects.exists()
    words = text(asked)
    for part in ("Move 2 requests to the other session?", "From first question", "To Another one", "#2", "#3", "third"):
        assert part in words, part
    assert "fourth" not in words
    done = confirm(corrector, asked, path)
    assert done.redirect_chain == [(address(two), 302)]
    assert "2 requests moved." in text(done)
    assert sizes() == [2, 3]
    made = Correction.objects.get()
    assert (made.action, made.made_by, made.target_session_id) == ("move", "alice", two.pk)


def test_requests_move_to_a_new_session(corrector: Client, one: Session) -> None:
    path = address(one, "correct/move/")
    asked = corrector.post(path, {"request": ids(one)[1], "where": "new", "to": " "})
    assert "Move 1 request to a new session?" in text(asked)
    done = confirm(corrector, asked, path)
    new = Session.objects.exclude(pk=one.pk).get()
    assert done.redirect_chain == [(address(new), 302)]
    assert sizes() == [1, 3]


@pytest.mark.parametrize(
    "to",
    [
        "{two}",
        " {two} ",
        "http://testserver/p/acme/sessions/{two}/?from=3#r5",
        "http://testserver/p/acme/sessions/{two}/corrections/",
        "http://testserver/api/v1/sessions/{two}",
        "http://testserver/p/acme/requests/{request}/",
        "http://testserver/p/acme/t/two/%CF%80",
        "two/π",
        "{request}",
        "req-of-two",
    ],
)
def test_session_is_meant_by_its_address_or_an_id(corrector: Client, project: Project, one: Session, to: str) -> None:
    two = make_session(project, "two/π", make_log("Another one", request_id="req-of-two"))
    to = to.format(two=two.pk, request=ids(two)[0])
    asked = corrector.post(address(one, "correct/move/"), {"request": ids(one)[0], "where": "session", "to": to})
    assert asked.status_code == 200, text(asked)
    assert f'name="to" value="{two.pk}"' in asked.content.decode()


def test_session_is_meant_by_an_id_with_white_space_around_it(
    corrector: Client, project: Project, one: Session
) -> None:
    two = make_session(project, " two\n", make_log("Another one"))
    form = {"request": ids(one)[0], "where": "session", "to": " two\n"}
    asked = corrector.post(address(one, "correct/move/"), form)
    assert f'name="to" value="{two.pk}"' in asked.content.decode()


def test_id_of_several_sessions_is_refused(corrector: Client, project: Project, one: Session) -> None:
    for key in ("x", "y"):
        make_session(project, key, make_log(trace_id="shared", request_id=f"r-{key}"))
    form = {"request": ids(one)[0], "where": "session", "to": "shared"}
    refused = corrector.post(address(one, "correct/move/"), form)
    assert refused.status_code == 422
    assert "more than one session" in text(refused)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"request": [], "where": "new"}, "Select at least one request"),
        ({"request": ["x", str(uuid.uuid4())], "where": "new"}, "Select at least one request"),
        ({"where": "session", "to": ""}, "Which session?"),
        ({"where": "new", "to": "two"}, "select “another session”"),
        ({"where": "session", "to": "nobody"}, "No session of acme has this id"),
        ({"where": "session", "to": "\0"}, "No session of acme has this id"),
        ({"where": "session", "to": "x" * 1001}, "too long"),
        ({"where": "session", "to": f"http://x/p/acme/sessions/{uuid.UUID(int=0)}/"}, "leads to no session of acme"),
        ({"where": "session", "to": "one"}, "the same session"),
        ({"where": "session", "to": "of another project"}, "No session of acme has this id"),
    ],
)
def test_what_can_not_be_is_said_beside_the_form(
    corrector: Client, one: Session, form: dict[str, Any], words: str
) -> None:
    make_session(make_project("other"), "of another project")
    chosen = ids(one)[1]
    refused = corrector.post(address(one, "correct/move/"), {"request": [chosen]} | form)
    assert refused.status_code == 422
    assert words in text(refused)
    page = refused.content.decode()
    if "request" not in form:
        assert f'value="{chosen}" checked' in page
        assert f'value="{form["where"]}" checked' in page
    assert not Correction.objects.exists()


def test_requests_that_left_meanwhile_are_said(corrector: Client, one: Session, two: Session) -> None:
    path, chosen = address(one, "correct/move/"), ids(one)[1]
    form = {"request": chosen, "where": "session", "to": "two/π"}
    asked = corrector.post(path, form)
    confirm(corrector, corrector.post(path, form), path)
    again = confirm(corrector, asked, path)
    assert again.status_code == 422
    assert "Select at least one request of this session" in text(again)
    assert Correction.objects.count() == 1


def test_no_part_of_what_was_confirmed_is_moved(corrector: Client, one: Session) -> None:
    """Another window moved one of them after the question."""
    path, (_, second, third, _) = address(one, "correct/move/"), ids(one)
    asked = corrector.post(path, {"request": [second, third], "where": "new"})
    confirm(corrector, corrector.post(path, {"request": [second], "where": "new"}), path)
    again = confirm(corrector, asked, path)
    assert Correction.objects.count() == 1
    assert "Move 1 request to a new session?" in text(again)
    assert "Of those that you chose, 1 request left this session meanwhile." in text(again)
    confirm(corrector, again, path)
    assert Correction.objects.count() == 2


def test_long_session_is_offered_in_pages(corrector: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "MOST_LISTED", 2)
    session = make_session(project, "long", *turns(["a", "b", "c", "d", "e"]))
    chosen = ids(session)

    def offered(query: str) -> list[str]:
        page = corrector.get(address(session, f"correct/{query}")).content.decode()
        return re.findall(r'name="request" value="([^"]+)"', page)

    assert offered("") == chosen[:2]
    assert offered("?from=3") == chosen[2:4]
    assert offered(f"?request={chosen[4]}") == chosen[4:]
    assert offered("?from=999") == chosen[4:]
    assert offered("?from=-1") == chosen[:2]


# --- merge ----------------------------------------------------------------------------------------------------------


def test_session_merges_into_another(corrector: Client, one: Session, two: Session) -> None:
    path = address(one, "correct/merge/")
    asked = corrector.post(path, {"into": f"http://testserver{address(two)}"})
    words = text(asked)
    assert "Merge the two sessions?" in words
    assert "Merge 4 requests" in words
    done = confirm(corrector, asked, path)
    assert done.redirect_chain == [(address(two), 302)]
    assert sizes() == [5]
    # Its address leads there, with all that follows, and so does its trace id.
    assert corrector.get(address(one, "corrections/")).headers["Location"] == address(two, "corrections/")
    assert corrector.get("/p/acme/t/one").headers["Location"] == address(two)


@pytest.mark.parametrize(("into", "words"), [("", "Which session?"), ("one", "the same session"), ("x", "No session")])
def test_merge_that_can_not_be(corrector: Client, one: Session, into: str, words: str) -> None:
    refused = corrector.post(address(one, "correct/merge/"), {"into": into, "confirmed": "yes"})
    assert refused.status_code == 422
    assert words in text(refused)
    assert not Correction.objects.exists()


# --- split ----------------------------------------------------------------------------------------------------------


def test_session_is_split_at_a_request(corrector: Client, one: Session) -> None:
    at = ids(one)[2]
    path = f"/p/acme/requests/{at}/split/"
    asked = corrector.get(path)
    words = text(asked)
    assert "Split the session at request 3?" in words
    assert "Split off 2 requests" in words
    assert "second" not in words
    done = confirm(corrector, asked, path)
    new = Session.objects.exclude(pk=one.pk).get()
    assert done.redirect_chain == [(address(new), 302)]
    assert sizes() == [2, 2]
    # The permalink leads to where the request is now.
    assert corrector.get(f"/p/acme/requests/{at}/", follow=True).status_code == 200


def test_nothing_is_split_at_the_first_request(corrector: Client, one: Session) -> None:
    path = f"/p/acme/requests/{ids(one)[0]}/split/"
    for response in (corrector.get(path, follow=True), corrector.post(path, {"confirmed": "yes"}, follow=True)):
        assert response.redirect_chain == [(address(one), 302)]
        assert "nothing to split" in text(response)
    assert not Correction.objects.exists()


def test_what_started_at_the_same_moment_goes_along(corrector: Client, project: Project) -> None:
    logs = [make_log("alone"), *[make_log(f"both {n}", started_at=START.replace(hour=10), seconds=n) for n in (1, 2)]]
    session = make_session(project, "ties", *logs)
    path = f"/p/acme/requests/{RequestLog.objects.get(input_preview='both 2').pk}/split/"
    asked = corrector.get(path)
    assert "both 1" in text(asked)
    confirm(corrector, asked, path)
    session.refresh_from_db()
    assert (session.request_count, sizes()) == (1, [1, 2])


# --- history and undo -----------------------------------------------------------------------------------------------


def merged(client: Client, one: Session, two: Session) -> Correction:
    client.post(address(one, "correct/merge/"), {"into": str(two.pk), "confirmed": "yes"})
    return Correction.objects.get()


def test_history_says_who_did_what_and_undoes_it(corrector: Client, one: Session, two: Session) -> None:
    made = merged(corrector, one, two)
    page = corrector.get(address(two, "corrections/"))
    assert "alice merged a session that is now empty" in text(page)
    assert "4 requests" in text(page)
    path = f"/p/acme/corrections/{made.pk}/undo/"
    assert f'href="{path}"' in page.content.decode()

    asked = corrector.get(path)
    assert "Undo this merge?" in text(asked)
    assert "4 requests will be grouped as if this had not been done" in text(asked)
    done = confirm(corrector, asked, path)

    assert done.redirect_chain == [(address(one), 302)]
    assert sizes() == [1, 4]
    page = corrector.get(address(one, "corrections/"))
    assert "undone by alice" in text(page)
    assert "undo/" not in page.content.decode()
    again = corrector.get(path, follow=True)
    assert "alice already undid this" in text(again)


def test_correction_that_others_built_upon_is_not_undone(corrector: Client, one: Session, two: Session) -> None:
    for target in (str(two.pk), None):
        where = {"where": "session", "to": target} if target else {"where": "new"}
        holder = Session.objects.get(pk=RequestLog.objects.get(input_preview="second").session_id)
        chosen = str(RequestLog.objects.get(input_preview="second").pk)
        corrector.post(address(holder, "correct/move/"), {"request": chosen, "confirmed": "yes"} | where)
    first = Correction.objects.earliest("id")
    response = corrector.post(f"/p/acme/corrections/{first.pk}/undo/", {"confirmed": "yes"}, follow=True)
    assert "undo that one first" in text(response)
    first.refresh_from_db()
    assert first.undone_at is None


def test_session_without_corrections_says_so(signed_in: Client, one: Session) -> None:
    assert "No manual corrections" in text(signed_in.get(address(one, "corrections/")))


# --- the ways there -------------------------------------------------------------------------------------------------


def test_session_and_request_lead_to_the_forms(corrector: Client, one: Session) -> None:
    first, second, *_ = ids(one)
    page = corrector.get(address(one)).content.decode()
    assert f'href="{address(one, "correct/")}"' in page
    for log_id in (first, second):
        assert f'href="{address(one, "correct/")}?request={log_id}"' in page
    assert f'href="/p/acme/requests/{second}/split/"' in page
    # Before the first request there is nothing to split from.
    assert f"/requests/{first}/split/" not in page
    assert f'href="{address(one, "corrections/")}"' not in page
    for path in (f"/p/acme/requests/{second}/", f"/p/acme/requests/{second}/facts/"):
        page = corrector.get(path, headers={"HX-Request": "true"}).content.decode()
        assert f'href="/p/acme/requests/{second}/split/"' in page


def test_history_is_linked_when_there_is_one(corrector: Client, one: Session, two: Session) -> None:
    moved = ids(one)[1]
    form = {"request": moved, "where": "session", "to": str(two.pk), "confirmed": "yes"}
    corrector.post(address(one, "correct/move/"), form)
    for session in (one, two):
        assert f'href="{address(session, "corrections/")}"' in corrector.get(address(session)).content.decode()
    words = text(corrector.get(f"/p/acme/requests/{moved}/", follow=True))
    assert re.search(r"moved here by alice, [\d-]+ [\d:]+ UTC", words)
    assert "all corrections" in words


def test_others_do_not_see_the_controls(signed_in: Client, one: Session) -> None:
    for path in (address(one), f"/p/acme/requests/{ids(one)[1]}/"):
        page = signed_in.get(path).content.decode()
        assert "correct/" not in page
        assert "split/" not in page


# --- who may --------------------------------------------------------------------------------------------------------


def test_others_read_only(client: Client, project: Project, one: Session, two: Session) -> None:
    made = make_correction(project, one, two)
    client.force_login(make_user("bob"))
    first = ids(one)[1]
    for path in (
        address(one, "correct/"),
        address(one, "correct/move/"),
        address(one, "correct/merge/"),
        f"/p/acme/requests/{first}/split/",
        f"/p/acme/corrections/{made.pk}/undo/",
    ):
        assert client.get(path).status_code == 403, path
        assert client.post(path, {"confirmed": "yes", "request": first, "where": "new"}).status_code == 403, path
    history = client.get(address(one, "corrections/"))
    assert history.status_code == 200
    assert "carol" in text(history)
    assert "undo" not in history.content.decode()
    assert "correct/" not in history.content.decode()
    assert Correction.objects.count() == 1


def make_correction(project: Project, source: Session, target: Session, **fields: Any) -> Correction:
    values = {"action": "move", "made_by": "carol", "request_count": 1} | fields
    return Correction.objects.create(
        project_id=project.pk, source_session_id=source.pk, target_session_id=target.pk, **values
    )


def test_superuser_may(client: Client, one: Session) -> None:
    client.force_login(make_user("root", is_superuser=True))
    assert client.get(address(one, "correct/")).status_code == 200


def test_nothing_happens_without_the_csrf_token(user: AbstractBaseUser, corrector: Client, one: Session) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    response = strict.post(address(one, "correct/move/"), {"request": ids(one)[0], "where": "new", "confirmed": "yes"})
    assert response.status_code == 403
    assert not Correction.objects.exists()


def test_other_projects_are_not_there(corrector: Client, project: Project, one: Session, two: Session) -> None:
    made = make_correction(project, one, two)
    make_project("other")
    for path in (
        f"sessions/{one.pk}/correct/",
        f"sessions/{one.pk}/correct/move/",
        f"sessions/{one.pk}/corrections/",
        f"requests/{ids(one)[1]}/split/",
        f"corrections/{made.pk}/undo/",
    ):
        response = corrector.get(f"/p/other/{path}", follow=True)
        assert response.status_code == 404, path


def test_hostile_texts_are_only_text(corrector: Client, project: Project) -> None:
    hostile = "<script>alert(1)</script>"
    session = make_session(
        project, hostile, make_log(hostile, model=hostile), make_log(started_at=START.replace(hour=10))
    )
    make_correction(project, session, session, made_by=hostile)
    for rest in ("correct/", "corrections/"):
        page = corrector.get(address(session, rest)).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_pages_are_a_dozen_statements(
    corrector: Client, project: Project, two: Session, django_assert_max_num_queries: Any
) -> None:
    store_logs(project, *[make_log(f"q{n}", session_id="many", started_at=START.replace(minute=n)) for n in range(40)])
    many = Session.objects.get(session_key="many")
    for n in range(30):
        make_correction(project, many, two, made_by=f"u{n}")
    for rest in ("correct/", "corrections/"):
        with django_assert_max_num_queries(12):
            assert corrector.get(address(many, rest)).status_code == 200
