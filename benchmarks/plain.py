"""The yardstick: the same documents, by raw `COPY` into one `jsonb` table with an index by session."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence

import psycopg

CREATE = """
CREATE TABLE plain_document (session_key text NOT NULL, document jsonb NOT NULL);
CREATE INDEX plain_document_session ON plain_document (session_key);
"""
COPY = "COPY plain_document (session_key, document) FROM STDIN (FORMAT binary)"
READ = "SELECT document FROM plain_document WHERE session_key = %s"
# Rows in one transaction: the maximum of the digester.
BATCH = 500
# Binary COPY, PostgreSQL 18 "COPY File Formats": signature, flags, header extension; tuples; -1.
HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
TRAILER = struct.pack("!h", -1)
JSONB_VERSION = b"\x01"

Keyed = tuple[str, bytes]  # (session key, JSON document)


class PlainTable:
    """The table and its figures: requests, seconds of COPY and commit, and bytes of JSON."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.requests = 0
        self.seconds = 0.0
        self.raw_bytes = 0
        connection.execute(CREATE)

    def store(self, documents: Sequence[Keyed]) -> None:
        """Store them by COPY. Encoding is not timed."""
        for payload in payloads(documents):
            started = time.perf_counter()
            with self.connection.transaction(), self.connection.cursor().copy(COPY) as copy:
                copy.write(payload)
            self.seconds += time.perf_counter() - started
        self.requests += len(documents)
        self.raw_bytes += sum(len(document) for _, document in documents)

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def bytes_per_request(self) -> float:
        """Bytes on disk, with TOAST and the index."""
        row = self.connection.execute("SELECT pg_total_relation_size('plain_document')").fetchone()
        assert row is not None
        return row[0] / self.requests

    def read_session(self, session_key: str) -> tuple[int, float]:
        """(requests, milliseconds) to fetch the documents of one session, to compare with a page."""
        started = time.perf_counter()
        documents = self.connection.execute(READ, [session_key]).fetchall()
        return len(documents), (time.perf_counter() - started) * 1000

    def drop(self) -> None:
        self.connection.execute("DROP TABLE plain_document")


def payloads(documents: Sequence[Keyed]) -> Iterator[bytes]:
    """The bytes of one COPY for each batch."""
    for first in range(0, len(documents), BATCH):
        rows = b"".join(encode_row(key, document) for key, document in documents[first : first + BATCH])
        yield HEADER + rows + TRAILER


def encode_row(session_key: str, document: bytes) -> bytes:
    key = session_key.encode()
    return struct.pack("!hi", 2, len(key)) + key + struct.pack("!i", len(document) + 1) + JSONB_VERSION + document
