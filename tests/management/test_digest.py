"""`manage.py digest`: its thread, between two batches."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from logsui import memory
from sessions_app.ingest.digest import Memory
from sessions_app.ingest.suspects import Notes
from sessions_app.management.commands.digest import DigestThread


@pytest.mark.django_db(transaction=True)
def test_a_digester_that_has_grown_begins_a_new_database_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "GROWN_BYTES", -(2**40))
    notes = Notes()
    worker = DigestThread(False, Memory(), notes, 0, memory.MemoryLimit("test", "TEST", 2**40, notes.told))
    rested: list[bool | BaseException] = []

    def rest() -> None:
        try:
            connection.ensure_connection()
            worker.worked = True
            rested.append(worker.rest())
            rested.append(connection.connection is None)
        except BaseException as error:
            rested.append(error)
        finally:
            connection.close()

    # Connections belong to threads: this one is not that in which the worker was made.
    thread = threading.Thread(target=rest)
    thread.start()
    thread.join(30)
    notes.close()
    assert rested == [True, True]
