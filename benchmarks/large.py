"""`python -m benchmarks.large`: pages, search and digesting at a million requests.

The data are loaded once (`benchmarks/loading.py`) and kept in the folder for the next run. Times depend on what else
the machine does: the processors' time is beside them, and how long a plain loop takes.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import orjson
import psutil

from benchmarks import generator, loading
from benchmarks.__main__ import LONG_SESSION, SLUG, free_port
from benchmarks.client import Answer, timed
from benchmarks.installation import HOST, Installation, seconds_of
from benchmarks.reading import LATER_PART, Pages
from benchmarks.report import Figure, Report, median, percentile
from benchmarks.statements import scanned

REQUESTS = 1_000_000
TIMES = 9
PAGE, COMMONEST, STATISTICS = 100, 300, 300
# A plain loop, and what it takes on the machine for which the targets are: it tells how fast this one is now.
LOOPS, USUAL_LOOP = 20_000_000, 1.1
ORDERS = ("-last_at", "-first_at", "-cost", "-tokens", "-duration", "-errors", "-requests")
FILTERS = (
    "model:gpt-4.1",
    f"model:{loading.RARE_MODEL}",
    "-model:gpt-4o-mini",
    "status:error",
    "user:user-0003",
    f"user:{loading.RARE_USER}",
    "tag:agent",
    f"tag:{loading.RARE_TAG}",
    "error:timeout",
    "has:tool",
    "-has:tool",
    "finish:tool_calls",
    "metadata.region:eu",
    "provider:nobody",
    "cost:>0.05",
    "cost:>1000",
    "tokens:>1000000",
    "requests:>100",
    "duration:>1h",
    "ttft:>1s",
    "before:2026-06-30",
)
HOT = ("session", "request_log", "part", "request_search", "request_key", "link")


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
        loaded = loading.Loading(installation, options.requests).run()
        print()
        report.add(*loading.digest_figures(loaded))
        measure(installation, loaded, report, re.compile(options.only))
    print(f"\n{report.summary()}")
    if options.json:
        Path(options.json).write_text(report.as_json() + "\n")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS, metavar="N", help=f"default: {REQUESTS:,}")
    parser.add_argument("--folder", default="var/bench-large", help="where the data stay (default: var/bench-large)")
    parser.add_argument("--only", default="", metavar="PATTERN", help="measure only pages whose names match")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    return parser.parse_args()


def loop_seconds(times: int) -> float:
    """The processor's time for so many additions."""
    started, total = time.process_time(), 0
    for number in range(times):
        total += number
    return time.process_time() - started


# --- measuring ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """A page to measure, or with `is_part` what htmx fetches of one."""

    area: str
    name: str
    path: str
    most: float | None
    is_part: bool = False


class Measuring:
    def __init__(self, installation: Installation, web: psutil.Process, pages: Pages) -> None:
        self.installation, self.web, self.pages = installation, web, pages

    def figures(self, page: Page) -> Iterator[Figure]:
        """The median of the time for one page, without what it fetches later; then the tables that it scans."""
        loop = loop_seconds(LOOPS // 10)
        path, client = page.path, self.pages.parts if page.is_part else self.pages.outside
        headers = {"HX-Request": "true"} if page.is_part else {}
        web, database = seconds_of(self.web), self.installation.database_seconds()
        answers = timed(lambda: client.get(path), TIMES, warm_up=1)
        count = TIMES + 1
        web, database = seconds_of(self.web) - web, self.installation.database_seconds() - database
        failed = next((answer for answer in answers if answer.status != 200), None)
        if failed is not None:
            yield Figure(page.area, page.name, None, "ms", most=page.most, note=f"GET {path} answered {failed.status}")
            return
        slowness = (loop + loop_seconds(LOOPS // 10)) / (USUAL_LOOP / 5)
        usual = (web + database) / count * 1e3 / slowness
        work = f"processors: web {web / count * 1e3:.0f}, PostgreSQL {database / count * 1e3:.0f}, usually {usual:.0f}"
        yield _figure(page, answers, work)
        # Statistics look at the newest 100,000 sessions, which may be all that there are.
        with scanned([table for table in HOT if not (page.area == "Statistics" and table == "session")]) as tables:
            self.pages.inside.get(path, headers=headers)
        if tables:
            yield Figure(page.area, f"{page.name}: scanned", len(tables), "", most=0, note=", ".join(sorted(tables)))


def _figure(page: Page, answers: list[Answer], work: str) -> Figure:
    times = [answer.milliseconds for answer in answers]
    size = len(answers[-1].body) / 1000
    note = f"p95 {percentile(times, 0.95):.0f} ms, {work}, {size:,.0f} KB"
    return Figure(page.area, page.name, median(times), "ms", most=page.most, note=note)


def measure(installation: Installation, loaded: loading.Loaded, report: Report, only: re.Pattern[str]) -> None:
    loops = [loop_seconds(LOOPS)]
    with installation.web() as web:
        pages = Pages(HOST, installation.port, SLUG)
        measuring = Measuring(installation, web, pages)
        for page in all_pages(pages, loaded):
            if only.search(f"{page.area}: {page.name}"):
                for figure in measuring.figures(page):
                    report.add(figure)
    loops.append(loop_seconds(LOOPS))
    report.facts["loop_seconds"] = [round(seconds, 2) for seconds in loops]
    print(f"\nA plain loop took {loops[0]:.2f} s before and {loops[1]:.2f} s after; {USUAL_LOOP} is usual")


def all_pages(pages: Pages, loaded: loading.Loaded) -> Iterator[Page]:
    yield from list_pages(pages)
    yield from statistics_pages(pages)
    yield from search_pages(pages, needles(loaded.first_requests))
    yield from session_pages(pages, loaded.first_requests)


def list_pages(pages: Pages) -> Iterator[Page]:
    yield Page("List", "first page", pages.list_path, PAGE)
    for order in ORDERS:
        yield Page("List", f"order {order}", f"{pages.list_path}?order={order}", PAGE)
    for query in FILTERS:
        yield Page("List", query, f"{pages.list_path}?{urlencode({'q': query})}", PAGE)
    for order, query in (("-cost", "model:gpt-4.1"), ("-tokens", "status:error"), ("duration", "user:user-0003")):
        address = urlencode({"q": query, "order": order})
        yield Page("List", f"{query} by {order}", f"{pages.list_path}?{address}", PAGE)
    requests = f"/p/{pages.project.slug}/requests/"
    yield Page("Requests", "first page", requests, PAGE)
    for query in ("status:error", "model:gpt-4.1", f"model:{loading.RARE_MODEL}", "has:tool", loading.RARE_WORD, "the"):
        most = COMMONEST if query == "the" else PAGE
        yield Page("Requests", query, f"{requests}?{urlencode({'q': query})}", most)


def statistics_pages(pages: Pages) -> Iterator[Page]:
    """The regions of the list that a browser fetches after the rows."""
    for query in ("", "model:gpt-4.1", "status:error", loading.RARE_WORD, "the"):
        address = f"{pages.list_path}?{urlencode({'q': query})}" if query else pages.list_path
        page = pages.outside.get(address).body.decode()
        links = {pages.resolved(unescape(first or second)) for first, second in LATER_PART.findall(page)}
        for link in sorted(links):
            yield Page("Statistics", query or "of all", link, STATISTICS, is_part=True)


def search_pages(pages: Pages, wanted: dict[str, tuple[str, float]]) -> Iterator[Page]:
    for name, (query, most) in wanted.items():
        yield Page("Search", name, f"{pages.list_path}?{urlencode({'q': query})}", most)


def session_pages(pages: Pages, requests: int) -> Iterator[Page]:
    keys = {length: f"{key}-copy-01" for length, key in generator.pinned_keys(requests).items()}
    keys[LONG_SESSION] = generator.session_key(generator.single_plan(LONG_SESSION))
    for length, key in keys.items():
        most = PAGE if length < LONG_SESSION else None
        yield Page("Session", f"{length:,} requests", pages.session_path(key), most)
    for word in ("the", "zyxwvutsrq"):
        find = f"{pages.session_path(keys[LONG_SESSION])}find/?find={word}"
        yield Page("Session", f"find {word} in {LONG_SESSION:,} requests", find, PAGE, is_part=True)


def needles(requests: int) -> dict[str, tuple[str, float]]:
    """What is searched for, each with its target: what was planted, and what sessions in the middle say."""
    plans = generator.plans(requests)
    middle = plans[len(plans) // 2 :]
    said = words_of(next(plan for plan in middle if plan.language == "english" and not plan.is_agent))
    japanese = words_of(next(plan for plan in middle if plan.language == "japanese" and not plan.is_agent))
    agent = next(plan for plan in middle if plan.is_agent and plan.requests > 5)
    call_id = next(filter(None, map(first_call_id, generator.session_logs(agent))))
    return {
        "a rare word": (loading.RARE_WORD, PAGE),
        "a rare phrase": (f'"{loading.RARE_PHRASE}"', PAGE),
        "a rare prefix": (f"{loading.RARE_PREFIX}*", PAGE),
        "a rare CJK substring": (loading.RARE_CJK, PAGE),
        "an id": (call_id.removeprefix("call_"), PAGE),
        "the beginning of an id": (f"{call_id.removeprefix('call_')[:9]}*", PAGE),
        "a phrase of common words": (f'"{" ".join(said.split()[2:6])}"', PAGE),
        "a CJK substring of common pairs": (japanese.replace(" ", "")[3:9], PAGE),
        "a rare word and the commonest": (f"{loading.RARE_WORD} the", PAGE),
        "a word of the middle": (max(said.split(), key=len).strip(".,!?"), COMMONEST),
        "the commonest word": ("the", COMMONEST),
        "two common words": ("the invoice", COMMONEST),
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
