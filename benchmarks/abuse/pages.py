"""Checks the time and size of every kind of page, for each kind of hostile log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from benchmarks.abuse import page_inputs
from benchmarks.abuse.instance import running_instance
from benchmarks.client import Client
from benchmarks.memory import processes_of
from benchmarks.report import Figure

AREA = "Pages of hostile logs"
PROJECT = "attacker"
MOST_SECONDS, MOST_MEGABYTES = 2.0, 2.0
# An input that takes longer to digest is not measured.
DIGEST_SECONDS = 300
# Links from a page to its next part, and to content that has its own page.
_NEXT = re.compile(r'class="more-btn" href="([^"]+)"')
_OUTLINE = re.compile(r'class="outline-more"><a href="([^"]+)"')
MOST_FOLLOWED = 8
# How often each page is fetched. The best time counts, because the machine may be busy.
TIMES = 2
ANSWER_SECONDS = 30


@dataclass
class Worst:
    """The slowest and the largest response for an input, and the most CPU time for one response."""

    server: psutil.Process
    seconds: float = 0.0
    worked: float = 0.0
    slowest: str = ""
    megabytes: float = 0.0
    largest: str = ""
    failures: list[str] = field(default_factory=list)

    def note(self, address: str, status: int, seconds: float, worked: float, size: int) -> None:
        name = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16}", "…", address)[:60]
        if status != 200:
            self.failures.append(f"{status} {name}")
        self.worked = max(self.worked, worked)
        if seconds > self.seconds:
            self.seconds, self.slowest = seconds, name
        if size / 1e6 > self.megabytes:
            self.megabytes, self.largest = size / 1e6, name


def measure(inputs: tuple[str, ...] = ()) -> Iterator[Figure]:
    """Send each input, wait until it is digested, and fetch every kind of page."""
    with running_instance(LOGSUI_MAX_BODY_BYTES="64 MiB") as instance:
        browser, program = patient(instance.browser()), instance.client(PROJECT)
        for name, make in page_inputs.INPUTS.items():
            if inputs and name not in inputs:
                continue
            yield from measure_input(instance.process, browser, program, name, make())


def measure_input(
    server: psutil.Process, browser: Client, program: Client, name: str, sent: page_inputs.Sent
) -> Iterator[Figure]:
    """The figures for one input."""
    # A new connection, since the server closes connections that were idle for long.
    size, program = 0, patient(program)
    for address, body in sent.bodies:
        size += len(body)
        answer = program.post(address, body)
        assert answer.status in (200, 202), (name, answer.status, answer.body[:500])
    session = wait_for(program, sent)
    if session is None:
        yield Figure(AREA, name, None, "s", note=f"not digested within {DIGEST_SECONDS} s")
        return
    worst, browser = Worst(server), patient(browser)
    for address in addresses(program, session):
        if worst.seconds < ANSWER_SECONDS:
            browser = fetch(browser, address, worst)
    for address in (f"/api/v1/sessions?trace_id={sent.key}", f"/api/v1/sessions/{session}/requests?limit=1000"):
        fetch(patient(program), address, worst)
    notes = f"{size / 1e6:.2f} MB of logs"
    yield Figure(AREA, f"{name}: slowest", worst.seconds, "s", most=MOST_SECONDS, note=f"{worst.slowest}, {notes}")
    yield Figure(AREA, f"{name}: most work", worst.worked, "s", most=MOST_SECONDS, note="processor time of one page")
    yield Figure(AREA, f"{name}: largest", worst.megabytes, "MB", most=MOST_MEGABYTES, note=worst.largest)
    failed = ", ".join(sorted(set(worst.failures))[:3])
    yield Figure(AREA, f"{name}: pages that failed", len(worst.failures), "", most=0, note=failed)


def wait_for(program: Client, sent: page_inputs.Sent) -> str | None:
    """The id of the session once it has all requests; None if they do not arrive."""
    deadline = time.monotonic() + DIGEST_SECONDS
    while time.monotonic() < deadline:
        found = json.loads(program.get(f"/api/v1/sessions?trace_id={sent.key}").body)["results"]
        if found and found[0]["request_count"] + found[0]["step_count"] >= sent.count:
            return found[0]["id"]
        time.sleep(0.5)
    return None


def addresses(program: Client, session: str) -> list[str]:
    """Every kind of page of a session, with its first and last request."""
    page = f"/p/{PROJECT}/sessions/{session}/"
    answer = json.loads(program.get(f"/api/v1/sessions/{session}/requests?limit=1000&include=steps").body)
    logs = [row["id"] for row in answer["results"]]
    found = [
        page,
        f"{page}?from=2",
        f"{page}steps/?after=1",
        f"/p/{PROJECT}/sessions/",
        f"/admin/sessions_app/session/{session}/change/",
    ]
    for log in dict.fromkeys((logs[0], logs[len(logs) // 2], logs[-1])):
        own = f"/p/{PROJECT}/requests/{log}/"
        found += [own, f"{own}?input=new", f"{own}?raw=log", f"{own}?raw=request", f"{own}changes/"]
        found += [f"/admin/sessions_app/requestlog/{log}/change/"]
    return [*found, "/admin/sessions_app/session/", "/admin/sessions_app/requestlog/"]


def fetch(client: Client, address: str, worst: Worst) -> Client:
    """Fetch a page and its continuations. Returns the client, or a new one if a response did not arrive."""
    following = [address]
    seen: set[str] = set()
    while following and len(seen) <= MOST_FOLLOWED:
        current = following.pop(0)
        if current in seen:
            continue
        seen.add(current)
        before = web_seconds(worst.server)
        try:
            answers = [client.get(current)]
            answers += [client.get(current) for _ in range(TIMES - 1) if answers[0].milliseconds < 10_000]
        except TimeoutError:
            worst.note(current, 0, ANSWER_SECONDS, ANSWER_SECONDS, 0)
            return patient(client)
        worked = (web_seconds(worst.server) - before) / len(answers)
        fastest = min(answer.milliseconds for answer in answers) / 1000
        worst.note(current, answers[0].status, fastest, worked, len(answers[0].body))
        if len(answers[0].body) < 20_000_000:
            following += links(answers[0].body.decode("utf-8", "replace"), address.partition("?")[0])
    return client


def web_seconds(server: psutil.Process) -> float:
    """CPU time of the web processes of an instance, unaffected by other load on the machine."""
    seconds = 0.0
    for process in processes_of(server)["web"]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


def links(text: str, base: str) -> list[str]:
    """The URLs that show more of a page."""
    found = (
        link.replace("&amp;", "&").partition("#")[0] for link in (*_NEXT.findall(text)[:3], *_OUTLINE.findall(text))
    )
    return [link if link.startswith("/") else base + link for link in found if "download" not in link]


def patient(client: Client) -> Client:
    """The same client with a new connection, which waits for a response only as long as a person would."""
    new = Client(client.connection.host, client.connection.port, client.headers)
    new.connection.timeout = ANSWER_SECONDS
    return new
