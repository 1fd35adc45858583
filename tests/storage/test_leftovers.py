"""What deletion leaves: a word is put into everything that holds text, and looked for in every table afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from sessions_app.access.keys import create_key
from sessions_app.content.compression import decompress
from sessions_app.ingest import corrections
from sessions_app.ingest.accept import accept_body, accept_export
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import (
    ApiKey,
    ContradictingCopy,
    InboxEntry,
    Project,
    RejectedLog,
    RequestLog,
    Session,
)
from sessions_app.storage import inbox
from sessions_app.wire import otlp
from tests.wire.otlp_exports import attribute, export, span

pytestmark = pytest.mark.django_db

# One word, in lower case, as the search index keeps it.
CANARY = "zqcanaryq"
OTHER = "zqneighbourq"


# --- looking ----------------------------------------------------------------------------------------------------------


def columns() -> Iterator[tuple[str, str, str]]:
    """Every column of every table: partitions are read through the tables that they are of."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.table_name, c.column_name, c.data_type
            FROM information_schema.columns AS c
            JOIN information_schema.tables AS t USING (table_schema, table_name)
            JOIN pg_class AS k ON k.relname = c.table_name AND NOT k.relispartition
            JOIN pg_namespace AS s ON s.oid = k.relnamespace AND s.nspname = 'public'
            WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
            """
        )
        yield from cursor.fetchall()


def forms(stored: bytes) -> Iterator[bytes]:
    """Bytes as they lie in the database, and what they are compressed from."""
    yield stored
    for unpack in (decompress, inbox.unpack):
        try:
            yield unpack(stored)
        except Exception:
            continue


def places_of(word: str) -> set[str]:
    """The columns in which a word stands."""
    found = set()
    for table, column, kind in columns():
        with connection.cursor() as cursor:
            if kind == "bytea":
                cursor.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')
                texts = (form for (stored,) in cursor.fetchall() for form in forms(bytes(stored)))
                if any(word.encode() in text.lower() for text in texts):
                    found.add(f"{table}.{column}")
            else:
                cursor.execute(f'SELECT 1 FROM "{table}" WHERE "{column}"::text ILIKE %s LIMIT 1', [f"%{word}%"])
                if cursor.fetchone():
                    found.add(f"{table}.{column}")
    return found


# --- seeding ----------------------------------------------------------------------------------------------------------


def text(word: str, where: str) -> str:
    return f"{word} of {where}"


def log(word: str, number: int, session: str | None = None, **members: Any) -> dict[str, Any]:
    """A log with the word in every member."""
    arguments = json.dumps({"path": text(word, "arguments")})
    function = {"name": f"{word}_tool", "arguments": arguments}
    call = {"id": text(word, "call id"), "type": "function", "function": function}
    system = {"role": "system", "content": text(word, "system")}
    file = {"type": "file", "file": {"filename": f"{word}.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}}
    said = {"type": "text", "text": text(word, f"question {number}") + " and more of it" * 30}
    return {
        "request_id": f"{word}-request-{number}",
        "session_id": session or f"{word}-session",
        "trace_id": f"{word}-trace",
        "parent_id": f"{word}-parent",
        "call_type": f"{word}.call",
        "model": f"{word}-model",
        "provider": f"{word}-provider",
        "status": "error",
        "error": {"type": f"{word}Error", "message": text(word, "error")},
        "user": f"{word}-user",
        "tags": [f"{word}-tag"],
        "metadata": {f"{word}-name": text(word, "metadata")},
        f"{word}-unknown": text(word, "unknown member"),
        "started_at": f"2026-11-20T10:{number:02}:00Z",
        "request": {
            "model": f"{word}-asked",
            "messages": [system, {"role": "user", "content": [said, file]}],
            "tools": [{"type": "function", "function": {"name": f"{word}_tool", "description": text(word, "tool")}}],
        },
        "response": {
            "id": f"{word}-response-{number}",
            "choices": [{"message": {"role": "assistant", "content": text(word, "answer"), "tool_calls": [call]}}],
        },
    } | members


def call_of(word: str, trace: int) -> list[dict[str, Any]]:
    """A call of a model as a span, with a tool below it and a span of a database."""
    where = {"traceId": f"{trace:032x}"}
    named = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": f"{word}-model",
        "session.id": f"{word}-session",
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": word}]}]),
    }
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": f"{word}_tool"}
    spans = [(1, named), (2, tool), (3, {"db.statement": text(word, "statement")})]
    return [
        span(
            **where,
            spanId=f"{trace * 16 + number:016x}",
            parentSpanId="" if number == 1 else f"{trace * 16 + 1:016x}",
            name=f"{word}-span-{number}",
            attributes=[attribute(name, stringValue=value) for name, value in attributes.items()],
        )
        for number, attributes in spans
    ]


def seed(project: Project, word: str, trace: int) -> Session:
    """A session in which the word is everywhere: stored, contradicted, rejected, corrected, in spans."""

    def send(*logs: Any) -> None:
        accept_body(project.pk, "native", json.dumps(logs).encode())
        digest_until_empty()

    send(*[log(word, number) for number in range(4)])
    send(log(word, 1, user=f"{word}-contradiction"), log(word, 2, model=f"{word}-other"))
    fine = {"request_id": f"{word}-fine", "session_id": f"{word}-session", "request": {"a": word}}
    send(log(word, 8, cost="odd"), fine)
    accept_export(project.pk, export(*call_of(word, trace)), otlp.content_type_of(otlp.JSON, otlp.TRACES))
    digest_until_empty()
    session = Session.objects.get(project_id=project.pk, session_key=f"{word}-session")
    # Another session is merged into it, and a request is moved out of it and back, twice.
    send(log(word, 20, session=f"{word}-former", trace_id=None))
    former = Session.objects.get(session_key=f"{word}-former")
    corrections.merge_sessions(project, former.pk, session.pk, "alice")
    for target in (None, session.pk, None, session.pk):
        moved = RequestLog.objects.get(request_id=f"{word}-request-3")
        corrections.move_requests(project, [moved.pk], target, "alice")
    return Session.objects.get(pk=session.pk)


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="acme", name="Acme")


@pytest.fixture
def seeded(project: Project) -> Session:
    seed(project, OTHER, 2)
    session = seed(project, CANARY, 1)
    assert RejectedLog.objects.count() == 2
    assert ContradictingCopy.objects.count() == 4
    found = {place.partition(".")[0] for place in places_of(CANARY)}
    assert {"session", "request_log", "part", "trace_span", "rejected_log"} <= found
    assert {"contradicting_copy", "correction", "assignment", "reroute"} <= found
    return session


@pytest.fixture
def site(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def check_gone(before: set[str]) -> None:
    assert places_of(CANARY) == set()
    # The other session has lost nothing.
    assert places_of(OTHER) >= before


# --- the ways of deleting ---------------------------------------------------------------------------------------------


def test_a_session_by_the_api(seeded: Session, project: Project) -> None:
    before = places_of(OTHER)
    _, key = create_key(project, "cleaner", ["read", "delete"] if "delete" in scopes() else ["read"])
    client = Client(headers={"authorization": f"Bearer {key}"})

    answer = client.delete(f"/api/v1/sessions/{seeded.pk}")

    assert answer.status_code == 200, answer.content
    receipt = answer.json()
    assert receipt["tables"]["contradicting_copy"]["rows"] == 2
    assert receipt["tables"]["rejected_log"]["rows"] == 1
    assert receipt["left"] == {"rejected_logs": 0, "waiting_bodies": 0, "not_looked_through": 0}
    assert CANARY not in answer.content.decode()
    check_gone(before)


def scopes() -> tuple[str, ...]:
    from sessions_app.access.keys import SCOPES

    return SCOPES


@pytest.mark.parametrize("way", ["action", "view"])
def test_a_session_by_the_admin_site(seeded: Session, site: Client, way: str) -> None:
    before = places_of(OTHER)
    address = "/admin/sessions_app/session/"
    if way == "view":
        page = site.post(f"{address}{seeded.pk}/delete/", {"post": "yes"}, follow=True)
    else:
        data = {"action": "delete_selected", "_selected_action": [str(seeded.pk)], "post": "yes"}
        page = site.post(f"{address}?project=acme", data, follow=True)
    assert page.status_code == 200
    assert CANARY not in page.content.decode()
    check_gone(before)
    check_history(site, "session", [str(seeded.pk)])


def check_history(site: Client, model: str, ids: list[str]) -> None:
    """Who deleted what kind and when is told; what stood in it is not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT object_repr, object_id, user_id, action_flag FROM django_admin_log ORDER BY id")
        rows = cursor.fetchall()
    user = User.objects.get(username="root").pk
    assert rows == [(f"{model} {object_id}", object_id, user, 3) for object_id in ids]
    assert CANARY not in site.get("/admin/").content.decode()


@pytest.mark.parametrize("way", ["action", "view"])
def test_requests_one_by_one_by_the_admin_site(seeded: Session, site: Client, way: str) -> None:
    before = places_of(OTHER)
    address = "/admin/sessions_app/requestlog/"
    # The steps come last, one time, and first, another time.
    order = "step" if way == "view" else "-step"
    found = RequestLog.objects.filter(session_id=seeded.pk).order_by(order, "id")
    ids = [str(pk) for pk in found.values_list("pk", flat=True)]
    for pk in ids:
        if way == "view":
            site.post(f"{address}{pk}/delete/", {"post": "yes"})
        else:
            data = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
            site.post(f"{address}?project=acme&session_id={seeded.pk}", data)
    check_gone(before)
    check_history(site, "requestlog", ids)


@pytest.mark.parametrize("goes", ["request", "step"])
def test_steps_and_requests_do_not_take_each_other(project: Project, site: Client, goes: str) -> None:
    """A session of one call and one step: the step is not counted as a request, but it is something that is left."""
    accept_export(project.pk, export(*call_of(CANARY, 1)), otlp.content_type_of(otlp.JSON, otlp.TRACES))
    digest_until_empty()
    rows = {row.step: row.pk for row in RequestLog.objects.all()}
    assert set(rows) == {False, True}

    site.post(f"/admin/sessions_app/requestlog/{rows[goes == 'step']}/delete/", {"post": "yes"})

    assert list(RequestLog.objects.values_list("pk", flat=True)) == [rows[goes == "request"]]
    session = Session.objects.get()
    assert (session.request_count, session.step_count) == ((0, 1) if goes == "request" else (1, 0))


def test_one_request_takes_what_is_its_own(project: Project, site: Client) -> None:
    """Of a session that stays: its parts, its words, the copies beside it, and what was rejected in its name."""
    kept = log(OTHER, 1, session="shared", trace_id=None)
    gone = log(CANARY, 2, session="shared", trace_id=None)
    accept_body(project.pk, "native", json.dumps([kept, gone]).encode())
    digest_until_empty()
    lies = [gone | {"user": f"{CANARY}-liar"}, gone | {"cost": f"{CANARY}-odd"}, kept]
    accept_body(project.pk, "native", json.dumps(lies).encode())
    digest_until_empty()
    before = places_of(OTHER)
    assert ContradictingCopy.objects.exists()
    assert RejectedLog.objects.exists()

    request = RequestLog.objects.get(request_id=gone["request_id"])
    site.post(f"/admin/sessions_app/requestlog/{request.pk}/delete/", {"post": "yes"})

    check_gone(before)
    assert Session.objects.get().request_count == 1


def test_what_only_mentions_it_is_named(seeded: Session, project: Project, site: Client) -> None:
    note = {"request_id": "another", "cost": "odd", "request": {"messages": [{"content": f"see {CANARY}-session"}]}}
    accept_body(project.pk, "native", json.dumps([note, {"request": {"a": 1}}]).encode())
    digest_until_empty()
    waiting = json.dumps([log(CANARY, 30)]).encode()
    accept_body(project.pk, "native", waiting)

    page = site.post(f"/admin/sessions_app/session/{seeded.pk}/delete/", {"post": "yes"}, follow=True).content.decode()

    assert "Deleted ids are still in 1 rejected log" in page
    assert "Deleted ids are in 1 body waiting to be digested" in page
    assert places_of(CANARY) == {"inbox.body", "rejected_log.body"}


@pytest.mark.parametrize("way", ["action", "function"])
def test_a_project(project: Project, site: Client, way: str) -> None:
    seed(project, OTHER, 2)
    going = Project.objects.create(slug=CANARY, name=f"The {CANARY} project")
    seed(going, CANARY, 1)
    create_key(going, f"{CANARY} key", ["read"])
    ApiKey.objects.update(created_by=f"{CANARY}-user")
    # A trace without any call of a model is in no session.
    lone = call_of(CANARY, 9)[2:]
    accept_export(going.pk, export(*lone), otlp.content_type_of(otlp.JSON, otlp.TRACES))
    digest_until_empty()
    accept_body(going.pk, "native", json.dumps([log(CANARY, 40)]).encode())
    before = places_of(OTHER)

    if way == "action":
        data = {"action": "delete_with_sessions", "_selected_action": [str(going.pk)], "post": "yes"}
        page = site.post("/admin/sessions_app/project/", data, follow=True)
        assert CANARY not in page.content.decode()
        check_history(site, "project", [str(going.pk)])
    else:
        from sessions_app.ingest.cleanup import delete_project

        delete_project(going)

    check_gone(before)


def test_a_rejected_log_and_a_key(project: Project, site: Client) -> None:
    accept_body(project.pk, "native", json.dumps([log(CANARY, 8, cost=CANARY), {"request": {"a": 1}}]).encode())
    digest_until_empty()
    key, _ = create_key(project, f"{CANARY} key", ["read"])
    rejected = RejectedLog.objects.get()
    assert {"rejected_log.body", "sessions_app_apikey.name"} <= places_of(CANARY)

    site.post(f"/admin/sessions_app/rejectedlog/{rejected.pk}/delete/", {"post": "yes"})
    site.post(f"/admin/sessions_app/apikey/{key.pk}/delete/", {"post": "yes"})

    assert not ApiKey.objects.exists()
    assert places_of(CANARY) == set()
    assert not InboxEntry.objects.exists()
