"""What ended a digester is digested apart: innocent logs are stored, the one that does it ends in the rejected logs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from logsui import memory
from sessions_app.ingest import suspects as module
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.cleanup import replay
from sessions_app.ingest.digest import Digester, digest_until_empty
from sessions_app.ingest.suspects import Notes, Warden, is_outage
from sessions_app.models import DigestNote, DigestSuspect, InboxEntry, Project, RejectedLog, RequestLog
from sessions_app.storage import inbox, suspects
from sessions_app.storage.connections import separate_connection

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

PLANTED = Path(__file__).with_name("planted.py")


@pytest.fixture
def notes() -> Iterator[Notes]:
    made = Notes()
    yield made
    made.close()


@pytest.fixture
def warden(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> Warden:
    """Its process has faults planted, and uses the test's database."""
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    url = make_conninfo(**{name: parameters[name] for name in names if parameters.get(name)})
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", os.environ.get("DJANGO_SETTINGS_MODULE", "tests.settings"))
    return Warden(notes, [sys.executable, str(PLANTED)])


def send(project: Project, *texts: str, content_type: str = "application/json") -> int:
    """A body with a log for each text, whose request id it is; returns the inbox entry's id."""
    logs = [{"request_id": text, "trace_id": "t", "request": {"input": text}} for text in texts]
    body = b"\n".join(map(orjson.dumps, logs)) if "ndjson" in content_type else orjson.dumps(logs)
    accepted = accept_body(project.id, "native", body, content_type)
    assert accepted.entry_id is not None
    return accepted.entry_id


def accuse(*entry_ids: int) -> None:
    with separate_connection() as separate:
        assert suspects.accuse(separate, entry_ids) == len(entry_ids)


def digest_all_apart(warden: Warden) -> None:
    """As its thread does, which looks again: PostgreSQL lets go of what a killed process held a moment later."""
    wait_until(lambda: (warden.digest_all_apart(), not DigestSuspect.objects.exists())[1])


def stored() -> list[str]:
    return sorted(RequestLog.objects.values_list("request_id", flat=True))


def assert_nothing_is_left() -> None:
    assert not InboxEntry.objects.exists()
    assert not DigestSuspect.objects.exists()


def test_innocent_suspects_are_stored(project: Project, warden: Warden) -> None:
    accuse(send(project, "a", "b"), send(project, "c"))

    digest_all_apart(warden)

    assert stored() == ["a", "b", "c"]
    assert not RejectedLog.objects.exists()
    assert_nothing_is_left()


def test_others_leave_suspects_alone(project: Project) -> None:
    accuse(send(project, "suspect"))
    send(project, "other")

    digest_until_empty()

    assert stored() == ["other"]
    assert InboxEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("word", "ending"),
    [
        ("kill-it", "it was ended by SIGKILL"),
        ("break-it", "it failed with TypeError"),
        ("exhaust-it", "its memory met LOGSUI_DIGESTER_MEMORY (1,536 MiB)"),
        ("hang-it", "no end after 6 s"),
    ],
)
def test_log_that_ends_the_process_is_rejected_alone(
    project: Project, warden: Warden, monkeypatch: pytest.MonkeyPatch, word: str, ending: str
) -> None:
    monkeypatch.setattr(module, "HANG_SECONDS", 6)
    accuse(send(project, "before", word, "after"), send(project, "beside"))

    digest_all_apart(warden)

    assert stored() == ["after", "before", "beside"]
    rejected = RejectedLog.objects.get()
    assert rejected.reason == f"the digester ended 3 times while it digested this alone, the last time: {ending}"
    assert rejected.reason_type == "ended_the_digester"
    assert orjson.loads(inbox.unpack(rejected.body))["request_id"] == word
    assert_nothing_is_left()


def test_rejected_log_can_be_replayed(project: Project, warden: Warden) -> None:
    """With the fault mended, or more memory."""
    accuse(send(project, "kill-it"))
    digest_all_apart(warden)

    replay(RejectedLog.objects.get())
    digest_until_empty()

    assert stored() == ["kill-it"]
    assert not RejectedLog.objects.exists()


def test_body_that_cannot_even_be_taken_apart_is_rejected_whole(project: Project, warden: Warden) -> None:
    warden.command = [*warden.command, "split"]
    accuse(send(project, "kill-it", "b", content_type="application/x-ndjson"), send(project, "beside"))

    digest_all_apart(warden)

    assert stored() == ["beside"]
    rejected = RejectedLog.objects.get()
    assert rejected.content_type == "application/x-ndjson"
    assert_nothing_is_left()
    replay(rejected)
    digest_until_empty()
    assert stored() == ["b", "beside", "kill-it"]


def test_body_that_ends_it_again_and_again_is_given_up(
    project: Project, warden: Warden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one body of 10,000 such logs would keep the processor busy for hours."""
    texts = [f"kill-it {number}" for number in range(40)]
    accuse(send(project, *texts))

    digest_all_apart(warden)

    assert stored() == []
    assert RejectedLog.objects.count() == len(texts)
    reason = RejectedLog.objects.latest("id").reason
    assert reason == "the body that this was in ended the digester 12 times, the last time: it was ended by SIGKILL"
    assert_nothing_is_left()


# -- notes -------------------------------------------------------------------------------------------------------------


def test_batch_is_noted_before_it_is_read(project: Project, notes: Notes) -> None:
    entry_id = send(project, "a")
    seen: list[Any] = []

    class Watched(Digester):
        def _read(self, entries: Any) -> Any:
            seen.extend(DigestNote.objects.values_list("entry_ids", flat=True))
            seen.extend(notes.told())
            return super()._read(entries)

    Watched(working_on=lambda entries: notes.note(0, entries)).digest_batch()

    assert seen[0] == [entry_id]
    assert seen[1].startswith(f"inbox entry {entry_id} of project acme (")
    assert stored() == ["a"]


def test_what_a_dead_digester_was_digesting_is_suspected(project: Project, notes: Notes, warden: Warden) -> None:
    entry_id, done = send(project, "a"), 10**9
    dead, living = separate_connection(), separate_connection()
    for number, separate in ((1, dead), (2, living)):
        assert suspects.register(separate, number)
        suspects.note(separate, number, 0, [entry_id, done] if separate is dead else [send(project, "b")])
    warden.adopt()
    assert not DigestSuspect.objects.exists()

    dead.close()
    wait_until(lambda: (warden.adopt(), DigestSuspect.objects.exists())[1])

    assert list(DigestSuspect.objects.values_list("entry_id", flat=True)) == [entry_id]
    assert list(DigestNote.objects.values_list("digester", flat=True)) == [2]
    living.close()


def test_broken_connection_of_the_notes_is_made_again(project: Project, notes: Notes, warden: Warden) -> None:
    entries = [inbox.Entry(send(project, "a"), project.id, project.key, "acme", "native", "", None, 1, 1, 0, 1)]
    notes.note(0, entries)
    pid = notes.run(lambda separate: separate.info.backend_pid)
    with separate_connection() as other:
        other.execute("SELECT pg_terminate_backend(%b)", [pid])

    with pytest.raises(psycopg.OperationalError):
        wait_until(lambda: notes.note(0, entries))
    notes.note(0, entries)

    assert DigestNote.objects.count() == 1
    warden.adopt()
    assert not DigestSuspect.objects.exists()


def test_failed_batch_is_suspected_and_an_outage_blames_nobody(project: Project, notes: Notes) -> None:
    entry = inbox.Entry(send(project, "a"), project.id, project.key, "acme", "native", "", None, 1, 1, 0, 1)
    notes.note(3, [entry])

    assert notes.accuse(3) == 1
    assert notes.accuse(3) == 0
    assert is_outage(psycopg.errors.AdminShutdown())
    assert is_outage(psycopg.errors.DiskFull())
    assert is_outage(psycopg.errors.UndefinedTable())
    assert not is_outage(psycopg.errors.QueryCanceled())
    assert not is_outage(psycopg.OperationalError("server closed the connection unexpectedly"))
    assert not is_outage(TypeError())


def test_suspects_of_a_deleted_project_are_forgotten(project: Project, notes: Notes) -> None:
    accuse(send(project, "a"))
    InboxEntry.objects.all().delete()

    assert not notes.run(suspects.are_waiting)
    assert not DigestSuspect.objects.exists()


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def test_large_bodies_are_fetched_one_after_the_other(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several large ones at once would need more memory than any of them."""
    monkeypatch.setattr(inbox, "FETCHED_BYTES", 1)
    for number in range(4):
        send(project, f"{number}")
    held: list[int] = []

    class Watched(Digester):
        def _read_entry(self, entry: Any, batch: Any) -> None:
            held.append(sum(len(other.packed) > 0 for other in self.entries))
            super()._read_entry(entry, batch)

        def _read(self, entries: Any) -> Any:
            self.entries = entries
            return super()._read(entries)

    Watched().digest_batch()

    assert held == [1, 1, 1, 1]


# -- the digester itself -----------------------------------------------------------------------------------------------


def start_planted() -> subprocess.Popen[str]:
    command = [sys.executable, str(PLANTED), "main"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=settings.BASE_DIR)


def test_fault_of_ours_does_not_end_the_digester(project: Project, warden: Warden) -> None:
    """`warden` has set the environment."""
    send(project, "before", "break-it", "after")
    digester = start_planted()

    wait_until(lambda: stored() == ["after", "before", "break-it"])
    send(project, "later")
    wait_until(lambda: "later" in stored())

    assert digester.poll() is None
    digester.terminate()
    _, output = digester.communicate(timeout=60)
    assert digester.returncode == 0
    assert "A batch could not be digested" in output
    assert not RejectedLog.objects.exists()
    assert_nothing_is_left()


@pytest.mark.parametrize(("word", "status"), [("kill-it", -9), ("exhaust-it", memory.EXIT_STATUS)])
def test_what_ended_a_process_does_not_end_the_next(project: Project, warden: Warden, word: str, status: int) -> None:
    entry_id = send(project, "before", word)
    digester = start_planted()

    wait_until(lambda: stored() == ["before", word])
    assert digester.poll() is None
    digester.terminate()
    _, output = digester.communicate(timeout=60)
    assert f"ended with status {status}; starting another one" in output
    assert (f"inbox entry {entry_id} of project acme (" in output) == (word == "exhaust-it")


# -- kill -9 -----------------------------------------------------------------------------------------------------------


def test_healthy_digesters_killed_again_and_again_lose_and_reject_nothing(
    project: Project, warden: Warden, notes: Notes
) -> None:
    """`warden` has set the environment. Two digesters, as on two machines; each is killed while it works."""
    rng = random.Random(1)
    sent: list[str] = []

    def feed() -> None:
        for _ in range(20):
            texts = [f"innocent {len(sent) + number} {rng.random()}" for number in range(rng.randrange(1, 60))]
            send(project, *texts)
            sent.extend(texts)

    digesters = [start_digester(), start_digester()]
    for kill in range(8):
        feed()
        wait_until(lambda: DigestNote.objects.exists() or not InboxEntry.objects.exists())
        time.sleep(rng.random() / 2)
        victim = digesters[kill % 2]
        victim.kill()
        victim.wait()
        digesters[kill % 2] = start_digester()
    wait_until(lambda: not InboxEntry.objects.exists())
    for digester in digesters:
        digester.terminate()
        # The signal itself ends one that has not come so far as to handle it.
        assert digester.wait(60) in (0, -signal.SIGTERM)

    assert stored() == sorted(sent)
    assert not RejectedLog.objects.exists()
    notes.run(suspects.are_waiting)
    assert_nothing_is_left()
    assert not DigestNote.objects.exists()


def start_digester() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "manage.py", "digest"], cwd=settings.BASE_DIR)
