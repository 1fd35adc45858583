"""`python -m benchmarks.grouping`: how well sessions form themselves, on conversations whose truth is known.

The logs bring no id of a session. They are delivered shuffled, in batches of random size, while digesters run, and
what is judged is what the database says in the end. The exit status is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.__main__ import free_port
from benchmarks.clients import short_id
from benchmarks.installation import ROOT, Installation
from benchmarks.labelled import Labelled, labelled_logs
from benchmarks.report import Figure, Report

FIXTURES = ROOT / "tests" / "payloads" / "litellm"
MOST_LOGS_PER_BODY = 40
# One in so many bodies is followed by a digester's batch, so that children are stored before their parents come.
BODIES_PER_DIGEST = 3
LEAST_RECALL = 0.98
SHOWN_CONFUSIONS = 5

# --- captured payloads ----------------------------------------------------------------------------------------------

# Requests of one file that tell by themselves that they belong together, by their places, beside attempts of one call:
# histories that are sent again, and chains of responses whose ids are not encrypted.
LINKED: dict[str, list[list[int]]] = {
    "multi-turn-10-full-history.json": [list(range(10))],
    "tool-calls-parallel-with-results.json": [[0, 1]],
    "litellm-1.81.12--tool-calls-parallel-with-results.json": [[0, 1]],
    "langchain-tool-agent-loop.json": [[0, 1]],
    "anthropic-v1-messages.json": [[2, 3]],
}
CHAINS = {
    "responses-plain-ids-chain-and-fork.json": [[0, 1, 2], [3, 4, 5, 6, 7]],
    "responses-streaming-chain.json": [[0, 1]],
    "responses-streaming-fork.json": [[0, 1, 2, 3]],
}
# An older kind of payload that has no call id.
LEFT_OUT = ("payload-v1-legacy--basic-mix.json",)


def captured_logs(with_chains: bool) -> list[Labelled]:
    """LiteLLM's captured payloads without their ids of sessions. Each file is a caller of its own."""
    expected = json.loads((FIXTURES / "expected.json").read_text())
    return [
        log
        for file in sorted(expected.keys() - set(LEFT_OUT))
        for log in captured_in(file, expected[file]["expected_sessions"], with_chains)
    ]


def captured_in(file: str, sessions: list[dict[str, Any]], with_chains: bool) -> Iterator[Labelled]:
    linked = LINKED.get(file, []) + (CHAINS.get(file, []) if with_chains else [])
    session_of = {request["id"]: number for number, session in enumerate(sessions) for request in session["requests"]}
    for place, payload in enumerate(json.loads((FIXTURES / file).read_text())):
        call = payload.get("litellm_call_id") or payload["id"]
        thread = next((f"{file} {places}" for places in linked if place in places), f"{file} {call}")
        conversation = f"{file} {session_of.get(payload['id'], call)}"
        # The fake providers of the captures gave the same ids in several files.
        key = f"{payload['id']} {file}"
        log = without_ids(payload, file, with_chains)
        yield Labelled("litellm", key, log, conversation, thread, file, f"captured; {file}")


def without_ids(payload: dict[str, Any], caller: str, with_chains: bool) -> dict[str, Any]:
    """A payload of a caller who sent no id: LiteLLM invents a trace id for each call.

    What a request goes on from is unknown where ids are encrypted, but it is no other caller's.
    """
    call = payload.get("litellm_call_id") or payload["id"]
    digits = short_id("", caller, call, digits=32)
    trace_id = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    metadata = payload["metadata"] | {"user_api_key_hash": caller}
    metadata |= {"requester_metadata": None, "requester_custom_headers": None}
    parameters = dict(payload["model_parameters"])
    previous = parameters.pop("previous_response_id", None)
    if previous and with_chains:
        parameters["previous_response_id"] = previous if caller in CHAINS else f"{previous}-{caller}"
    named = {"trace_id": trace_id, "session_id": "", "end_user": None, "metadata": metadata}
    return payload | named | {"model_parameters": parameters}


# --- delivery -------------------------------------------------------------------------------------------------------


def deliver(slug: str, logs: Sequence[Labelled], seed: int) -> dict[str, Hashable]:
    """Post the logs shuffled to a project of their own and digest them; returns the session of each key."""
    from sessions_app.ingest.accept import accept_body
    from sessions_app.ingest.digest import Digester, Memory, digest_until_empty
    from sessions_app.models import Project, RequestLog

    project = Project.objects.create(slug=slug)
    random = Random(seed)
    digester = Digester(Memory())
    for source, body in bodies_of(logs, random):
        accepted = accept_body(project.pk, source, body)
        if accepted.rejected:
            raise RuntimeError(f"a log was not accepted: {accepted.rejected[0]}")
        if random.randrange(BODIES_PER_DIGEST) == 0:
            digester.digest_batch()
    digest_until_empty()
    rows = RequestLog.objects.filter(project_id=project.pk).values_list("request_id", "started_at", "session_id")
    found = {(request_id, place_in_time(at.timestamp())): session for request_id, at, session in rows}
    return {log.key: found[log.log.get("request_id") or log.log["id"], place_in_time(log.started_at)] for log in logs}


def place_in_time(seconds: float) -> int:
    """Milliseconds, which survive every way of writing a time."""
    return round(seconds * 1000)


def bodies_of(logs: Iterable[Labelled], random: Random) -> Iterator[tuple[str, bytes]]:
    """Arrays of random size, of logs in random order."""
    shuffled = list(logs)
    random.shuffle(shuffled)
    while shuffled:
        size = random.randint(1, MOST_LOGS_PER_BODY)
        batch, shuffled = shuffled[:size], shuffled[size:]
        for source in ("native", "litellm"):
            if documents := [json.dumps(log.log).encode() for log in batch if log.source == source]:
                yield source, b"[" + b",".join(documents) + b"]"


# --- judgement ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Judgement:
    """Pairs of requests. `joined`: in one session; `right` of them of one conversation; `strangers` of two callers.

    `together`: pairs that tell by themselves that they belong together; `found` of them are in one session.
    """

    joined: int
    right: int
    strangers: int
    together: int
    found: int

    @property
    def precision(self) -> float:
        return self.right / self.joined if self.joined else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.together if self.together else 1.0


def judged(logs: Sequence[Labelled], sessions: dict[str, Hashable]) -> Judgement:
    """Raises KeyError when a log is missing from `sessions`."""
    joined = pairs(logs, lambda log: sessions[log.key])
    return Judgement(
        joined=joined,
        right=pairs(logs, lambda log: (sessions[log.key], log.conversation)),
        strangers=joined - pairs(logs, lambda log: (sessions[log.key], log.caller)),
        together=pairs(logs, lambda log: log.thread),
        found=pairs(logs, lambda log: (sessions[log.key], log.thread)),
    )


def pairs(logs: Iterable[Labelled], of: Callable[[Labelled], Hashable]) -> int:
    """How many pairs of logs have the same value."""
    return sum(count * (count - 1) // 2 for count in Counter(map(of, logs)).values())


def strange_pairs(logs: Sequence[Labelled]) -> int:
    """How many pairs of logs have different callers."""
    return pairs(logs, lambda log: 0) - pairs(logs, lambda log: log.caller)


def wrongly_joined(logs: Sequence[Labelled], sessions: dict[str, Hashable]) -> Counter[tuple[str, str]]:
    """Pairs of conversations that are in one session, by how many pairs of requests."""
    members: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for log in logs:
        members[sessions[log.key]][log.conversation] += 1
    found: Counter[tuple[str, str]] = Counter()
    for counts in members.values():
        for one, other in combinations(sorted(counts), 2):
            found[one, other] += counts[one] * counts[other]
    return found


def wrongly_split(logs: Sequence[Labelled], sessions: dict[str, Hashable]) -> dict[str, list[int]]:
    """Threads that are in several sessions: how many requests are in each, those with the most lost pairs first."""
    pieces: dict[str, Counter[Hashable]] = defaultdict(Counter)
    for log in logs:
        pieces[log.thread][sessions[log.key]] += 1
    split = {thread: sorted(counts.values(), reverse=True) for thread, counts in pieces.items() if len(counts) > 1}
    return dict(sorted(split.items(), key=lambda item: -lost_pairs(item[1])))


def lost_pairs(sizes: Sequence[int]) -> int:
    return sum(one * other for one, other in combinations(sizes, 2))


# --- report ---------------------------------------------------------------------------------------------------------


def figures_of(area: str, logs: Sequence[Labelled], sessions: dict[str, Hashable]) -> Iterator[Figure]:
    judgement = judged(logs, sessions)
    note = f"{len(logs):,} requests, {len(set(sessions.values())):,} sessions"
    yield Figure(area, "pairwise precision", judgement.precision, "", least=1, note=note)
    note = f"{judgement.found:,} of {judgement.together:,} pairs"
    yield Figure(area, "pairwise recall, histories re-sent", judgement.recall, "", least=LEAST_RECALL, note=note)
    strangers = strange_pairs(logs)
    note = f"of {strangers:,} pairs of different callers, each rightly apart"
    yield Figure(area, "pairs of different callers joined", judgement.strangers, "", most=0, note=note)
    yield Figure(area, "precision among different callers", 1 - judgement.strangers / max(strangers, 1), "", least=1)


def print_confusions(logs: Sequence[Labelled], sessions: dict[str, Hashable]) -> None:
    looks = {log.conversation: log.looks for log in reversed(logs)} | {log.thread: log.looks for log in reversed(logs)}
    for (one, other), count in wrongly_joined(logs, sessions).most_common(SHOWN_CONFUSIONS):
        print(f"    joined: {one} ({looks[one]}) and {other} ({looks[other]}), {count:,} pairs")
    for thread, sizes in list(wrongly_split(logs, sessions).items())[:SHOWN_CONFUSIONS]:
        print(f"    split: {thread} ({looks[thread]}) into {sizes}, {lost_pairs(sizes):,} pairs")


def main() -> int:
    options = parse()
    report = Report()
    with ExitStack() as stack:
        Installation(free_port(), stack).make()
        import django

        django.setup()
        for with_chains in (True, False):
            area = "With previous response ids" if with_chains else "Without any id"
            for name, logs in data_sets(options, with_chains):
                sessions = deliver(f"{name}-{'chains' if with_chains else 'none'}", logs, options.seed)
                report.add(*figures_of(f"{area}: {name}", logs, sessions))
                print_confusions(logs, sessions)
    print(f"\n{report.summary()}")
    if options.json:
        Path(options.json).write_text(report.as_json() + "\n")
    return int(any(figure.is_met is False for figure in report.figures))


def data_sets(options: argparse.Namespace, with_chains: bool) -> Iterator[tuple[str, list[Labelled]]]:
    yield "generated", labelled_logs(options.requests, options.seed, with_chains)
    yield "captured", captured_logs(with_chains)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grouping", description=__doc__)
    parser.add_argument("--requests", type=int, default=4_000, metavar="N", help="size of the data set (default: 4000)")
    parser.add_argument("--seed", type=int, default=1, help="another data set, delivered in another order")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logsui.settings")
    sys.exit(main())
