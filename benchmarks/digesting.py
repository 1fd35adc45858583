"""How fast one digester process stores what is in the inbox, and how many bytes it takes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import islice

import psycopg

from benchmarks import generator
from benchmarks.client import Client
from benchmarks.installation import Installation
from benchmarks.plain import PlainTable
from benchmarks.report import Figure, median

# The size of a client's batch.
LOGS_PER_BODY = 10
# COPY and digester take turns on the same logs, so that other load affects both. Ten full batches, so that at the end
# none of the processes waits long for the other.
LOGS_PER_TURN = 5_000
TABLES = ("session", "request_log", "part", "request_search", "request_key", "link")
# A table that is not partitioned has no tree; the root of one that is holds nothing itself.
SIZES = """
SELECT root.name, sum(pg_total_relation_size(coalesce(tree.relid, root.name::regclass)))::bigint
FROM unnest(%s::text[]) AS root (name)
LEFT JOIN LATERAL pg_partition_tree(root.name::regclass) AS tree ON true
GROUP BY root.name
"""


def measure_digest(installation: Installation, client: Client, plain: PlainTable, requests: int) -> list[Figure]:
    """Post logs without a digester, then let one process digest them. Its start is not counted."""
    start = median([run_digester(installation) for _ in range(3)])
    documents = generator.encoded_logs(requests)
    seconds = 0.0
    while turn := list(islice(documents, LOGS_PER_TURN)):
        installation.checkpoint()
        plain.store(turn)
        post_logs(client, (document for _, document in turn))
        installation.checkpoint()
        seconds += run_digester(installation) - start
    rate = requests / seconds
    return [
        Figure("Digest", "raw COPY into one jsonb table", plain.requests_per_second, "requests/s"),
        Figure(
            "Digest",
            "the digester, with its two processes",
            rate,
            "requests/s",
            note=f"start of {start:.1f} s not counted",
        ),
        Figure("Digest", "ratio to COPY", rate / plain.requests_per_second, "", least=1.5),
    ]


def post_logs(client: Client, documents: Iterable[bytes]) -> None:
    """Post native logs in arrays. Raises RuntimeError if one is not accepted."""
    for body in generator.array_bodies(documents, LOGS_PER_BODY):
        answer = client.post("/api/v1/logs", body)
        if answer.status != 202:
            raise RuntimeError(f"POST /api/v1/logs answered {answer.status}: {answer.body[:300]!r}")


def run_digester(installation: Installation) -> float:
    """Seconds that a process needs to empty the inbox, including its start."""
    started = time.perf_counter()
    installation.manage("digest", "--until-empty")
    return time.perf_counter() - started


def table_sizes(connection: psycopg.Connection) -> dict[str, int]:
    """The size of each table in bytes, with partitions, TOAST and indexes."""
    return dict(connection.execute(SIZES, [list(TABLES)]).fetchall())


def storage_figures(connection: psycopg.Connection, plain: PlainTable, requests: int) -> list[Figure]:
    sizes = table_sizes(connection)
    total = sum(sizes.values()) / requests
    without_search = total - sizes["request_search"] / requests
    each = ", ".join(f"{name} {size / requests:,.0f}" for name, size in sorted(sizes.items(), key=lambda row: -row[1]))
    base = plain.bytes_per_request
    return [
        Figure("Storage", "jsonb table", base, "bytes/request"),
        Figure("Storage", "all tables but search", without_search, "bytes/request", note=each),
        Figure("Storage", "all tables with search", total, "bytes/request"),
        Figure("Storage", "share of jsonb, search aside", without_search / base, "", most=1 / 6.5),
        Figure("Storage", "share of jsonb, with search", total / base, "", most=1 / 3.3),
    ]
