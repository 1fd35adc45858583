"""`python -m benchmarks`: measure accepting, digesting, storage, pages and memory, and report which targets are met."""

from __future__ import annotations

import argparse
import os
import platform
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import generator
from benchmarks.client import Client
from benchmarks.installation import HOST, Installation, connect
from benchmarks.plain import PlainTable
from benchmarks.report import Figure, Report, median

LONG_SESSION = 2_000
SLUG = "default"


def main() -> int:
    options = parse()
    report = Report()
    started = time.monotonic()
    with ExitStack() as stack:
        run(Installation(options.port or free_port(), stack), options, report)
    report.facts["minutes"] = round((time.monotonic() - started) / 60, 1)
    print(f"\n{report.summary()}, in {report.facts['minutes']} minutes")
    if options.json:
        Path(options.json).write_text(report.as_json() + "\n")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--requests", type=int, default=5_000, metavar="N", help="size of the data set (default: 5000)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--port", type=int, help="port of the web server (default: a free one)")
    parser.add_argument("--no-long-session", action="store_true", help="leave the session of 2,000 requests away")
    options = parser.parse_args()
    if options.requests < 500:
        parser.error("--requests must be at least 500: the sessions that are measured have 6, 40 and 200")
    return options


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return found.getsockname()[1]


def run(installation: Installation, options: argparse.Namespace, report: Report) -> None:
    installation.make()
    import django

    django.setup()
    describe(report, options.requests)
    key = api_key()
    figures = measure_storing(installation, options.requests, key, report)
    keys = generator.pinned_keys(options.requests)
    if not options.no_long_session:
        keys[LONG_SESSION] = store_long_session(installation, key)
    report.add(*figures)
    measure_reading(installation, keys, options.requests, report)
    measure_running(installation, key, report)


def describe(report: Report, requests: int) -> None:
    with connect() as connection:
        names = ("server_version", "shared_buffers", "fsync", "synchronous_commit", "full_page_writes")
        settings = {name: show(connection, name) for name in names}
    lengths = [plan.requests for plan in generator.plans(requests)]
    report.facts |= {
        "requests": requests,
        "sessions": len(lengths),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "postgresql": settings,
    }
    print(
        f"{requests:,} requests in {len(lengths):,} sessions (median {median(lengths):.0f}, longest {max(lengths)}); "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {settings.pop('server_version')} "
        f"({', '.join(f'{name} {value}' for name, value in settings.items())})"
    )


def show(connection: object, name: str) -> str:
    return connection.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[attr-defined]


def api_key() -> str:
    from sessions_app.access.keys import create_key
    from sessions_app.models import Project

    return create_key(Project.objects.get(slug=SLUG), "benchmark", ["ingest", "read"])[1]


def sender(installation: Installation, key: str) -> Client:
    return Client(HOST, installation.port, {"Authorization": f"Bearer {key}"})


def measure_storing(installation: Installation, requests: int, key: str, report: Report) -> list[Figure]:
    """Run the plain table and the product in turns on the same logs. Returns the time of reading the plain table."""
    from benchmarks.accepting import measure_accept_statements
    from benchmarks.digesting import measure_digest, storage_figures
    from benchmarks.otlp import measure_otlp

    with connect() as connection:
        plain = PlainTable(connection)
        with installation.web():
            report.add(*measure_digest(installation, sender(installation, key), plain, requests))
        report.add(*storage_figures(connection, plain, requests))
        report.facts["raw_bytes_per_request"] = round(plain.raw_bytes / requests)
        reading = plain_reading(plain, generator.pinned_keys(requests)[200])
        plain.drop()
    with installation.web():
        report.add(*measure_otlp(installation, sender(installation, key), requests))
    report.add(*measure_accept_statements(key))
    return reading


def plain_reading(plain: PlainTable, key: str) -> list[Figure]:
    """The time to fetch the same session from the plain table, without a page."""
    times = [plain.read_session(key)[1] for _ in range(7)]
    return [
        Figure("Read", "200 requests from the jsonb table", median(times[2:]), "ms", note="documents only, no page")
    ]


def store_long_session(installation: Installation, key: str) -> str:
    from benchmarks.digesting import post_logs, run_digester

    plan = generator.single_plan(LONG_SESSION)
    with installation.web():
        post_logs(sender(installation, key), generator.encoded_session(plan))
        run_digester(installation)
    return generator.session_key(plan)


def measure_reading(installation: Installation, keys: dict[int, str], requests: int, report: Report) -> None:
    from benchmarks.reading import Pages, measure_pages

    with connect() as connection:
        # Autovacuum does this within about a minute.
        connection.execute("ANALYZE")
    with installation.web():
        for figure in measure_pages(Pages(HOST, installation.port, SLUG), keys, requests):
            report.add(figure)


def measure_running(installation: Installation, key: str, report: Report) -> None:
    """Runs `serve` as in production. Measures memory first, while the processes are new, then response times."""
    from django.db import connections

    connections.close_all()
    installation.stop_database()
    for measure in (memory_figures, accept_figures, visible_figures):
        with installation.serve() as top:
            for figure in measure(installation, top, sender(installation, key)):
                report.add(figure)
        connections.close_all()


def memory_figures(installation: Installation, top: object, client: Client) -> Iterator[Figure]:
    from benchmarks.memory import measure_memory

    return measure_memory(top, client, has_database=not installation.server_url)  # type: ignore[arg-type]


def accept_figures(installation: Installation, top: object, client: Client) -> list[Figure]:
    from benchmarks.accepting import measure_accept

    with connect() as connection:
        return measure_accept(client, connection)


def visible_figures(installation: Installation, top: object, client: Client) -> list[Figure]:
    from benchmarks.visible import measure_visible

    return measure_visible(lambda: Client(HOST, installation.port, client.headers))


if __name__ == "__main__":
    sys.exit(main())
