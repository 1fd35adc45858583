"""Makes many sessions of few inside PostgreSQL: rows of digested sessions are copied under other ids.

A copy is what the digester would have stored for the same conversation with another session key, other ids of its
requests, an earlier time, and in some copies another model and user. Its keys and its row of the search index follow
the same rules, so pages, API and search treat it as any session. Only link keys that stand for content are made up:
if copies shared them, one message would have many answers.
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import psycopg

# The copies end where the originals do, and go back so far.
SPAN = timedelta(days=180)
# One copy in so many has another model, and as many, but not the same, have another user.
OTHER_MODEL, OTHER_USER = 4, 2
STAGED = {
    "session": "SELECT o.*, o.id AS copied FROM session AS o",
    "request_log": "SELECT o.*, o.session_id AS copied FROM request_log AS o",
    "part": "SELECT o.*, o.session_id AS copied FROM part AS o",
    "request_search": "SELECT o.*, o.session_id AS copied FROM request_search AS o",
    "request_key": "SELECT o.*, r.request_id, o.session_id AS copied FROM request_key AS o"
    " JOIN request_log AS r ON r.id = o.request_log_id",
    "link": "SELECT o.*, r.request_id, k.session_id AS copied FROM link AS o"
    " JOIN request_key AS k ON k.id = o.key_id JOIN request_log AS r ON r.id = k.request_log_id",
}
MAP = """
CREATE TABLE bench.copy (
    number int, bucket date, copied uuid, id uuid, session_key text, shift interval, mark text,
    model_mark text, user_mark text, facts int[], words int[]
)
"""
# A hexadecimal UUID has the 8 bytes of the session in its first 18 characters.
_MOVED = "(left(m.id::text, 18) || right(o.{name}::text, 18))::uuid"
# What `ids.request_key` does for the id of the copied request.
_KEY = (
    "left(encode(sha256(%(project_key)s || '\\x64656475706500'::bytea"
    " || convert_to(o.request_id || m.mark, 'UTF8')), 'hex'), 32)::uuid"
)
# The last four bytes tell of which kind a link key is.
_LINK = "(left(md5({name}::text || m.mark), 24) || right({name}::text, 8))::uuid"
_LINKS = f"ARRAY(SELECT {_LINK.format(name='x')} FROM unnest(o.{{name}}) WITH ORDINALITY AS t (x, n) ORDER BY n)"
_OPTIONAL_LINK = f"CASE WHEN o.{{name}} IS NOT NULL THEN {_LINK.format(name='o.{name}')} END"
_MODEL = "o.{name} || CASE WHEN o.{name} <> '' THEN m.model_mark ELSE '' END"
# Each hash once.
_FACTS = (
    "array_replace(array_replace(o.words, m.facts[1], m.facts[2]), m.facts[3], m.facts[4])"
    " || ARRAY(SELECT x FROM unnest(m.words) AS x WHERE x <> ALL(o.words))"
)
# How columns of a copy are made, `{name}` being the column; times are shifted, all others are the same.
CHANGED: dict[str, dict[str, str]] = {
    "session": {
        "id": "m.id",
        "session_key": "m.session_key",
        "models": "ARRAY(SELECT x || m.model_mark FROM unnest(o.models) AS x)",
        "users": "ARRAY(SELECT x || m.user_mark FROM unnest(o.users) AS x)",
        "buckets": "ARRAY[m.bucket]",
    },
    "request_log": {
        "id": _MOVED,
        "session_id": "m.id",
        "bucket": "m.bucket",
        "request_id": "o.request_id || m.mark",
        "trace_id": "m.session_key",
        "model": _MODEL,
        "requested_model": _MODEL,
        "end_user": "o.end_user || m.user_mark",
        "provides": _LINKS,
        "needs": _LINKS,
        **dict.fromkeys(("previous", "attempt", "call", "task"), _OPTIONAL_LINK),
    },
    "part": {"id": _MOVED, "session_id": "m.id", "bucket": "m.bucket"},
    "request_search": {"id": _MOVED, "session_id": "m.id", "bucket": "m.bucket", "words": _FACTS},
    "request_key": {"id": _KEY, "request_log_id": _MOVED, "session_id": "m.id", "bucket": "m.bucket"},
    "link": {"token": _LINK.format(name="o.token"), "key_id": _KEY},
}


@dataclass(frozen=True, slots=True)
class Original:
    """A digested session of which copies are made."""

    id: uuid.UUID
    key: str
    requests: int
    first_at: datetime
    last_at: datetime
    model: str
    user: str


@dataclass(frozen=True, slots=True)
class Copy:
    """The `number`th copy of a session, so much earlier."""

    number: int
    original: Original
    shift: timedelta

    @property
    def mark(self) -> str:
        """What its key and the ids of its requests have more."""
        return f"-copy-{self.number:02d}"

    @property
    def key(self) -> str:
        return self.original.key + self.mark

    @property
    def bucket(self) -> date:
        return (self.original.first_at - self.shift).date().replace(day=1)

    @property
    def model_mark(self) -> str:
        return f"-v{self.number:02d}" if self.number % OTHER_MODEL == 1 else ""

    @property
    def user_mark(self) -> str:
        return self.mark if self.number % OTHER_USER == 0 else ""


def originals(connection: psycopg.Connection[Any], project_id: int) -> list[Original]:
    """The sessions of a project that can be copied. Each has one model and one user, and lies in one month."""
    statement = """
        SELECT id, session_key, request_count, first_at, last_at, models[1], users[1] FROM session
        WHERE project_id = %s AND cardinality(models) = 1 AND cardinality(users) = 1 AND cardinality(buckets) = 1
            AND session_key IS NOT NULL AND session_key !~ '-copy-'
        ORDER BY id
    """
    return [Original(*row) for row in connection.execute(statement, [project_id])]


def planned(found: Sequence[Original], requests: int) -> list[Copy]:
    """Copies of these sessions with so many requests in all, spread over SPAN."""
    chance = random.Random(1)
    rounds = -(-requests // max(sum(one.requests for one in found), 1))
    copies: list[Copy] = []
    missing = requests
    for number in range(1, rounds + 1):
        for one in chance.sample(found, len(found)):
            if missing > 0 and one.requests <= missing:
                copies.append(Copy(number, one, _shift(one, SPAN * (number - chance.random()) / rounds)))
                missing -= one.requests
    return copies


def _shift(original: Original, shift: timedelta) -> timedelta:
    """Such that the copy lies in one month, too."""
    end = original.last_at - shift
    month = end.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return shift if original.first_at - shift >= month else shift + (end - month) + timedelta(seconds=1)


# --- what is copied -------------------------------------------------------------------------------------------------


def stage(connection: psycopg.Connection[Any], project: Any, copies: Iterable[Copy]) -> None:
    """Put the originals' rows aside, and note which copies are to be made."""
    forget(connection)
    connection.execute("CREATE SCHEMA bench")
    for table, select in STAGED.items():
        connection.execute(f"CREATE UNLOGGED TABLE bench.{table} AS {select}")
    connection.execute(MAP)
    with connection.cursor() as cursor, cursor.copy("COPY bench.copy FROM STDIN") as writing:
        for copy in copies:
            writing.write_row(_noted(project, copy))
    connection.execute("ANALYZE bench.copy")
    connection.execute("CREATE TABLE bench.staged ()")


def is_staged(connection: psycopg.Connection[Any]) -> bool:
    """Whether a run that was interrupted has staged everything."""
    row = connection.execute("SELECT to_regclass('bench.staged') IS NOT NULL").fetchone()
    return bool(row and row[0])


def _noted(project: Any, copy: Copy) -> tuple[Any, ...]:
    from sessions_app import ids
    from sessions_app.content.search_facts import fact
    from sessions_app.content.search_text import hashes_of, terms_of

    original = copy.original
    facts = [
        *(fact("model", original.model), fact("model", original.model + copy.model_mark)),
        *(fact("user", original.user), fact("user", original.user + copy.user_mark)),
    ]
    hashes = [hashes_of([one], project.pk)[0] for one in facts]
    words = hashes_of(terms_of(copy.mark), project.pk)
    session_id = ids.session_id(project.key, copy.key)
    return (
        *(copy.number, copy.bucket, original.id, session_id, copy.key, copy.shift, copy.mark),
        *(copy.model_mark, copy.user_mark, hashes, words),
    )


def make(connection: psycopg.Connection[Any], project: Any, copies: Sequence[Copy]) -> None:
    """Make the copies, a month in each transaction; those of which some exist are left out."""
    from sessions_app.storage.buckets import PARTITIONED, ensure_partitions

    bar = Bar(sum(copy.original.requests for copy in copies))
    for bucket, some in groupby(sorted(copies, key=lambda copy: (copy.bucket, copy.number)), lambda copy: copy.bucket):
        counts = {number: list(each) for number, each in groupby(some, lambda copy: copy.number)}
        if not _is_made(connection, bucket):
            ensure_partitions([bucket])
            with connection.transaction():
                connection.execute("SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL work_mem = '256MB'")
                with _loading(connection, PARTITIONED, bucket, bar):
                    for number, each in counts.items():
                        _copy_rows(connection, project, bucket, number)
                        bar.add(sum(one.original.requests for one in each), f"{bucket:%Y-%m}")
        else:
            bar.add(sum(one.original.requests for each in counts.values() for one in each), f"{bucket:%Y-%m}")


def forget(connection: psycopg.Connection[Any]) -> None:
    """Remove what was staged."""
    connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")


def _is_made(connection: psycopg.Connection[Any], bucket: date) -> bool:
    statement = """
        SELECT EXISTS (SELECT FROM session WHERE id = (SELECT id FROM bench.copy WHERE bucket = %s LIMIT 1))
    """
    row = connection.execute(statement, [bucket]).fetchone()
    return bool(row and row[0])


def _copy_rows(connection: psycopg.Connection[Any], project: Any, bucket: date, number: int) -> None:
    from sessions_app.storage.buckets import PARTITIONED, partition_name

    params = {"project_key": project.key.bytes, "bucket": bucket, "number": number}
    for table, changed in CHANGED.items():
        names, values = zip(*_columns(connection, table, changed), strict=True)
        target = partition_name(table, bucket) if table in PARTITIONED else table
        connection.execute(
            f"INSERT INTO {target} ({', '.join(names)}) SELECT {', '.join(values)} FROM bench.{table} AS o"
            " JOIN bench.copy AS m USING (copied) WHERE m.bucket = %(bucket)s AND m.number = %(number)s",
            params,
        )


def _columns(connection: psycopg.Connection[Any], table: str, changed: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The columns of a table, and how each is made."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s",
        [table],
    )
    for name, kind in rows.fetchall():
        if name in changed:
            yield name, changed[name].format(name=name)
        else:
            yield name, f"o.{name} - m.shift" if kind.startswith("timestamp") else f"o.{name}"


@contextmanager
def _loading(connection: psycopg.Connection[Any], tables: Sequence[str], bucket: date, bar: Bar) -> Iterator[None]:
    """Take partitions out without their indexes; make these anew, and put the partitions back, at the end."""
    from sessions_app.storage.buckets import next_month, partition_name

    made_anew: list[str] = []
    for table in tables:
        child = partition_name(table, bucket)
        connection.execute(f"ALTER TABLE {table} DETACH PARTITION {child}")
        made_anew += _without_indexes(connection, child)
    yield
    for statement in made_anew:
        bar.say(f"{bucket:%Y-%m}: indexes")
        connection.execute(statement)
    for table in tables:
        bounds = f"FOR VALUES FROM ('{bucket}') TO ('{next_month(bucket)}')"
        connection.execute(f"ALTER TABLE {table} ATTACH PARTITION {partition_name(table, bucket)} {bounds}")


def _without_indexes(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """Drop the indexes of a table. Returns the statements that make them again."""
    statement = """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname, pg_get_constraintdef(c.oid)
        FROM pg_index AS i LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype = 'p'
        WHERE i.indrelid = %s::regclass
    """
    again = []
    for index, definition, constraint, key in connection.execute(statement, [table]).fetchall():
        if constraint:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
            again.append(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {key}")
        else:
            connection.execute(f"DROP INDEX {index}")
            again.append(definition)
    return again


class Bar:
    """Shows on stderr how many of the requests are copied."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.started = total, 0, time.monotonic()

    def add(self, requests: int, what: str) -> None:
        self.done += requests
        self.say(what)

    def say(self, what: str) -> None:
        share = self.done / max(self.total, 1)
        seconds = time.monotonic() - self.started
        text = f"[{'#' * round(share * 40):<40}] {self.done:,} requests copied in {seconds:.0f} s, {what}"
        print(f"\r{text:<110}", end="", file=sys.stderr, flush=True)
