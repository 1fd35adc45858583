"""Runs agents one after the other, each in two conversations at once, and prints what became of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import Agent, Place
from cli_agents import CLI_AGENTS
from frameworks import FRAMEWORKS
from judge import Stored, Verdict, judge, marker_of
from known import EXCEPTIONS
from running import Logsui, wait_for
from scripted import NAME, ScriptedModel
from servers import MASTER_KEY, Proxy
from topics import Topic, topics

AGENTS: dict[str, type[Agent]] = {each.name: each for each in [*CLI_AGENTS, *FRAMEWORKS]}
# How long logs may take from the proxy to the page.
DELIVERY_SECONDS = 90.0
QUIET_SECONDS = 3.0


@dataclass
class Outcome:
    """An agent's run."""

    kind: type[Agent]
    topics: list[Topic]
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def is_accepted(self) -> bool:
        if self.problems:
            return False
        return self.kind.name in EXCEPTIONS or (self.verdict is not None and self.verdict.is_right)


def evaluate(names: Sequence[str], folder: Path) -> int:
    outcomes = [Outcome(AGENTS[name], topics(name, folder)) for name in names]
    bodies = folder / "bodies"
    bodies.mkdir()
    conversations = [each.kind.conversation(topic) for each in outcomes for topic in each.topics]
    with ScriptedModel(conversations, bodies) as model, running_logsui(folder) as logsui:
        with running_proxy(folder, logsui, model) as proxy:
            for outcome in outcomes:
                run(outcome, folder, proxy)
            wait_for_delivery(logsui, model)
        stored = read_stored(logsui, model)
    (folder / "stored.json").write_text(json.dumps([vars(call) for call in stored], indent=1))
    for outcome in outcomes:
        markers = [topic.marker for topic in outcome.topics]
        outcome.verdict = judge(markers, model.count(markers), stored)
    report(outcomes, sum(call.marker is None for call in stored))
    return 0 if all(outcome.is_accepted for outcome in outcomes) else 1


# --- servers ---------------------------------------------------------------------------------------------------------


@contextmanager
def running_logsui(folder: Path) -> Iterator[Logsui]:
    server = Logsui(folder)
    server.command.append("--no-samples")
    server.start()
    try:
        server.create_key()
        yield server
    finally:
        server.stop()


@contextmanager
def running_proxy(folder: Path, logsui: Logsui, model: ScriptedModel) -> Iterator[Proxy]:
    config = folder / "proxy.json"
    config.write_text(json.dumps(proxy_settings(model.base_url(NAME))))  # JSON is YAML, too
    environment = {
        "LOGSUI_ENDPOINT": logsui.endpoint,
        "LOGSUI_AUTHORIZATION": f"Bearer {logsui.api_key}",
        # As in examples/litellm: with these it loses no events.
        "DEFAULT_BATCH_SIZE": "1",
        "LOGGING_WORKER_MAX_TIME_PER_COROUTINE": "600",
        "LOGGING_WORKER_CONCURRENCY": "20",
    }
    proxy = Proxy(folder, environment, config)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def proxy_settings(url: str) -> dict[str, Any]:
    def models(name: str, provider: str) -> dict[str, Any]:
        return {
            "model_name": name,
            "litellm_params": {"model": f"{provider}/{name}", "api_base": url, "api_key": "none-needed"},
        }

    callback = {
        "callback_type": "generic_api",
        "endpoint": "os.environ/LOGSUI_ENDPOINT",
        "headers": {"Authorization": "os.environ/LOGSUI_AUTHORIZATION"},
    }
    return {
        "model_list": [models("gemini-*", "gemini"), models("*", "openai")],
        "litellm_settings": {"callbacks": ["logsui"]},
        "callback_settings": {"logsui": callback},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }


# --- runs ------------------------------------------------------------------------------------------------------------


def run(outcome: Outcome, folder: Path, proxy: Proxy) -> None:
    started = time.monotonic()
    name = outcome.kind.name
    runs = [
        outcome.kind(Place(folder / name / str(number), proxy.url, MASTER_KEY), topic)
        for number, topic in enumerate(outcome.topics)
    ]
    with ThreadPoolExecutor(len(runs)) as pool:
        errors = [future.exception() for future in [pool.submit(each.run) for each in runs]]
    outcome.problems = [str(error) or repr(error) for error in errors if error]
    outcome.seconds = time.monotonic() - started
    print(f"{name}: {outcome.seconds:.0f} s", *outcome.problems, sep="\n", flush=True)


def wait_for_delivery(logsui: Logsui, model: ScriptedModel) -> None:
    """Until all calls are stored, and no more come for a moment. What is missing then is the verdict's matter."""

    def count() -> int:
        return sum(session["request_count"] for session in logsui.get_all("sessions"))

    try:
        wait_for("all calls are stored", lambda: count() >= len(model.acts), DELIVERY_SECONDS)
    except AssertionError as error:
        print(error)
    time.sleep(QUIET_SECONDS)


def read_stored(logsui: Logsui, model: ScriptedModel, key: str = "") -> list[Stored]:
    found = []
    for session in logsui.get_all("sessions", key=key):
        for row in logsui.get_all(f"sessions/{session['id']}/requests", key=key):
            document = json.dumps(logsui.get(f"requests/{row['id']}", key=key))
            marker = marker_of(document, model.conversations, model.given)
            if row["counted"]:
                found.append(Stored(session["id"], row["grouped_by"]["rule"], marker))
    return found


# --- the report ------------------------------------------------------------------------------------------------------


HEAD = ("agent", "version", "API", "calls", "sessions", "joined", "grouped by", "time", "")


def report(outcomes: Sequence[Outcome], unknown: int) -> None:
    print(table([HEAD, *map(line, outcomes)]))
    if unknown:
        print(f"{unknown} calls belong to no known conversation")
    for outcome in outcomes:
        reason = EXCEPTIONS.get(outcome.kind.name)
        if outcome.verdict and not outcome.verdict.is_right:
            print(f"{outcome.kind.name}: {outcome.verdict.problem}", f"({reason})" if reason else "")
        elif reason:
            print(f"{outcome.kind.name}: is right, though known.py says that it cannot be")
    right = sum(outcome.is_accepted and outcome.kind.name not in EXCEPTIONS for outcome in outcomes)
    print(f"{right} of {len(outcomes)} right, {sum(not outcome.is_accepted for outcome in outcomes)} wrong")


def line(outcome: Outcome) -> tuple[str, ...]:
    kind, verdict = outcome.kind, outcome.verdict
    assert verdict is not None
    mark = "ok" if verdict.is_right and not outcome.problems else "known" if outcome.is_accepted else "WRONG"
    rules = ", ".join(f"{rule} {count}" for rule, count in sorted(verdict.rules.items()))
    calls = str(verdict.sent) if verdict.sent == verdict.stored else f"{verdict.stored} of {verdict.sent}"
    sessions = f"{verdict.sessions} of {verdict.expected}"
    seconds = f"{outcome.seconds:.0f} s"
    return kind.name, kind.version(), kind.api, calls, sessions, str(verdict.joined), rules, seconds, mark


def table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
