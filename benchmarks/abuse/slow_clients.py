"""500 slow connections of each kind, without a key. Other clients must not notice them, and they must be closed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from benchmarks.abuse.instance import Instance, running_instance
from benchmarks.accepting import one_payload
from benchmarks.client import Answer, Client
from benchmarks.installation import HOST
from benchmarks.memory import MEGABYTE, processes_of, proportional_bytes
from benchmarks.report import Figure, median, percentile

CONNECTIONS = 500
SAMPLES = 60
STALL_SECONDS = 10
HEALTH_MS, INGEST_MS = 100, 50
# How much memory 500 of them may add to all web processes together.
MEMORY_MB = 100
POST = b"POST /api/v1/logs HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
PAGE = b"GET /static/css/logsui.css HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass(frozen=True)
class Kind:
    """What a connection sends first, and then each second. `ends`: whether the server must close it in time."""

    name: str
    first: bytes
    drop: bytes = b""
    ends: bool = True
    small_buffer: bool = False


KINDS = (
    Kind("silence", b""),
    Kind("half a head", b"GET / HTTP/1.1\r\nHo"),
    Kind("a head in drops", b"GET / HTTP/1.1\r\nX: ", b"x"),
    Kind("half a body of 14 KB", POST + b"Content-Length: 14000\r\n\r\n" + b"x" * 7_000),
    Kind("half a body of 4 MB", POST + b"Content-Length: 4000000\r\n\r\n" + b"x" * 200_000),
    Kind("a body in drops", POST + b"Content-Length: 14000\r\n\r\n", b"x"),
    Kind("a chunk in drops", POST + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n", b"x"),
    # Several requests at once, 500 KB in total: more than the kernel buffers of unread responses.
    Kind("answers that are not read", PAGE * 10, small_buffer=True),
    Kind("idle after a request", GET, ends=False),
)


@dataclass
class Crowd:
    """Open connections of several kinds. A thread keeps sending their data."""

    port: int
    members: list[tuple[Kind, socket.socket]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def join(self, kind: Kind) -> None:
        client = socket.socket()
        if kind.small_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(30)
        client.connect((HOST, self.port))
        client.sendall(kind.first)
        self.members.append((kind, client))
        # These requests cause real work for a moment, which is not measured here.
        time.sleep(0.02 if kind.small_buffer else 0)

    def send_drops(self) -> None:
        while not self.stopping.wait(1):
            for kind, client in self.members:
                try:
                    client.send(kind.drop)
                except OSError:
                    continue

    def open(self) -> int:
        return sum(is_open(client) for _, client in self.members)

    def leave(self) -> None:
        self.stopping.set()
        for _, client in self.members:
            client.close()


def is_open(client: socket.socket) -> bool:
    """The state in the kernel, without reading: 1 is TCP_ESTABLISHED."""
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0] == 1


@contextmanager
def crowd(port: int, kinds: tuple[Kind, ...]) -> Iterator[Crowd]:
    crowd = Crowd(port)
    try:
        for number in range(CONNECTIONS):
            crowd.join(kinds[number % len(kinds)])
        threading.Thread(target=crowd.send_drops, daemon=True).start()
        yield crowd
    finally:
        crowd.leave()


def measure() -> Iterator[Figure]:
    with running_instance(
        LOGSUI_STALL_SECONDS=str(STALL_SECONDS), DJANGO_SETTINGS_MODULE="benchmarks.abuse.waiting_settings"
    ) as instance:
        payloads = count()
        yield from others(instance, "no slow connection", payloads)
        for kind in KINDS:
            yield from measure_crowd(instance, kind.name, (kind,), payloads)
        yield from measure_crowd(instance, "all of these", KINDS, payloads)
        yield from measure_waiting(instance, payloads)


def measure_crowd(instance: Instance, name: str, kinds: tuple[Kind, ...], payloads: Iterator[int]) -> Iterator[Figure]:
    before = web_memory(instance)
    with crowd(instance.installation.port, kinds) as slow:
        joined = time.monotonic()
        yield from others(instance, name, payloads)
        more = (web_memory(instance) - before) / MEGABYTE
        yield Figure(area(name), "memory of the web processes, more than before", more, "MB", most=MEMORY_MB)
        yield from measure_end(name, slow, joined)


def area(name: str) -> str:
    return f"{CONNECTIONS} connections: {name}"


def measure_end(name: str, slow: Crowd, joined: float) -> Iterator[Figure]:
    staying = sum(not kind.ends for kind, _ in slow.members)
    limit = STALL_SECONDS * 6
    while slow.open() > staying and time.monotonic() - joined < limit:
        time.sleep(0.2)
    if staying < len(slow.members):
        ended = time.monotonic() - joined
        yield Figure(area(name), "closed after", ended, "s", most=STALL_SECONDS * 2 + 2)
    if staying:
        yield Figure(area(name), "still open, as they may be", slow.open(), "connections", least=staying)


def measure_waiting(instance: Instance, payloads: Iterator[int]) -> Iterator[Figure]:
    """Pages of a signed-in browser that wait for updates."""
    name = "pages that wait for news"
    cookie = instance.browser().headers["Cookie"]
    asked = f"GET /waiting HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode()
    before = web_memory(instance)
    with crowd(instance.installation.port, (Kind(name, asked, ends=False),)) as pages:
        connected = sum(b": connected" in page.recv(4_096) for _, page in pages.members)
        yield Figure(area(name), "connected", connected, "pages", least=CONNECTIONS)
        yield from others(instance, name, payloads)
        more = (web_memory(instance) - before) / MEGABYTE
        yield Figure(area(name), "memory of the web processes, more than before", more, "MB", most=MEMORY_MB)
        time.sleep(STALL_SECONDS * 2)
        yield Figure(area(name), "still open", pages.open(), "pages", least=CONNECTIONS)


def others(instance: Instance, name: str, payloads: Iterator[int]) -> Iterator[Figure]:
    """Response times of normal clients: a new connection for each /healthz, and a kept one for logs of 14 KB."""
    program = instance.client()
    health = sampled(lambda: Client(HOST, instance.installation.port).get("/healthz"), 200)
    ingest = sampled(lambda: program.post("/api/v1/litellm", one_payload(payloads)), 200)
    for what, times, most in (("/healthz", health, HEALTH_MS), ("ingest", ingest, INGEST_MS)):
        worst = f"worst of {SAMPLES}: {max(times):.0f} ms"
        yield Figure(area(name), f"{what}, median", median(times), "ms", most=most)
        yield Figure(area(name), f"{what}, 19 of 20 within", percentile(times, 0.95), "ms", most=most, note=worst)


def sampled(send: Callable[[], Answer], status: int) -> list[float]:
    times = []
    for _ in range(SAMPLES):
        time.sleep(0.02)
        answer = send()
        if answer.status != status:
            raise RuntimeError(f"answered {answer.status}: {answer.body[:300]!r}")
        times.append(answer.milliseconds)
    return times


def web_memory(instance: Instance) -> int:
    return sum(map(proportional_bytes, processes_of(instance.process)["web"]))
