"""Notes of what digesters are digesting, and the inbox entries that are suspected of killing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sessions_app.storage import sql
from sessions_app.storage.inbox import Entry
from sessions_app.storage.locks import LOCK_NOTES

# The number of logs taken of a suspect is divided by this after it ended a process, and multiplied after it did not.
DIVISOR = 8


@dataclass(frozen=True, slots=True)
class Suspect:
    """An inbox entry that this transaction has claimed. The other fields are as in models.DigestSuspect."""

    entry: Entry
    endings: int
    most_logs: int | None
    strikes: int
    reason: str


# -- notes -----------------------------------------------------------------------------------------------------------


def register(connection: psycopg.Connection[Any], digester: int) -> bool:
    """Note that `digester` lives as long as this connection; False when another digester has that number."""
    row = connection.execute("SELECT pg_try_advisory_lock(%b::int, %b::int)", [LOCK_NOTES, digester]).fetchone()
    return bool(row and row[0])


def note(connection: psycopg.Connection[Any], digester: int, thread: int, entry_ids: Sequence[int]) -> None:
    """What a thread is about to digest, instead of what it digested before."""
    values = {"digester": digester, "thread": thread, "entry_ids": list(entry_ids)}
    connection.execute(sql.load("note_digesting"), values)


def drop_notes(connection: psycopg.Connection[Any], digester: int) -> None:
    connection.execute("DELETE FROM digest_note WHERE digester = %b", [digester])


def adopt(connection: psycopg.Connection[Any], own: int) -> int:
    """Suspect the entries that dead digesters were digesting; returns the number of entries."""
    found = connection.execute("SELECT DISTINCT digester FROM digest_note WHERE digester <> %b", [own]).fetchall()
    accused = 0
    for (digester,) in found:
        if register(connection, digester):
            with connection.transaction():
                for (entry_ids,) in connection.execute(
                    "DELETE FROM digest_note WHERE digester = %b RETURNING entry_ids", [digester]
                ).fetchall():
                    accused += accuse(connection, entry_ids)
            connection.execute("SELECT pg_advisory_unlock(%b::int, %b::int)", [LOCK_NOTES, digester])
    return accused


# -- suspects --------------------------------------------------------------------------------------------------------


def accuse(connection: psycopg.Connection[Any], entry_ids: Sequence[int]) -> int:
    """Suspect those of these entries that are still in the inbox; returns their number."""
    statement = "INSERT INTO digest_suspect (entry_id) SELECT id FROM inbox WHERE id = ANY(%b::bigint[])"
    return connection.execute(f"{statement} ON CONFLICT DO NOTHING", [list(entry_ids)]).rowcount


def are_waiting(connection: psycopg.Connection[Any]) -> bool:
    """Whether there is a suspect that no process holds. Suspects whose entries are gone are removed."""
    connection.execute(
        "DELETE FROM digest_suspect AS s WHERE NOT EXISTS (SELECT 1 FROM inbox AS i WHERE i.id = s.entry_id)"
    )
    return connection.execute(sql.load("claim_suspect")).fetchone() is not None


def exist(connection: psycopg.Connection[Any]) -> bool:
    """Whether any inbox entry is suspected, held by a process or not."""
    statement = "SELECT EXISTS (SELECT 1 FROM digest_suspect AS s JOIN inbox AS i ON i.id = s.entry_id)"
    row = connection.execute(statement).fetchone()
    return bool(row and row[0])


def claim(cursor: psycopg.Cursor[Any]) -> Suspect | None:
    """The next suspect, without its body; None when there is none, or other processes hold them all."""
    row = cursor.execute(sql.load("claim_suspect")).fetchone()
    return Suspect(Entry(*row[:-4]), *row[-4:]) if row else None


def acquit(cursor: psycopg.Cursor[Any], suspect: Suspect, batch_logs: int) -> None:
    """Logs of a suspect were digested, in this transaction: the next log is innocent, and more are taken at a time."""
    if suspect.most_logs is not None:
        cursor.execute(
            "UPDATE digest_suspect SET strikes = 0, most_logs = %b WHERE entry_id = %b",
            [min(suspect.most_logs * DIVISOR, batch_logs), suspect.entry.id],
        )


def release(cursor: psycopg.Cursor[Any], entry_id: int) -> None:
    """An entry was digested, in this transaction."""
    cursor.execute("DELETE FROM digest_suspect WHERE entry_id = %b", [entry_id])


def strike(connection: psycopg.Connection[Any], entry_id: int, reason: str, batch_logs: int) -> tuple[int, int] | None:
    """A process ended while it digested only this entry. Returns how often, for its next log alone and in all.

    None when the entry is gone.
    """
    values = {"entry_id": entry_id, "reason": reason, "divisor": DIVISOR, "batch_logs": batch_logs}
    return connection.execute(sql.load("strike_suspect"), values).fetchone()


def reject(connection: psycopg.Connection[Any], entry_id: int, reason_type: str, reason: str) -> None:
    """Move a whole body to the rejected logs."""
    values = {"entry_id": entry_id, "reason_type": reason_type, "reason": reason}
    connection.execute(sql.load("reject_entry"), values)
