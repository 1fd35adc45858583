"""Guessing passwords from one address, from many, and so fast that other users might have to wait."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from http.cookies import SimpleCookie
from itertools import count
from multiprocessing import get_context
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.abuse.instance import Instance, running_instance
from benchmarks.client import Client
from benchmarks.installation import HOST, ROOT
from benchmarks.report import Figure, median, percentile

AREA = "Signing in"
OWNER, PASSWORD, WRONG = "owner", "a long phrase that nobody guesses", "not this one"
PARALLEL, SECONDS = 24, 15
# Time for the attackers to start.
STARTING = 3
CHECKED, LET_IN, TOO_MANY = 200, 302, 429


class Verdict(NamedTuple):
    """The result of a password: the status, and how many seconds to wait if it was not checked."""

    status: int
    wait: int


class Visitor:
    """A browser behind one proxy, which appends the browser's address to what it claims."""

    def __init__(self, port: int, address: str = "192.0.2.1") -> None:
        self.connection = http.client.HTTPConnection(HOST, port, timeout=120)
        self.address = address
        self.cookies = SimpleCookie()
        self.token = ""
        self.open_page()

    def open_page(self) -> None:
        page = self._send("GET", None)[2]
        self.token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]  # type: ignore[index]

    def sign_in(self, password: str, name: str = OWNER, claims: str = "", address: str = "") -> Verdict:
        form = {"csrfmiddlewaretoken": self.token, "username": name, "password": password}
        status, wait, _ = self._send("POST", urlencode(form), claims, address)
        return Verdict(status, wait)

    def _send(self, method: str, form: str | None, claims: str = "", address: str = "") -> tuple[int, int, str]:
        known = [f"{name}={morsel.value}" for name, morsel in self.cookies.items() if name != "logsui_session"]
        headers = {
            "Cookie": "; ".join(known),
            "X-Forwarded-For": f"{claims}{address or self.address}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.connection.request(method, "/login/", form, headers)
        answer = self.connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookies.load(value)
        return answer.status, int(answer.getheader("Retry-After") or 0), answer.read().decode()


def measure() -> Iterator[Figure]:
    with running_instance(LOGSUI_PROXIES="1") as instance:
        make_owner()
        at_home = Visitor(instance.installation.port, "203.0.113.1")
        assert at_home.sign_in(PASSWORD).status == LET_IN
        yield from from_one_address(instance)
        yield from from_many_addresses(instance, at_home)
        yield from beside_ingest(instance)


def make_owner() -> None:
    who = ("--username", OWNER, "--email", "owner@example.com")
    command = [sys.executable, "manage.py", "createsuperuser", "--noinput", *who]
    environment = os.environ | {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def from_one_address(instance: Instance) -> Iterator[Figure]:
    port = instance.installation.port
    visitor = Visitor(port)
    verdicts = [visitor.sign_in(WRONG) for _ in range(60)]
    yield Figure(AREA, "60 wrong passwords: looked at", _checked(verdicts), "", most=15)
    right = visitor.sign_in(PASSWORD)
    yield Figure(AREA, "then the right one: let in", float(right.status == LET_IN), "", most=0)
    yield Figure(AREA, "then the right one: told to wait", right.wait, "s", least=1, most=900)
    claimed = [
        Visitor(instance.installation.port, "192.0.2.2").sign_in(WRONG, "ann", f"198.51.100.{n}, ")
        for n in range(1, 31)
    ]
    yield Figure(AREA, "30 wrong with made-up X-Forwarded-For: looked at", _checked(claimed), "", most=15)


def from_many_addresses(instance: Instance, at_home: Visitor) -> Iterator[Figure]:
    visitor = Visitor(instance.installation.port)
    verdicts = [visitor.sign_in(WRONG, address=f"198.51.{n // 250}.{n % 250}") for n in range(300)]
    yield Figure(AREA, "300 addresses, one name: looked at", _checked(verdicts), "", most=45)
    at_home.open_page()
    known = at_home.sign_in(PASSWORD)
    yield Figure(AREA, "then the owner's own browser: let in", float(known.status == LET_IN), "", least=1)
    new = Visitor(instance.installation.port, "203.0.113.2").sign_in(PASSWORD)
    yield Figure(AREA, "then the owner's new browser: told to wait", new.wait, "s", most=3600)


def _checked(verdicts: list[Verdict]) -> int:
    return sum(verdict.status == CHECKED for verdict in verdicts)


# --- beside others --------------------------------------------------------------------------------------------------


def beside_ingest(instance: Instance) -> Iterator[Figure]:
    alone = ingest_for(instance, SECONDS / 2)
    # In a separate process, since threads in this one would slow down the measurement.
    with ProcessPoolExecutor(1, get_context("spawn")) as guessers:
        guessing = guessers.submit(guess_in_parallel, instance.installation.port)
        time.sleep(STARTING)
        beside = ingest_for(instance, SECONDS)
        verdicts = guessing.result()
    refused = sum(verdict.status == TOO_MANY for verdict in verdicts)
    note = f"{_checked(verdicts)} looked at, {refused} told to wait {_longest(verdicts)} s"
    yield Figure(AREA, "ingest alone, median", median(alone), "ms")
    yield Figure(AREA, f"ingest beside {PARALLEL} sign-ins, median", median(beside), "ms", most=50, note=note)
    yield Figure(AREA, f"ingest beside {PARALLEL} sign-ins, 95 of 100", percentile(beside, 0.95), "ms", most=250)
    others = sum(verdict.status not in (CHECKED, TOO_MANY) for verdict in verdicts)
    yield Figure(AREA, "sign-ins with another answer than these", others, "", most=0)


def _longest(verdicts: list[Verdict]) -> int:
    return max((verdict.wait for verdict in verdicts), default=0)


def ingest_for(instance: Instance, seconds: float) -> list[float]:
    """Milliseconds of each POST of a small log, ten per second."""
    client: Client = instance.client()
    found = []
    end = time.monotonic() + seconds
    for number in count():
        if time.monotonic() > end:
            return found
        log = f'{{"request_id": "{seconds}-{number}", "request": {{"messages": []}}}}'
        answer = client.post("/api/v1/logs", log.encode())
        assert answer.status == 202, answer.body
        found.append(answer.milliseconds)
        time.sleep(0.1)
    return found


def guess_in_parallel(port: int) -> list[Verdict]:
    """Send wrong passwords from PARALLEL threads, for longer than the measurement takes."""
    end = time.monotonic() + SECONDS + 2 * STARTING
    names = count(1)
    with ThreadPoolExecutor(PARALLEL) as threads:
        found = list(threads.map(lambda _: _guess(port, names, end), range(PARALLEL)))
    return [verdict for verdicts in found for verdict in verdicts]


def _guess(port: int, names: Iterator[int], end: float) -> list[Verdict]:
    """Use a new name and address each time, so that none is throttled."""
    visitor = Visitor(port)
    verdicts = []
    while time.monotonic() < end:
        number = next(names)
        address = f"100.{64 + number // 62500}.{number // 250 % 250}.{number % 250}"
        verdicts.append(visitor.sign_in(WRONG, f"name{number}", address=address))
        time.sleep(0.1)
    return verdicts
