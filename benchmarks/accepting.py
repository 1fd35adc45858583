"""How long a client waits for a response, with everything running."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import orjson
import psycopg

from benchmarks import generator
from benchmarks.client import Answer, Client, timed
from benchmarks.litellm_logs import payloads
from benchmarks.report import Figure, median, percentile
from benchmarks.statements import counted

AREA = "Accept (with a running digester)"
ARRAY = 100
TIMES = 40


def litellm_array(round_number: int) -> bytes:
    """100 payloads of short chats as LiteLLM's callback posts them, about 1.4 MB, different in each round."""
    return orjson.dumps(payloads(ARRAY, first=round_number * ARRAY))


def measure_accept(client: Client, connection: psycopg.Connection) -> list[Figure]:
    """Medians over loopback, from the first byte sent to the last one read; the client keeps its connection."""
    rounds = count()
    documents = (document for _, document in generator.encoded_logs(2_000, seed=7, until=datetime.now(UTC)))
    array = timed(lambda: post(client, "/api/v1/litellm", litellm_array(next(rounds))), TIMES, pause=0.2)
    single = timed(lambda: post(client, "/api/v1/logs", next(documents)), TIMES * 5, pause=0.02)
    short = timed(lambda: post(client, "/api/v1/litellm", one_payload(rounds)), TIMES * 5, pause=0.02)
    size = len(litellm_array(0)) / 1e6
    return [
        measure_plain_insert(connection),
        latency(f"LiteLLM array of {ARRAY} logs, {size:.1f} MB", array, most=30),
        latency("single log of a data set, 36 KB on average", single, most=6),
        latency("single LiteLLM log, 14 KB", short, most=6),
    ]


def measure_plain_insert(connection: psycopg.Connection) -> Figure:
    """The time of a durable INSERT on this machine. No response can be faster."""
    connection.execute("CREATE TABLE plain_inbox (id bigserial PRIMARY KEY, body bytea)")
    body = one_payload(count())[:4_000]
    times = []
    for _ in range(TIMES * 5):
        started = time.perf_counter()
        connection.execute("INSERT INTO plain_inbox (body) VALUES (%b)", [body])
        times.append((time.perf_counter() - started) * 1000)
        time.sleep(0.02)
    connection.execute("DROP TABLE plain_inbox")
    note = f"p95 {percentile(times, 0.95):.1f} ms"
    return Figure(AREA, "for comparison: a durable INSERT of 4 KB", median(times), "ms", note=note)


def one_payload(rounds: Iterator[int]) -> bytes:
    return orjson.dumps(payloads(1, first=next(rounds) * ARRAY))


def post(client: Client, path: str, body: bytes) -> Answer:
    answer = client.post(path, body)
    if answer.status not in (200, 202):
        raise RuntimeError(f"POST {path} answered {answer.status}: {answer.body[:300]!r}")
    return answer


def latency(name: str, answers: list[Answer], most: float) -> Figure:
    times = [answer.milliseconds for answer in answers]
    note = f"p95 {percentile(times, 0.95):.1f} ms, most {max(times):.1f} ms"
    return Figure(AREA, name, median(times), "ms", most=most, note=note)


def measure_accept_statements(key: str) -> list[Figure]:
    """In this process, through all of Django: the second of two equal posts, with warm caches."""
    from django.test import Client as TestClient

    client = TestClient(headers={"authorization": f"Bearer {key}"})
    body = litellm_array(10_000)
    for _ in range(2):
        with counted() as statements:
            answer = client.post("/api/v1/litellm", body, content_type="application/json")
    if answer.status_code != 200:
        raise RuntimeError(f"POST /api/v1/litellm answered {answer.status_code}")
    writes = [text for text in statements if "insert into inbox" in text.lower()]
    area = "Accept (statements)"
    return [
        Figure(area, "for the inbox write", len(writes), "statements", most=1),
        Figure(area, "in all", len(statements), "statements", note="look-up of the key and the inbox's size included"),
    ]
