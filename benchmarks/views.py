"""`python -m benchmarks.views [COMMIT]`: what the views of a session and the list cost, beside another commit.

The work tree and the commit answer in turns, page by page, on the same data, so that other load affects both. The
time is what Django needs, without HTTP. The commit must have the migrations of the work tree.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks import generator
from benchmarks.__main__ import LONG_SESSION, SLUG, api_key, free_port, sender, store_long_session
from benchmarks.digesting import post_logs, run_digester
from benchmarks.installation import ROOT, Installation, connect
from benchmarks.large import USUAL_LOOP, loop_seconds
from benchmarks.reading import MOST_OF_SESSION, VIEWS
from benchmarks.rendering_diff import checked_out
from benchmarks.report import median

LIST_MOST = 15
FIRST, GROWN, NEXT = "first", "grown", "next"
LOOPS = 5_000_000
LOGS_AT_ONCE = 10_000
# The last requests of the session are written again, and it has another revision, as if it had grown by them.
GROW = """
WITH last AS (
    SELECT id, bucket FROM request_log WHERE session_id = %(id)s ORDER BY started_at DESC LIMIT 3
), written AS (
    UPDATE request_log SET output_preview = output_preview FROM last
    WHERE request_log.id = last.id AND request_log.bucket = last.bucket
)
UPDATE session SET revision = revision + 1 WHERE id = %(id)s
"""


@dataclass(frozen=True)
class Timed:
    """One answer: its milliseconds, those of them that the process worked, and its statements and bytes."""

    wall: float
    work: float
    statements: int
    size: int


class Tree:
    """The code of one commit: a process that answers all pages, and one that starts a new process for each
    (`benchmarks/view_worker.py`).
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.lasting, self.new = (_started(folder, stack) for _ in range(2))

    def ask(self, path: str, warm: str = "") -> Timed:
        """The answer to a page; with `warm` of a process that has seen only that page."""
        process = self.new if warm else self.lasting
        assert process.stdin
        assert process.stdout
        print(path, warm, file=process.stdin, flush=True)
        words = process.stdout.readline().split()
        if len(words) != 4:
            raise SystemExit(f"{path} was not answered")
        return Timed(float(words[0]), float(words[1]), int(words[2]), int(words[3]))


def _started(folder: Path, stack: ExitStack) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / "view_worker.py")]
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return process


@dataclass(frozen=True)
class Page:
    name: str
    path: str
    # The same view of another session, for what a process does only once; and the id of the session.
    warm: str
    most: float
    session: str = ""


def main() -> int:
    options = parse()
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        installation = Installation(free_port(), stack, folder)
        installation.make()
        import django

        django.setup()
        load(installation, options.requests)
        trees = {"work tree": Tree(ROOT, stack)}
        if options.commit:
            before = stack.enter_context(checked_out(options.commit))
            trees = {options.commit: Tree(before, stack), **trees}
        measure(trees, options.requests, re.compile(options.only), options.times)
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.views", description=__doc__)
    parser.add_argument("commit", nargs="?", help="what the work tree is compared with")
    parser.add_argument("--requests", type=int, default=5_000, metavar="N", help="size of the data set (default: 5000)")
    parser.add_argument("--folder", default="var/bench-views", help="where the data stay (default: var/bench-views)")
    parser.add_argument("--only", default="", metavar="PATTERN", help="measure only what has such a name")
    parser.add_argument("--times", type=int, default=9, help="how often each tree answers each page (default: 9)")
    return parser.parse_args()


def load(installation: Installation, requests: int) -> None:
    """Store the data, unless an earlier run did."""
    marker = installation.folder / "loaded.txt"
    if marker.exists():
        if marker.read_text() != str(requests):
            raise SystemExit(f"{installation.folder} has {marker.read_text()} requests: choose another --folder")
        return
    key = api_key()
    logs = (document for _, document in generator.encoded_logs(requests))
    # In pieces, because an inbox has a limit.
    while piece := list(islice(logs, LOGS_AT_ONCE)):
        with installation.web():
            post_logs(sender(installation, key), piece)
        run_digester(installation)
    store_long_session(installation, key)
    with connect() as connection:
        connection.execute("VACUUM ANALYZE")
    marker.write_text(str(requests))


def all_pages(requests: int) -> Iterator[Page]:
    from sessions_app.ids import session_id
    from sessions_app.models import Project

    project = Project.objects.get(slug=SLUG)
    keys = generator.pinned_keys(requests) | {LONG_SESSION: generator.session_key(generator.single_plan(LONG_SESSION))}
    sessions = {length: str(session_id(project.key, key)) for length, key in keys.items()}
    others = [plan for plan in generator.plans(requests) if generator.session_key(plan) not in keys.values()]
    agent = max((plan for plan in others if plan.is_agent), key=lambda plan: plan.requests)
    other = session_id(project.key, generator.session_key(agent))
    address = f"/p/{SLUG}/sessions/"
    yield Page("list, first page", address, "", LIST_MOST)
    for length, most in MOST_OF_SESSION.items():
        for view, query in VIEWS.items():
            warm, path = (f"{address}{one}/{query}" for one in (other, sessions[length]))
            yield Page(f"{length:,}{view or ', conversation'}", path, warm, most, sessions[length])


def measure(trees: dict[str, Tree], requests: int, only: re.Pattern[str], times: int) -> None:
    print(f"{'page':<38}{'state':<8}" + "".join(f"{name[:16] + ': work':>24}{'wall':>7}" for name in trees), end="")
    print(f"{'ratio':>8}{'most':>6}{'loop':>6}   statements, KB")
    for page in all_pages(requests):
        for state in (FIRST, GROWN, NEXT) if page.session else (NEXT,):
            if only.search(f"{page.name} {state}"):
                _print(page, state, *_in_turns(trees, page, state, times))


def _in_turns(trees: dict[str, Tree], page: Page, state: str, times: int) -> tuple[dict[str, list[Timed]], float]:
    """The answers of each tree, and how much longer a plain loop takes than on the machine of the targets."""
    found: dict[str, list[Timed]] = {name: [] for name in trees}
    loops = []
    for tree in trees.values() if state != FIRST else ():
        tree.ask(page.path)
        tree.ask(page.path)
    for _ in range(times):
        loops.append(loop_seconds(LOOPS) * (20_000_000 / LOOPS) / USUAL_LOOP)
        for name, tree in trees.items():
            if state == GROWN:
                grow(page.session)
            found[name].append(tree.ask(page.path, page.warm if state == FIRST else ""))
    return found, median(loops)


def grow(session: str) -> None:
    with connect() as connection:
        connection.execute(GROW, {"id": session})


def _print(page: Page, state: str, answers: dict[str, list[Timed]], loop: float) -> None:
    columns = "".join(f"{_work(found):>24.1f}{median([one.wall for one in found]):>7.1f}" for found in answers.values())
    first, last = next(iter(answers.values())), list(answers.values())[-1]
    ratio = f"{_work(last) / _work(first):>8.2f}" if len(answers) > 1 else " " * 8
    told = f"{last[-1].statements}, {last[-1].size / 1000:,.0f}"
    print(f"{page.name:<38}{state:<8}{columns}{ratio}{page.most:>6.0f}{loop:>6.2f}   {told}", flush=True)


def _work(answers: Sequence[Timed]) -> float:
    return median([one.work for one in answers])


if __name__ == "__main__":
    sys.exit(main())
