"""`python -m benchmarks.linking`: what it costs to find a request's session without an id."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice

import orjson
import psycopg

from benchmarks import generator
from benchmarks.__main__ import free_port
from benchmarks.digesting import LOGS_PER_BODY
from benchmarks.installation import Installation, connect
from benchmarks.report import Figure, Report

LOGS_PER_TURN = 1_000
# One link each of the three that a request without an id has on average.
FILL = """
INSERT INTO request_key (id, request_log_id, session_id, bucket, content_hash)
SELECT md5('key' || n)::uuid, md5('log' || n)::uuid, md5('session' || n / 10)::uuid, '2026-11-01', '\\x00'
FROM generate_series(1, %(requests)s) AS n;
INSERT INTO link (token, role, started_at, key_id)
SELECT md5(role || 'token' || n)::uuid, role, '2026-11-20'::timestamptz + n * interval '1 ms', md5('key' || n)::uuid
FROM generate_series(1, %(requests)s) AS n, unnest(ARRAY[1, 4, 7]) AS role;
ANALYZE link; ANALYZE request_key;
"""


def main() -> int:
    options = parse()
    report = Report()
    with ExitStack() as stack:
        installation = Installation(free_port(), stack)
        installation.make()
        import django

        django.setup()
        report.add(*digest_figures(options.requests))
        with connect() as connection:
            report.add(*look_up_figures(connection, options.stored))
    print(f"\n{report.summary()}")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linking", description=__doc__)
    parser.add_argument("--requests", type=int, default=4_000, help="logs to digest with and without ids")
    parser.add_argument("--stored", type=int, default=1_000_000, help="requests in the tables when one is looked up")
    return parser.parse_args()


def digest_figures(requests: int) -> Iterator[Figure]:
    """The same logs with their ids and without, in turns, each in a project of its own."""
    from sessions_app.ingest.accept import accept_body
    from sessions_app.ingest.digest import digest_until_empty
    from sessions_app.models import Project, Session

    projects = {name: Project.objects.create(slug=name) for name in ("with-ids", "without-ids")}
    seconds = dict.fromkeys(projects, 0.0)
    documents = (document for _, document in generator.encoded_logs(requests))
    while turn := list(islice(documents, LOGS_PER_TURN)):
        for name, project in projects.items():
            logs = turn if name == "with-ids" else [without_ids(document) for document in turn]
            for body in generator.array_bodies(logs, LOGS_PER_BODY):
                accept_body(project.pk, "native", body)
            started = time.perf_counter()
            digest_until_empty()
            seconds[name] += time.perf_counter() - started
    rates = {name: requests / taken for name, taken in seconds.items()}
    sessions = {name: Session.objects.filter(project_id=project.pk).count() for name, project in projects.items()}
    for name, rate in rates.items():
        yield Figure("Digest", name.replace("-", " "), rate, "requests/s", note=f"{sessions[name]:,} sessions")
    yield Figure("Digest", "without ids to with ids", rates["without-ids"] / rates["with-ids"], "", least=0.8)


def without_ids(document: bytes) -> bytes:
    log = json.loads(document)
    for name in ("trace_id", "session_id"):
        log.pop(name, None)
    return orjson.dumps(log)


def look_up_figures(connection: psycopg.Connection, stored: int) -> Iterator[Figure]:
    """What PostgreSQL reads to find the request that another one continues, among so many."""
    statement = find_one()
    connection.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
    with connection.transaction():
        connection.execute("TRUNCATE link, request_key")
        psycopg.ClientCursor(connection).execute(FILL, {"requests": stored})
    row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}").fetchone()
    assert row
    plan = row[0][0]["Plan"]
    scans = list(index_scans(plan))
    times = sorted(timed(connection, statement) for _ in range(50))
    names = " and ".join(scan["Index Name"] for scan in scans if scan["Actual Loops"])
    yield Figure("Look-up", "requests stored", stored, "")
    yield Figure("Look-up", "index scans for one inferred link", sum(s["Actual Loops"] for s in scans), "", 2, 0, names)
    yield Figure("Look-up", "tables read from end to end", sum(1 for n in nodes(plan) if is_scan(n)), "", 0)
    yield Figure("Look-up", "pages touched", plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], "of 8 KB")
    yield Figure("Look-up", "time", times[25] * 1000, "ms", note="round trip, median of 50")


def find_one() -> str:
    """The digester's own statement, with one question filled in."""
    from sessions_app.storage import sql

    text = sql.load("find_links")
    text = text if isinstance(text, str) else text.decode()
    values = {
        "n": "ARRAY[0]",
        "link_key": "ARRAY[md5('4token500')]",
        "role": "ARRAY[4]",
        "after": "ARRAY['2026-11-19']",
        "after_key": "ARRAY['00000000-0000-0000-0000-000000000000']",
        "before": "ARRAY['2026-11-21']",
        "before_key": "ARRAY['00000000-0000-0000-0000-000000000000']",
        "most": "ARRAY[1]",
        "first": "ARRAY[false]",
    }
    for name, value in values.items():
        text = text.replace(f"%({name})b", value)
    return text


def nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def index_scans(plan: dict) -> Iterator[dict]:
    return (node for node in nodes(plan) if "Index Name" in node)


def is_scan(node: dict) -> bool:
    return node["Node Type"] == "Seq Scan"


def timed(connection: psycopg.Connection, statement: str) -> float:
    started = time.perf_counter()
    connection.execute(statement)
    return time.perf_counter() - started


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logsui.settings")
    sys.exit(main())
