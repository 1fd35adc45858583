"""How the time to digest a session grows with its number of requests, when they arrive in any order.

`python -m benchmarks.abuse.joining 5000 20000 80000` measures other sizes than `make abuse`.
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

from benchmarks.__main__ import free_port
from benchmarks.abuse.instance import changed_environment
from benchmarks.client import Client
from benchmarks.installation import HOST, Installation
from benchmarks.report import Figure, Report

SIZES = (1_000, 2_000, 4_000)
MOST_EXPONENT = 1.15
START = datetime(2026, 11, 20, 10, tzinfo=UTC)
LOGS_PER_BODY = 500
Log = dict[str, Any]


def response_chain(number: int) -> Log:
    """Each request continues the previous response."""
    previous = {"previous_response_id": f"resp-{number - 1}"} if number else {}
    return _log(number, {"input": f"question {number}"} | previous, {"id": f"resp-{number}", "object": "response"})


def fork(number: int) -> Log:
    """All requests continue the first response."""
    previous = {"previous_response_id": "resp-0"} if number else {}
    return _log(number, {"input": f"question {number}"} | previous, {"id": f"resp-{number}", "object": "response"})


def history(number: int) -> Log:
    """Conversations of 50 turns that re-send their history."""
    conversation, turn = divmod(number, 50)
    messages = [_message(role, f"{conversation} {i}") for i in range(turn + 1) for role in ("user", "assistant")]
    return _log(number, {"messages": messages[:-1]}, {"choices": [{"message": messages[-1]}]})


def answers(number: int) -> Log:
    """One question, repeated, and just as often a request that continues after the response."""
    asked = [_message("user", "ping"), _message("assistant", "pong"), _message("user", f"and {number}")]
    if number % 2:
        return _log(number, {"messages": asked}, {"choices": [{"message": _message("assistant", f"answer {number}")}]})
    return _log(number, {"messages": asked[:1]}, {"choices": [{"message": asked[1]}]})


def retries(number: int) -> Log:
    """One call that always fails and is retried."""
    error = {"status": "error", "error": {"type": "RateLimitError", "message": "slow down"}}
    return _log(number, {"messages": [_message("user", "the same")]}, None) | error


def spans(number: int) -> Log:
    """One trace, in which each span is nested in the previous one."""
    parent = {"parentSpanId": f"{number:016x}"} if number else {}
    attributes = {"gen_ai.operation.name": "chat" if number % 10 == 9 else "invoke_agent", "gen_ai.request.model": "m"}
    moment = int(START.timestamp() * 1e9) + number * 1_000_000
    return {
        "traceId": f"{1:032x}",
        "spanId": f"{number + 1:016x}",
        "name": "step",
        "startTimeUnixNano": str(moment),
        "endTimeUnixNano": str(moment + 1_000_000),
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in attributes.items()],
    } | parent


def trace_ids(number: int) -> Log:
    """LiteLLM's logs of one call, with a trace id that seems generated. The last log is of another call."""
    started = START.timestamp() + number / 100
    return {
        "id": f"chatcmpl-{number}",
        "litellm_call_id": "call",
        "trace_id": "0b0b6f0e-7d0c-4c3a-9d38-1f2f4cc3a111",
        "call_type": "acompletion",
        "status": "success",
        "startTime": started,
        "endTime": started + 1,
        "model": "m",
        "messages": [_message("user", f"question {number}")],
        "response": {"choices": [{"message": _message("assistant", f"answer {number}")}]},
    }


KINDS: dict[str, tuple[Callable[[int], Log], str]] = {
    "responses": (response_chain, "native"),
    "histories": (history, "native"),
    "fork": (fork, "native"),
    "same answers": (answers, "native"),
    "retries": (retries, "native"),
    "trace ids": (trace_ids, "litellm"),
    "nested spans": (spans, "otlp"),
}
ORDERS: dict[str, Callable[[list[Log]], list[Log]]] = {
    "forward": lambda logs: logs,
    "backward": lambda logs: logs[::-1],
    "shuffled": lambda logs: random.Random(1).sample(logs, len(logs)),
}
PATHS = {"native": "/api/v1/logs", "litellm": "/api/v1/litellm", "otlp": "/v1/traces"}


def measure(sizes: Sequence[int] = SIZES, kinds: Sequence[str] = tuple(KINDS)) -> Iterator[Figure]:
    with ExitStack() as stack:
        stack.enter_context(changed_environment({}))
        installation = Installation(free_port(), stack)
        installation.make()
        stack.enter_context(installation.web())
        start = min(_digest(installation) for _ in range(3))
        for kind in kinds:
            for order in ORDERS:
                for logs_per_body in (LOGS_PER_BODY, 1):
                    yield _figure(installation, kind, order, logs_per_body, sizes, start)


def _figure(
    installation: Installation, kind: str, order: str, logs_per_body: int, sizes: Sequence[int], start: float
) -> Figure:
    seconds = []
    for size in sizes:
        _send(installation, kind, order, logs_per_body, size)
        installation.checkpoint()
        seconds.append(max(_digest(installation) - start, 0.01))
    each = ", ".join(f"{size:,}: {taken:.1f} s" for size, taken in zip(sizes, seconds, strict=True))
    name = f"{kind}, {order}, {logs_per_body} a body"
    return Figure("Joining", name, exponent(sizes, seconds), "exponent", most=MOST_EXPONENT, note=each)


def _digest(installation: Installation) -> float:
    """CPU seconds that a digester and PostgreSQL need to empty the inbox, unaffected by other load on the machine."""
    before = _used(installation)
    installation.manage("digest", "--until-empty")
    return _used(installation) - before


def _used(installation: Installation) -> float:
    """CPU seconds of all PostgreSQL processes so far, including ended ones, and of our commands."""
    commands = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = commands.ru_utime + commands.ru_stime
    for server in psutil.process_iter(["name", "cmdline"]):
        if server.info["name"] == "postgres" and str(installation.folder) in " ".join(server.info["cmdline"] or ()):
            ended = server.cpu_times()
            total += ended.user + ended.system + ended.children_user + ended.children_system
            for process in server.children():
                with suppress(psutil.NoSuchProcess):
                    times = process.cpu_times()
                    total += times.user + times.system
            break
    return total


def _send(installation: Installation, kind: str, order: str, logs_per_body: int, size: int) -> None:
    """Post the logs of one session to a new project, without a digester."""
    make, source = KINDS[kind]
    slug = f"{kind}-{order}-{logs_per_body}-{size}".replace(" ", "-")
    installation.manage("create_project", "--slug", slug, "--name", slug)
    key = installation.manage("create_api_key", "--project", slug, "--name", "joining", "--scopes", "ingest").strip()
    client = Client(HOST, installation.port, {"Authorization": f"Bearer {key}"})
    logs = ORDERS[order]([make(number) for number in range(size)])
    if kind == "trace ids":
        logs[-1] = logs[-1] | {"litellm_call_id": "another call"}
    for first in range(0, len(logs), logs_per_body):
        answer = client.post(PATHS[source], body_of(source, logs[first : first + logs_per_body]))
        if answer.status not in (200, 202):
            raise RuntimeError(f"{PATHS[source]} answered {answer.status}: {answer.body[:300]!r}")


def body_of(source: str, logs: Sequence[Log]) -> bytes:
    if source == "otlp":
        return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(logs)}]}]}).encode()
    return json.dumps(logs).encode()


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of the least squares line through the logarithms: 1 is linear, 2 quadratic."""
    x, y = [math.log(size) for size in sizes], [math.log(taken) for taken in seconds]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    covariance = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return covariance / sum((a - mean_x) ** 2 for a in x)


def _log(number: int, request: Log, response: Log | None) -> Log:
    return {
        "request_id": f"request-{number}",
        "started_at": (START + timedelta(milliseconds=10 * number)).isoformat(),
        "request": {"model": "m"} | request,
        "response": response,
    }


def _message(role: str, content: str) -> Log:
    return {"role": role, "content": content}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logsui.settings")
    report = Report()
    names = [argument for argument in sys.argv[1:] if not argument.isdigit()]
    for figure in measure([int(a) for a in sys.argv[1:] if a.isdigit()] or SIZES, names or tuple(KINDS)):
        report.add(figure)
    print(f"\n{report.summary()}")
