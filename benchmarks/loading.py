"""Loads the data set of a million requests: digests some of it, multiplies that, plants what is searched for, and
digests some more, which shows what digesting costs when there is so much already.

It is kept in the folder. What was interrupted goes on with the step that was not done.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import orjson

from benchmarks import generator, multiply
from benchmarks.__main__ import LONG_SESSION, SLUG, api_key, sender, store_long_session
from benchmarks.digesting import post_logs, run_digester
from benchmarks.installation import Installation, connect
from benchmarks.report import Figure

# So many are posted while no digester runs, then digested; only that is timed.
LOGS_PER_TURN = 10_000
# So many are digested at first, and so many after all others are stored.
FIRST, LAST = 50_000, 20_000
LAST_UNTIL = generator.UNTIL + timedelta(hours=8)
PLANTED = 12
RARE_WORD, RARE_PHRASE, RARE_PREFIX, RARE_CJK = "quokkaberries", "seven violet narwhals", "zyglo", "量子猫喫茶"
RARE_MODEL, RARE_USER, RARE_TAG = "heron-2", "user-planted", "planted"


@dataclass
class Turn:
    """The seconds that it took to digest LOGS_PER_TURN logs, and of the processors of digester and PostgreSQL."""

    seconds: float
    digester: float
    postgresql: float


@dataclass
class Loaded:
    """How much of the data set is stored; kept in a file."""

    requests: int
    first: list[Turn] = field(default_factory=list)
    is_copied: bool = False
    is_planted: bool = False
    last: list[Turn] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path, requests: int) -> Loaded:
        if not file.exists():
            return cls(requests)
        stored = json.loads(file.read_text())
        if stored["requests"] != requests:
            raise SystemExit(f"{file.parent} has {stored['requests']:,} requests: choose another --folder")
        turns = {name: [Turn(**turn) for turn in stored[name]] for name in ("first", "last")}
        return cls(**(stored | turns))

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)))

    @property
    def first_requests(self) -> int:
        return min(FIRST, self.requests // 4)

    @property
    def last_requests(self) -> int:
        return min(LAST, self.requests // 10)


class Loading:
    def __init__(self, installation: Installation, requests: int) -> None:
        self.installation = installation
        self.file = installation.folder / "loaded.json"
        self.loaded = Loaded.read(self.file, requests)

    def run(self) -> Loaded:
        """Do what is missing."""
        loaded = self.loaded
        self.digest(loaded.first, loaded.first_requests, seed=1, until=generator.UNTIL)
        if not loaded.is_copied:
            self.copy()
            loaded.is_copied = True
            loaded.write(self.file)
            with connect() as connection:
                multiply.forget(connection)
        if not loaded.is_planted:
            key = api_key()
            store_long_session(self.installation, key)
            with self.installation.web():
                post_logs(sender(self.installation, key), planted_logs())
            run_digester(self.installation)
            self.vacuum()
            loaded.is_planted = True
            loaded.write(self.file)
        self.digest(loaded.last, loaded.last_requests, seed=2, until=LAST_UNTIL)
        return loaded

    def digest(self, turns: list[Turn], requests: int, seed: int, until: datetime) -> None:
        """Digest logs in turns, of which some are done. The start of the digester is not counted."""
        size = min(LOGS_PER_TURN, requests)
        if len(turns) * size >= requests:
            return
        client_key = api_key()
        start = min(run_digester(self.installation) for _ in range(2))
        documents = generator.encoded_logs(requests, seed, until)
        said(f"digesting {requests:,} requests")
        all(True for _ in islice(documents, len(turns) * size))
        with self.installation.web():
            while turn := list(islice(documents, size)):
                # The server closes a connection on which nothing is sent while the digester runs.
                post_logs(sender(self.installation, client_key), (document for _, document in turn))
                self.installation.checkpoint()
                turns.append(self.timed(start))
                self.loaded.write(self.file)
                said(f"digested {len(turns) * size:,} of {requests:,} requests, {size / turns[-1].seconds:,.0f}/s")

    def timed(self, start: float) -> Turn:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        database = self.installation.database_seconds()
        seconds = run_digester(self.installation) - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        digester = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Turn(seconds, digester, self.installation.database_seconds() - database)

    def copy(self) -> None:
        from sessions_app.models import Project

        project = Project.objects.get(slug=SLUG)
        others = self.loaded.first_requests + self.loaded.last_requests + LONG_SESSION + PLANTED
        with connect() as connection:
            connection.execute("SET synchronous_commit = off")
            copies = multiply.planned(multiply.originals(connection, project.pk), self.loaded.requests - others)
            said(f"{len(copies):,} sessions to copy")
            if not multiply.is_staged(connection):
                multiply.stage(connection, project, copies)
            multiply.make(connection, project, copies)

    def vacuum(self) -> None:
        said("VACUUM ANALYZE")
        with connect() as connection:
            connection.execute("VACUUM ANALYZE")


def said(text: str) -> None:
    print(f"\r{text:<110}", end="", file=sys.stderr, flush=True)


def planted_logs() -> Iterator[bytes]:
    """Logs that say what is searched for, spread over the time of all."""
    for number in range(PLANTED):
        started_at = generator.UNTIL - multiply.SPAN * ((number + 0.5) / PLANTED)
        said = f"{RARE_WORD} and {RARE_PHRASE}: {RARE_PREFIX}dactyl{number} {RARE_CJK}の予約"
        message = {"role": "assistant", "content": f"Noted: {RARE_WORD}."}
        yield orjson.dumps(
            {
                "request_id": f"req_planted_{number}",
                "trace_id": f"planted-{number}",
                "started_at": started_at.isoformat(),
                "ended_at": (started_at + timedelta(seconds=2)).isoformat(),
                "model": RARE_MODEL,
                "user": RARE_USER,
                "tags": [RARE_TAG],
                "status": "success",
                "request": {"model": RARE_MODEL, "messages": [{"role": "user", "content": said}]},
                "response": {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]},
            }
        )


def digest_figures(loaded: Loaded) -> list[Figure]:
    first, last = cost_of(loaded.first, loaded.first_requests), cost_of(loaded.last, loaded.last_requests)
    figures = [
        Figure("Digest", name, 1 / cost.seconds, "requests/s", note=note_of(cost))
        for name, cost in (
            (f"the first {loaded.first_requests:,} requests", first),
            (f"the last of {loaded.requests:,}", last),
        )
    ]
    work = (first.digester + first.postgresql) / (last.digester + last.postgresql)
    note = f"by the processors' time {work:.2f}"
    return [*figures, Figure("Digest", "last to first", first.seconds / last.seconds, "", least=0.8, note=note)]


def cost_of(turns: Sequence[Turn], requests: int) -> Turn:
    """Of one request."""
    return Turn(
        *(sum(getattr(turn, name) for turn in turns) / requests for name in ("seconds", "digester", "postgresql"))
    )


def note_of(cost: Turn) -> str:
    return f"processors: digester {cost.digester * 1e6:,.0f}, PostgreSQL {cost.postgresql * 1e6:,.0f} µs a request"
