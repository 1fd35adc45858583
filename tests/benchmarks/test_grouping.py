"""The evaluation of grouping: its conversations are what their labels say, and it counts right."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from benchmarks import generator, grouping
from benchmarks.clients import CHAINED, RESENDING, Client
from benchmarks.labelled import KINDS, Labelled, labelled_logs, plain, trials
from benchmarks.rewriting import REWRITING
from sessions_app.content.message_reader import MessageReader
from sessions_app.ingest.links import Links, links_of
from sessions_app.models import Session
from sessions_app.wire import format_of
from tests.ingest.test_links import NOW, PROJECT, continues

REQUESTS = 150
IDS = ("trace_id", "session_id", "litellm_trace_id", "litellm_session_id")


@pytest.fixture(scope="module")
def logs() -> list[Labelled]:
    return labelled_logs(2_000)


def links(labelled: Labelled) -> Links:
    record = format_of(labelled.source).read_log(json.dumps(labelled.log).encode(), NOW, "generated")
    return links_of(PROJECT, record, MessageReader())


def a_log(key: str, conversation: str, thread: str = "", caller: str = "ada") -> Labelled:
    return Labelled("native", key, {}, conversation, thread or conversation, caller, "plain")


@pytest.mark.parametrize("client", [*RESENDING, *REWRITING, *CHAINED], ids=lambda client: client.name)
def test_requests_of_each_client_continue_each_other(client: Client) -> None:
    plan = next(plan for plan in generator.plans(1_000) if plan.is_agent and plan.requests > 6)
    for earlier, later in pairwise(plain(plan, client, 6)):
        assert continues(links(later), links(earlier)) or later.thread != earlier.thread


def test_no_log_names_its_session(logs: list[Labelled]) -> None:
    """But for the random trace ids of LiteLLM."""
    for log in (labelled.log for labelled in logs):
        metadata = log.get("metadata", {})
        callers = metadata.get("requester_metadata", {})
        assert not {*metadata, *callers, *callers.get("headers", {})} & {*IDS, "x-litellm-session-id"}
        assert not log.get("session_id")
    traces = [log.log["trace_id"] for log in logs if "trace_id" in log.log]
    assert len(set(traces)) == len(traces) == sum(log.source == "litellm" for log in logs)


def test_equal_arguments_give_equal_logs() -> None:
    assert labelled_logs(60) == labelled_logs(60)
    assert labelled_logs(60) != labelled_logs(60, seed=2)


def test_keys_are_unique_and_threads_are_parts_of_conversations(logs: list[Labelled]) -> None:
    assert len({log.key for log in logs}) == len(logs)
    assert all(
        len({log.conversation for log in logs if log.thread == thread}) == 1 for thread in {x.thread for x in logs}
    )


def test_all_kinds_and_clients_are_there() -> None:
    looks = [log.looks.split("; ") for log in labelled_logs(4_000)]
    assert len({kind for kind, *_ in looks if "title" not in kind}) == len(set(KINDS))
    assert {name for _, name, _ in looks} == {client.name for client in (*RESENDING, *REWRITING, *CHAINED)}


@pytest.mark.parametrize("client", [*RESENDING, *REWRITING], ids=lambda client: client.name)
def test_trials_of_one_task_have_nothing_in_common_but_what_is_asked(client: Client) -> None:
    plan = next(plan for plan in generator.plans(1_000) if plan.is_agent and plan.requests > 6)
    of_run: dict[str, list[Links]] = {}
    for log in trials(plan, client, 5):
        of_run.setdefault(log.conversation, []).append(links(log))
    assert len(of_run) == 3
    for one, other in pairwise(of_run.values()):
        assert not any(continues(later, earlier) for later in one for earlier in other)


def test_two_people_have_the_same_first_exchange(logs: list[Labelled]) -> None:
    pairs = [log for log in logs if log.looks.startswith("two people; chat, as returned")]
    one, other = (next(log for log in pairs if log.caller.endswith("b") is is_other) for is_other in (False, True))
    assert one.caller != other.caller
    assert one.log["request"]["messages"][1] == other.log["request"]["messages"][1]
    assert one.log["response"] == other.log["response"]


def test_pairs_are_counted() -> None:
    """Of four requests of one conversation one is apart, and one of somebody else is among them."""
    logs = [a_log(str(number), "a") for number in range(4)] + [a_log("4", "b", caller="bob")]
    sessions = {"0": 1, "1": 1, "2": 1, "3": 2, "4": 1}
    judgement = grouping.judged(logs, sessions)
    assert judgement == grouping.Judgement(joined=6, right=3, strangers=3, together=6, found=3)
    assert (judgement.precision, judgement.recall) == (0.5, 0.5)
    assert grouping.wrongly_joined(logs, sessions) == {("a", "b"): 3}
    assert grouping.wrongly_split(logs, sessions) == {"a": [3, 1]}
    assert [figure.is_met for figure in grouping.figures_of("x", logs, sessions)] == [False] * 4


def test_what_nothing_tells_is_neither_right_nor_wrong() -> None:
    logs = [a_log("0", "a", "a"), a_log("1", "a", "a/summarised")]
    for sessions in ({"0": 1, "1": 2}, {"0": 1, "1": 1}):
        judgement = grouping.judged(logs, sessions)
        assert (judgement.precision, judgement.recall) == (1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("with_chains", [True, False])
def test_grouping_meets_its_targets(with_chains: bool) -> None:
    for name, logs in (("a", labelled_logs(REQUESTS, 3, with_chains)), ("b", grouping.captured_logs(with_chains))):
        sessions = grouping.deliver(name, logs, seed=3)
        missed = [figure.name for figure in grouping.figures_of("x", logs, sessions) if not figure.is_met]
        assert not missed, grouping.wrongly_joined(logs, sessions)
    assert Session.objects.count() > 100
