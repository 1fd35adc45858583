"""Runs agents one after the other, each in two conversations at once, and prints what became of them."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import Agent, Place, Target
from cli_agents import CLI_AGENTS
from frameworks import FRAMEWORKS
from judge import Stored, Verdict, judge, labelled, marker_of
from known import EXCEPTIONS
from running import Logsui, wait_for
from scripted import NAME, ScriptedModel
from servers import MASTER_KEY, Proxy
from topics import Topic, topics

AGENTS: dict[str, type[Agent]] = {each.name: each for each in [*CLI_AGENTS, *FRAMEWORKS]}
# After the name of an agent: the same agent, which sends its telemetry itself.
OTLP = "-otlp"
NAMES = [*AGENTS, *(kind.name + OTLP for kind in AGENTS.values() if kind.telemetry)]
# How long logs may take from the proxy to the page.
DELIVERY_SECONDS = 60.0
QUIET_SECONDS = 3.0


@dataclass
class Outcome:
    """An agent's run."""

    kind: type[Agent]
    topics: list[Topic]
    by_otlp: bool = False
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def markers(self) -> list[str]:
        return [topic.marker for topic in self.topics]

    def judge(self, model: ScriptedModel, stored: Sequence[Stored]) -> None:
        self.verdict = judge(self.markers, model.count(self.markers), stored)

    @property
    def name(self) -> str:
        return self.kind.name + OTLP if self.by_otlp else self.kind.name

    @property
    def is_accepted(self) -> bool:
        if self.problems:
            return False
        return self.name in EXCEPTIONS or (self.verdict is not None and self.verdict.is_right)


def evaluate(names: Sequence[str], folder: Path) -> int:
    outcomes = [
        Outcome(AGENTS[name.removesuffix(OTLP)], topics(name, folder), by_otlp=name.endswith(OTLP)) for name in names
    ]
    bodies = folder / "bodies"
    bodies.mkdir()
    conversations = [each.kind.conversation(topic) for each in outcomes for topic in each.topics]
    with ScriptedModel(conversations, bodies) as model, running_logsui(folder) as logsui:
        through_proxy([each for each in outcomes if not each.by_otlp], folder, logsui, model)
        by_telemetry([each for each in outcomes if each.by_otlp], folder, logsui, model)
    report(outcomes)
    return 0 if all(outcome.is_accepted for outcome in outcomes) else 1


def through_proxy(outcomes: Sequence[Outcome], folder: Path, logsui: Logsui, model: ScriptedModel) -> None:
    """All into one project, so that agents could be joined with each other, too."""
    if not outcomes:
        return
    with running_proxy(folder, logsui, model) as proxy:
        for outcome in outcomes:
            run(outcome, folder, proxy.url, MASTER_KEY)
        wait_for_delivery(logsui, logsui.api_key, len(model.acts))
    stored = read_stored(logsui, model, logsui.api_key)
    for outcome in outcomes:
        outcome.judge(model, stored)
    if unknown := sum(call.marker is None for call in stored):
        print(f"{unknown} calls belong to no known conversation")


def by_telemetry(outcomes: Sequence[Outcome], folder: Path, logsui: Logsui, model: ScriptedModel) -> None:
    """Each into a project of its own, and without a proxy, which would log the same calls."""
    if not outcomes:
        return
    keys = logsui.create_projects([outcome.name for outcome in outcomes])
    url = model.base_url(NAME).removesuffix("/v1")
    for outcome, key in zip(outcomes, keys, strict=True):
        run(outcome, folder, url, "none-needed", Target(logsui.url, key))
        wait_for_delivery(logsui, key, model.count(outcome.markers))
        outcome.judge(model, read_stored(logsui, model, key))


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


def run(outcome: Outcome, folder: Path, models: str, key: str, target: Target | None = None) -> None:
    started = time.monotonic()
    place = folder / outcome.name
    runs = [
        outcome.kind(Place(place / str(number), models, key, target), topic)
        for number, topic in enumerate(outcome.topics)
    ]
    with ThreadPoolExecutor(len(runs)) as pool:
        errors = [future.exception() for future in [pool.submit(each.run) for each in runs]]
    outcome.problems = [str(error) or repr(error) for error in errors if error]
    outcome.seconds = time.monotonic() - started
    print(f"{outcome.name}: {outcome.seconds:.0f} s", *outcome.problems, sep="\n", flush=True)


def wait_for_delivery(logsui: Logsui, key: str, sent: int) -> None:
    """Until all calls are stored, and no more come for a moment. What is missing then is the verdict's matter."""

    def count() -> int:
        return sum(session["request_count"] for session in logsui.get_all("sessions", key=key))

    with contextlib.suppress(AssertionError):
        wait_for("all calls are stored", lambda: count() >= sent, DELIVERY_SECONDS)
    time.sleep(QUIET_SECONDS)


def read_stored(logsui: Logsui, model: ScriptedModel, key: str) -> list[Stored]:
    sessions = {}
    for session in logsui.get_all("sessions", key=key):
        items = []
        for row in logsui.get_all(f"sessions/{session['id']}/requests", key=key, include="steps"):
            document = json.dumps(logsui.get(f"requests/{row['id']}", key=key))
            rule = row["grouped_by"]["rule"] if row["counted"] else None
            items.append((rule, marker_of(document, model.conversations, model.given)))
        sessions[session["id"]] = items
    return labelled(sessions)


# --- the report ------------------------------------------------------------------------------------------------------


HEAD = ("agent", "version", "API", "calls", "sessions", "joined", "grouped by", "time", "")


def report(outcomes: Sequence[Outcome]) -> None:
    print(table([HEAD, *map(line, outcomes)]))
    for outcome in outcomes:
        reason = EXCEPTIONS.get(outcome.name)
        if outcome.verdict and not outcome.verdict.is_right:
            print(f"{outcome.name}: {outcome.verdict.problem}", f"({reason})" if reason else "")
        elif reason:
            print(f"{outcome.name}: is right, though known.py says that it cannot be")
    right = sum(outcome.is_accepted and outcome.name not in EXCEPTIONS for outcome in outcomes)
    print(f"{right} of {len(outcomes)} right, {sum(not outcome.is_accepted for outcome in outcomes)} wrong")


def line(outcome: Outcome) -> tuple[str, ...]:
    kind, verdict = outcome.kind, outcome.verdict
    assert verdict is not None
    mark = "ok" if verdict.is_right and not outcome.problems else "known" if outcome.is_accepted else "WRONG"
    rules = ", ".join(f"{rule} {count}" for rule, count in sorted(verdict.rules.items()))
    calls = str(verdict.sent) if verdict.sent == verdict.stored else f"{verdict.stored} of {verdict.sent}"
    sessions = f"{verdict.sessions} of {verdict.expected}"
    seconds = f"{outcome.seconds:.0f} s"
    return outcome.name, kind.version(), kind.api, calls, sessions, str(verdict.joined), rules, seconds, mark


def table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
