"""`python -m benchmarks.large`: pages, search and digesting at a million requests.

The data are loaded once, through the inbox and the digester, and kept in the folder for the next run. A run that was
interrupted goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

import orjson

from benchmarks import generator
from benchmarks.__main__ import LONG_SESSION, SLUG, api_key, free_port, sender, store_long_session
from benchmarks.client import timed
from benchmarks.digesting import post_logs, run_digester
from benchmarks.installation import HOST, Installation, connect
from benchmarks.reading import LATER_PART, Pages
from benchmarks.report import Figure, Report, median, percentile

REQUESTS = 1_000_000
# So many are posted while no digester runs, then digested; only that is timed.
LOGS_PER_TURN = 10_000
# The rates of the first and of the last requests are compared, so many of each.
COMPARED = 50_000
TIMES = 9
PAGE, COMMONEST, STATISTICS = 100, 300, 300
ORDERS = ("-last_at", "-first_at", "-cost", "-tokens", "-duration", "-errors", "-requests")
FILTERS = (
    "model:gpt-4.1",
    "status:error",
    "user:user-0003",
    "tag:agent",
    "error:timeout",
    "has:tool",
    "finish:tool_calls",
    "metadata.region:eu",
    "cost:>0.05",
    "tokens:>1000000",
    "requests:>100",
    "duration:>1h",
)


def main() -> int:
    options = parse()
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    report = Report()
    with ExitStack() as stack:
        installation = Installation(free_port(), stack, folder)
        installation.make()
        import django

        django.setup()
        loaded = Loaded(folder / "loaded.json", options.requests)
        load(installation, loaded)
        report.add(*digest_figures(loaded))
        measure(installation, loaded, report)
    print(f"\n{report.summary()}")
    if options.json:
        Path(options.json).write_text(report.as_json() + "\n")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS, metavar="N", help=f"default: {REQUESTS:,}")
    parser.add_argument("--folder", default="var/bench-large", help="where the data stay (default: var/bench-large)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    return parser.parse_args()


# --- loading --------------------------------------------------------------------------------------------------------


class Loaded:
    """How much of the data set is stored, and the seconds that each turn took to digest; kept in a file."""

    def __init__(self, file: Path, requests: int) -> None:
        self.file, self.requests = file, requests
        stored = json.loads(file.read_text()) if file.exists() else {}
        if stored and stored["requests"] != requests:
            raise SystemExit(f"{file.parent} has data for {stored['requests']:,} requests: choose another --folder")
        self.seconds: list[float] = stored.get("seconds", [])
        self.has_long_session: bool = stored.get("has_long_session", False)

    @property
    def count(self) -> int:
        return len(self.seconds) * LOGS_PER_TURN

    def save(self) -> None:
        kept = {"requests": self.requests, "seconds": self.seconds, "has_long_session": self.has_long_session}
        self.file.write_text(json.dumps(kept))


def load(installation: Installation, loaded: Loaded) -> None:
    """Store what is missing. The start of the digester is not counted."""
    if loaded.count >= loaded.requests and loaded.has_long_session:
        return
    key = api_key()
    start = min(run_digester(installation) for _ in range(3))
    documents = generator.encoded_logs(loaded.requests)
    skip(documents, loaded.count)
    began, already = time.monotonic(), loaded.count
    with installation.web():
        while turn := list(islice(documents, LOGS_PER_TURN)):
            # The server closes a connection on which nothing is sent while the digester runs.
            post_logs(sender(installation, key), (document for _, document in turn))
            installation.checkpoint()
            loaded.seconds.append(run_digester(installation) - start)
            loaded.save()
            show_progress(loaded, (time.monotonic() - began) / (loaded.count - already))
    if not loaded.has_long_session:
        store_long_session(installation, key)
        loaded.has_long_session = True
        loaded.save()
    with connect() as connection:
        print("\nVACUUM ANALYZE", flush=True)
        connection.execute("VACUUM ANALYZE")


def skip(documents: Iterator[object], count: int) -> None:
    for number, _ in enumerate(islice(documents, count), start=1):
        if number % LOGS_PER_TURN == 0:
            print(f"\rgoing on after {number:,} requests", end="", file=sys.stderr, flush=True)


def show_progress(loaded: Loaded, seconds_each: float) -> None:
    share = min(loaded.count / loaded.requests, 1)
    left = seconds_each * max(loaded.requests - loaded.count, 0) / 60
    bar = "#" * round(share * 40)
    rate = LOGS_PER_TURN / loaded.seconds[-1]
    text = f"\r[{bar:<40}] {loaded.count:,} requests, digested at {rate:,.0f}/s, {left:.0f} min left "
    print(text, end="", file=sys.stderr, flush=True)


def digest_figures(loaded: Loaded) -> list[Figure]:
    turns = min(COMPARED // LOGS_PER_TURN, len(loaded.seconds) // 2) or 1
    first, last = sum(loaded.seconds[:turns]), sum(loaded.seconds[-turns:])
    logs = turns * LOGS_PER_TURN
    note = "each while the data were loaded"
    return [
        Figure("Digest", f"the first {logs:,} requests", logs / first, "requests/s", note=note),
        Figure("Digest", f"the last of {loaded.requests:,}", logs / last, "requests/s", note=note),
        Figure("Digest", "last to first", first / last, "", least=0.8),
    ]


# --- measuring ------------------------------------------------------------------------------------------------------


def measure(installation: Installation, loaded: Loaded, report: Report) -> None:
    with installation.web():
        pages = Pages(HOST, installation.port, SLUG)
        report.add(*list_figures(pages))
        report.add(*statistics_figures(pages))
        report.add(*search_figures(pages, needles(loaded.requests)))
        report.add(*session_figures(pages, loaded.requests))


def measured(pages: Pages, area: str, name: str, path: str, most: float | None) -> Figure:
    """The median of the time for one page, without what it fetches later."""
    answers = timed(lambda: pages.outside.get(path), TIMES)
    failed = next((answer for answer in answers if answer.status != 200), None)
    if failed is not None:
        return Figure(area, name, None, "ms", most=most, note=f"GET {path} answered {failed.status}")
    times = [answer.milliseconds for answer in answers]
    note = f"p95 {percentile(times, 0.95):.0f} ms, {len(answers[-1].body) / 1000:,.0f} KB"
    return Figure(area, name, median(times), "ms", most=most, note=note)


def list_figures(pages: Pages) -> Iterable[Figure]:
    yield measured(pages, "List", "first page", pages.list_path, PAGE)
    for order in ORDERS:
        yield measured(pages, "List", f"order {order}", f"{pages.list_path}?order={order}", PAGE)
    for query in FILTERS:
        yield measured(pages, "List", query, f"{pages.list_path}?{urlencode({'q': query})}", PAGE)
    requests = f"/p/{pages.project.slug}/requests/"
    yield measured(pages, "List", "requests, first page", requests, PAGE)
    yield measured(pages, "List", "requests, status:error", f"{requests}?q=status:error", PAGE)


def statistics_figures(pages: Pages) -> Iterable[Figure]:
    """The regions of the list that a browser fetches after the rows."""
    page = pages.outside.get(pages.list_path).body.decode()
    for first, second in LATER_PART.findall(page):
        link = pages.resolved((first or second).replace("&amp;", "&"))
        yield measured(pages, "Statistics", link.rsplit("/p/", 1)[-1][:50], link, STATISTICS)


def search_figures(pages: Pages, wanted: dict[str, tuple[str, float]]) -> Iterable[Figure]:
    for name, (query, most) in wanted.items():
        yield measured(pages, "Search", name, f"{pages.list_path}?{urlencode({'q': query})}", most)


def session_figures(pages: Pages, requests: int) -> Iterable[Figure]:
    keys = generator.pinned_keys(requests)
    keys[LONG_SESSION] = generator.session_key(generator.single_plan(LONG_SESSION))
    for length, key in keys.items():
        most = PAGE if length < LONG_SESSION else None
        yield measured(pages, "Session", f"{length:,} requests", pages.session_path(key), most)
    find = f"{pages.session_path(keys[LONG_SESSION])}?find=the"
    yield measured(pages, "Session", f"find in {LONG_SESSION:,} requests", find, PAGE)


def needles(requests: int) -> dict[str, tuple[str, float]]:
    """What is searched for, each with its target: of sessions in the middle of the data set."""
    plans = generator.plans(requests)
    middle = plans[len(plans) // 2 :]
    said = words_of(next(plan for plan in middle if plan.language == "english" and not plan.is_agent))
    japanese = words_of(next(plan for plan in middle if plan.language == "japanese" and not plan.is_agent))
    agent = next(plan for plan in middle if plan.is_agent and plan.requests > 5)
    call_id = next(filter(None, map(first_call_id, generator.session_logs(agent))))
    return {
        "a rare word": (call_id.removeprefix("call_"), PAGE),
        "a phrase": (f'"{" ".join(said.split()[2:6])}"', PAGE),
        "a prefix": (f"{call_id.removeprefix('call_')[:9]}*", PAGE),
        "a CJK substring": (japanese.replace(" ", "")[3:9], PAGE),
        "the commonest word": ("the", COMMONEST),
        "a word that nobody said": ("zyxwvutsrq", PAGE),
    }


def words_of(plan: generator.Plan) -> str:
    """The first text of the user."""
    log = orjson.loads(orjson.dumps(next(iter(generator.session_logs(plan)))))
    return next(message["content"] for message in log["request"]["messages"] if message["role"] == "user")


def first_call_id(log: generator.Log) -> str:
    calls = (call for message in log["request"]["messages"] for call in message.get("tool_calls") or ())
    return next((call["id"] for call in calls), "")


if __name__ == "__main__":
    sys.exit(main())
