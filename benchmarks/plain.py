"""The yardstick: the same documents, raw `COPY` into one `jsonb` table that is indexed by session."""

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import psycopg

CREATE = """
CREATE TABLE plain_document (session_key text NOT NULL, document jsonb NOT NULL);
CREATE INDEX plain_document_session ON plain_document (session_key);
"""
COPY = "COPY plain_document (session_key, document) FROM STDIN (FORMAT binary)"
READ = "SELECT document FROM plain_document WHERE session_key = %s"
BATCH = 500
# Binary COPY, PostgreSQL 18 "COPY File Formats": signature, flags, header extension; tuples; -1.
HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
TRAILER = struct.pack("!h", -1)
JSONB_VERSION = b"\x01"


@dataclass(frozen=True)
class PlainFigures:
    """What the plain table took: requests, seconds of COPY alone, bytes on disk with TOAST and index, bytes of JSON."""

    requests: int
    seconds: float
    table_bytes: int
    raw_bytes: int

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def bytes_per_request(self) -> float:
        return self.table_bytes / self.requests


def encode_row(session_key: str, document: bytes) -> bytes:
    key = session_key.encode()
    return struct.pack("!hi", 2, len(key)) + key + struct.pack("!i", len(document) + 1) + JSONB_VERSION + document


def batches(documents: Iterator[tuple[str, bytes]], size: int) -> Iterator[tuple[int, int, bytes]]:
    """(rows, bytes of their documents, one COPY's bytes)."""
    while batch := list(islice(documents, size)):
        rows = b"".join(encode_row(session_key, document) for session_key, document in batch)
        yield len(batch), sum(len(document) for _, document in batch), HEADER + rows + TRAILER


def copy_batch(connection: psycopg.Connection, payload: bytes) -> float:
    """Seconds that one COPY took with its commit."""
    started = time.perf_counter()
    with connection.transaction(), connection.cursor().copy(COPY) as copy:
        copy.write(payload)
    return time.perf_counter() - started


def table_bytes(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_total_relation_size('plain_document')").fetchone()
    assert row is not None
    return row[0]


def store(connection: psycopg.Connection, documents: Iterator[tuple[str, bytes]]) -> PlainFigures:
    """Create the table and COPY everything in transactions of 500 rows, as many as the digester takes at most.

    Only COPY and commit are timed; encoding and generating are not.
    """
    connection.execute(CREATE)
    requests, seconds, raw_bytes = 0, 0.0, 0
    for rows, size, payload in batches(documents, BATCH):
        seconds += copy_batch(connection, payload)
        requests += rows
        raw_bytes += size
    return PlainFigures(requests, seconds, table_bytes(connection), raw_bytes)


def read_session(connection: psycopg.Connection, session_key: str) -> tuple[int, float]:
    """(requests, milliseconds) to fetch one session's documents, for comparison with a page."""
    started = time.perf_counter()
    documents = connection.execute(READ, [session_key]).fetchall()
    return len(documents), (time.perf_counter() - started) * 1000
