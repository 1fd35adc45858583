"""How soon a log can be read and found, while logs arrive steadily at a running product."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Empty, Queue

from benchmarks.client import Client
from benchmarks.report import Figure, median, percentile

REQUESTS_PER_SECOND, SECONDS = 100, 30
# So many threads send, and so many of the logs are waited for: each one in EVERY.
SENDERS, EVERY, WATCHERS = 4, 10, 4
POLL_SECONDS = 0.02
GIVE_UP_SECONDS = 30.0


@dataclass
class Steady:
    """Logs that arrive one by one. `seconds`: from the answer until a search for the log's own word found it."""

    client: Callable[[], Client]
    answered: Queue[tuple[str, float]] = field(default_factory=Queue)
    seconds: list[float] = field(default_factory=list)
    accepted: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> float:
        """Send and watch. Returns the rate that was reached."""
        began = time.monotonic()
        senders = [threading.Thread(target=self.send, args=(number, began)) for number in range(SENDERS)]
        watchers = [threading.Thread(target=self.watch, daemon=True) for _ in range(WATCHERS)]
        for thread in (*senders, *watchers):
            thread.start()
        for thread in senders:
            thread.join()
        rate = self.accepted / (time.monotonic() - began)
        for _ in watchers:
            self.answered.put(("", 0.0))
        for thread in watchers:
            thread.join()
        return rate

    def send(self, number: int, began: float) -> None:
        client = self.client()
        for turn in range(number, REQUESTS_PER_SECOND * SECONDS, SENDERS):
            time.sleep(max(began + turn / REQUESTS_PER_SECOND - time.monotonic(), 0))
            word = f"seen{turn}x{int(began)}"
            answer = client.post("/api/v1/logs", log(word, turn))
            if answer.status != 202:
                raise RuntimeError(f"a log was answered {answer.status}: {answer.body[:300]!r}")
            with self.lock:
                self.accepted += 1
            if turn % EVERY == 0:
                self.answered.put((word, time.monotonic()))

    def watch(self) -> None:
        client = self.client()
        while True:
            try:
                word, since = self.answered.get(timeout=SECONDS)
            except Empty:
                return
            if not word:
                return
            while time.monotonic() - since < GIVE_UP_SECONDS:
                found = json.loads(client.get(f"/api/v1/requests?q={word}&limit=1").body)["results"]
                if found:
                    break
                time.sleep(POLL_SECONDS)
            with self.lock:
                self.seconds.append(time.monotonic() - since)


def log(word: str, turn: int) -> bytes:
    """A chat completion of some kilobytes, ten of them in a session."""
    text = f"{word} " + "what the agent read before it answered, line after line. " * 40
    start = datetime.now(UTC)
    return json.dumps(
        {
            "request_id": word,
            "session_id": f"steady-{turn // 10}",
            "model": "gpt-4.1",
            "started_at": (start - timedelta(seconds=1)).isoformat(),
            "ended_at": start.isoformat(),
            "request": {"model": "gpt-4.1", "messages": [{"role": "user", "content": text}]},
            "response": {"choices": [{"message": {"role": "assistant", "content": f"Read {turn}."}}]},
            "usage": {"input_tokens": 700, "output_tokens": 4},
        }
    ).encode()


def measure_visible(client: Callable[[], Client]) -> list[Figure]:
    """`client` makes a client for a thread."""
    steady = Steady(client)
    rate = steady.run()
    found = steady.seconds
    note = f"median {median(found):.2f} s, slowest {max(found):.2f} s"
    return [
        Figure("Visible", "logs accepted, one a request", rate, "requests/s", note="asked for 100"),
        Figure(
            "Visible",
            "from the answer until search finds it, p95",
            percentile(steady.seconds, 0.95),
            "s",
            1.0,
            note=note,
        ),
    ]
