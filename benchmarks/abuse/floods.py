"""How long a log waits while another project floods the inbox, and who is refused when the inbox is full."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.abuse import joining
from benchmarks.abuse.instance import Instance, running_instance
from benchmarks.client import Answer
from benchmarks.report import Figure, median

MOST_SECONDS = 2.0
REQUESTS = 20_000
PROBE_PAUSE_SECONDS = 0.2
DEADLINE_SECONDS = 300
SMALL_INBOX = "64 MiB"


def measure() -> Iterator[Figure]:
    with running_instance() as instance:
        for name, attack in ATTACKS.items():
            yield _delay(instance, name, attack)
    with running_instance(LOGSUI_INBOX_MAX_BYTES=SMALL_INBOX, LOGSUI_DIGEST_PROCESSES="1") as instance:
        yield from _shares(instance)


# --- the delay of another project's log -----------------------------------------------------------------------------


def _delay(instance: Instance, name: str, attack: Callable[[Instance], None]) -> Figure:
    with _probing(instance) as waits:
        attack(instance)
        _until_digested(instance)
    note = f"median {median(waits):.2f} s of {len(waits)} logs"
    return Figure("Another project's log", f"stored, during {name}", max(waits), "s", most=MOST_SECONDS, note=note)


@contextmanager
def _probing(instance: Instance) -> Iterator[list[float]]:
    """Post logs of another project repeatedly, and record how many seconds each takes until it is stored."""
    waits: list[float] = []
    stop = threading.Event()

    def probe() -> None:
        client = instance.client("bystander")
        while not stop.is_set():
            body = joining.body_of("native", [{"request": {"model": "m", "messages": [_user(time.time_ns())]}}])
            answer = client.post("/api/v1/logs?wait=true", body)
            waits.append(answer.milliseconds / 1000 if answer.status == 200 else DEADLINE_SECONDS)
            time.sleep(PROBE_PAUSE_SECONDS)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()


def _until_digested(instance: Instance) -> None:
    """Wait until everything from the attacker is stored, or the time is up."""
    client = instance.client("attacker")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline and _metric(client.get("/metrics"), "logsui_inbox_bytes") > 10_000:
        time.sleep(0.2)


def _metric(answer: Answer, name: str) -> float:
    lines = answer.body.decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), 0.0)


def _user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": f"question {text}"}


def _post(instance: Instance, bodies: Iterator[bytes], path: str = "/api/v1/logs") -> list[Answer]:
    """Raises RuntimeError if one is not accepted, because then nothing would be measured."""
    client = instance.client("attacker")
    answers = [client.post(path, body) for body in bodies]
    refused = next((answer for answer in answers if answer.status not in (200, 202)), None)
    if refused:
        raise RuntimeError(f"{path} answered {refused.status}: {refused.body[:300]!r}")
    return answers


def backward_chain(instance: Instance) -> None:
    logs = [joining.response_chain(number) for number in range(REQUESTS)][::-1]
    _post(instance, (json.dumps(logs[i : i + 50]).encode() for i in range(0, REQUESTS, 50)))


def small_bodies(instance: Instance) -> None:
    bodies = (json.dumps({"request": {"messages": [_user(n)]}, "session_id": f"s{n % 97}"}) for n in range(REQUESTS))
    _post(instance, (body.encode() for body in bodies))


def one_large_body(instance: Instance) -> None:
    logs = [{"request": {"messages": [_user(f"{n} " + "word " * 1_250)]}, "session_id": "large"} for n in range(9_500)]
    _post(instance, iter([json.dumps(logs).encode()]))


def one_large_log(instance: Instance) -> None:
    _post(instance, iter([json.dumps({"request": {"messages": [_user(n) for n in range(400_000)]}}).encode()]))


def deep_json(instance: Instance) -> None:
    """Logs nested as deeply as allowed, 5,000 in each body."""
    deep = b",".join([b"[" * 850 + b"]" * 850] * 5_000)
    body = b'{"request": {"messages": [{"role": "user", "content": "x"}], "deep": [' + deep + b"]}}"
    _post(instance, (body for _ in range(10)))


def deletion(instance: Instance) -> None:
    """Deletes a session as large as the one of the backward chain."""
    client = instance.client("attacker")
    sessions = json.loads(client.get("/api/v1/sessions?limit=100").body)["results"]
    largest = max(sessions, key=lambda session: session["request_count"])
    answer = client.send("DELETE", f"/api/v1/sessions/{largest['id']}", None, {})
    if answer.status != 200:
        raise RuntimeError(f"DELETE answered {answer.status}: {answer.body[:300]!r}")


ATTACKS = {
    f"a chain of {REQUESTS:,} sent backwards": backward_chain,
    f"{REQUESTS:,} small bodies": small_bodies,
    "one body of 60 MB": one_large_body,
    "one log of 400,000 messages": one_large_log,
    "10 logs of 8 MB, nested 850 deep": deep_json,
    "deletion of the largest session": deletion,
}


# --- shares of the inbox --------------------------------------------------------------------------------------------


def _shares(instance: Instance) -> Iterator[Figure]:
    """One project fills its half of a small inbox, while the other one is always accepted."""
    attacker, bystander = instance.client("attacker"), instance.client("bystander")
    body = json.dumps([{"request": {"messages": [_user(f"{n} " + "word " * 200)]}} for n in range(2_000)]).encode()
    refused, advised, accepted = 0, 0, []
    deadline = time.monotonic() + 60
    while refused < 60 and time.monotonic() < deadline:
        answer = attacker.post("/api/v1/logs", body)
        refused += answer.status == 503
        # The first responses have no measured rate yet.
        advised = answer.retry_after or advised
        accepted.append(bystander.post("/api/v1/logs", b'{"request": {"input": "fresh"}}').status)
        time.sleep(0.1 if answer.status == 503 else 0)
    yield Figure("Shares of the inbox", "refused to the project that fills it", refused, "", least=1)
    yield Figure("Shares of the inbox", "refused to another project", sum(s != 202 for s in accepted), "", most=0)
    if advised:
        yield _honesty(attacker, body, advised)


def _honesty(attacker: Any, body: bytes, advised: int) -> Figure:
    """By what factor Retry-After differs from the real time until the next body is accepted."""
    started = time.monotonic()
    while attacker.post("/api/v1/logs", body).status == 503 and time.monotonic() - started < 300:
        time.sleep(0.25)
    taken = max(time.monotonic() - started, 0.5)
    ratio = max(taken / advised, advised / taken)
    note = f"said {advised} s, took {taken:.1f} s"
    return Figure("Shares of the inbox", "Retry-After and the real time differ by", ratio, "times", most=4, note=note)
