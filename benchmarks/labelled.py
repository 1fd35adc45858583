"""Conversations of which is known who had them and what belongs together, as logs without any id of a session.

Made of the generator's sessions, with what makes grouping hard: answers regenerated, questions edited, branches,
retries, titles made beside the conversation, summaries in place of the history, two people who ask the same and get
the same cached answer, one person who asks the same twice, runs of one task side by side, and logs that never arrive.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from random import Random
from typing import Any

from benchmarks import generator, text
from benchmarks.calls import Call, Session, Tokens
from benchmarks.clients import CHAINED, RESENDING, Body, Client, Exchange, short_id
from benchmarks.generator import Conversation, Plan
from benchmarks.litellm_form import litellm_payload
from benchmarks.rewriting import REWRITING

# Short texts: how long they are does not matter here.
SCALE = 0.05
FAILED = {"type": "rate_limit_exceeded", "message": "Rate limit reached."}
TITLE = "Write a title of at most five words for this conversation."
LOST_SHARE = 0.01


@dataclass(frozen=True)
class Labelled:
    """A log and what is true of it.

    `conversation` is what it belongs to; `thread` the part of that which its requests tell to belong together: only a
    summary or a first question asked anew does not. `looks` says what kind of conversation it is.
    """

    source: str
    key: str
    log: Body
    conversation: str
    thread: str
    caller: str
    looks: str

    @property
    def started_at(self) -> float:
        """Epoch seconds."""
        started = self.log.get("started_at")
        return datetime.fromisoformat(started).timestamp() if started else self.log["startTime"]


@dataclass
class Line:
    """A conversation as one client has it: what it sends next is `conversation.messages`.

    Lines are copied for branches. `first` is the thread of requests that nothing precedes.
    """

    conversation: Conversation
    client: Client
    caller: str
    name: str
    looks: str
    thread: str
    key: str = ""
    previous_id: str = ""
    known: int = 0
    count: int = 0
    labels: list[Labelled] = field(default_factory=list)

    @property
    def random(self) -> Random:
        return self.conversation.random

    @property
    def messages(self) -> list[Body]:
        """What was said, the system prompt apart."""
        return self.conversation.messages[1:]

    def copied(self, *names: Any) -> Line:
        """The same up to here; from now on everything is different. Labels go into the same list."""
        labels, self.labels = self.labels, []
        other = deepcopy(self)
        self.labels = other.labels = labels
        other.conversation.random = Random(repr((self.name, self.count, *names)))
        return other

    # --- what happens ------------------------------------------------------------------------------------------------

    def turn(self, answer: Body | None = None, response_id: str = "") -> Line:
        """The user asks, or tools answer, and then the model does."""
        generator.answer_calls(self.conversation) if self.conversation.pending_calls else generator.ask(
            self.conversation
        )
        return self.answered(answer, response_id)

    def answered(self, answer: Body | None = None, response_id: str = "") -> Line:
        message = answer or generator.answer(self.conversation)
        response_id = response_id or short_id(self.prefix, self.name, self.count, self.random.random())
        message = message | {"response_id": response_id}
        self.log(message, response_id)
        self.conversation.messages = [*self.conversation.messages, message]
        self.previous_id, self.known = response_id, len(self.messages)
        generator.think(self.conversation)
        return self

    def failed(self) -> Line:
        """The request fails; the next one is another attempt."""
        self.log(None, "")
        self.conversation.clock += timedelta(seconds=self.random.uniform(1, 60))
        return self

    def regenerated(self) -> None:
        """The last answer was another one before; nobody went on from it."""
        other = self.copied("regenerated")
        other.thread = (
            self.thread if any(message["role"] == "assistant" for message in self.messages) else f"{self.name}/again"
        )
        other.answered()
        self.conversation.clock = other.conversation.clock

    def titled(self) -> None:
        """Beside the conversation the client asks for its title: a conversation of its own."""
        beside = self.copied("title")
        beside.name = beside.thread = f"{self.name}/title"
        beside.looks += ", title"
        said = self.messages[0]["content"]
        beside.conversation.messages = [{"role": "system", "content": TITLE}, {"role": "user", "content": said}]
        beside.conversation.tools, beside.conversation.pending_calls = [], []
        beside.previous_id, beside.known = "", 0
        beside.answered({"role": "assistant", "content": said[:20] + "…"})

    def summarised(self) -> None:
        """A summary replaces what was said; that it does is not to be seen in the requests."""
        self.conversation.messages = [
            self.conversation.messages[0],
            {"role": "user", "content": f"What we spoke of so far: {self.messages[0]['content'][:40]} ({self.name})"},
        ]
        self.conversation.pending_calls, self.previous_id, self.known = [], "", 0
        self.thread = f"{self.name}/summarised {self.count}"
        self.answered()

    # --- logs --------------------------------------------------------------------------------------------------------

    @property
    def prefix(self) -> str:
        return "resp_" if self.client.name.startswith("responses") else "chatcmpl-"

    def log(self, answer: Body | None, response_id: str) -> None:
        self.count += 1
        conversation = self.conversation
        if self.client.forgets and self.messages[-1]["role"] == "user" and self.known:
            self.thread = f"{self.name}/{self.count} {self.random.random()}"
        system = conversation.messages[0]["content"]
        exchange = Exchange(
            conversation.model,
            # As many have, with the time of day in it.
            f"{system}\nIt is {conversation.clock:%H:%M}.",
            self.messages,
            answer,
            response_id,
            conversation.tools,
            self.previous_id,
            self.known,
        )
        key = short_id("req_", self.name, self.count, self.random.random())
        make = litellm_log if self.client.call_type else native_log
        source = "litellm" if self.client.call_type else "native"
        log = make(self, exchange, key)
        self.labels.append(Labelled(source, key, log, self.name, self.thread, self.caller, self.looks))


def native_log(line: Line, exchange: Exchange, key: str) -> Body:
    started, seconds = line.conversation.clock, line.random.uniform(0.5, 5)
    line.conversation.clock += timedelta(seconds=seconds)
    result = {"response": line.client.response(exchange)} if exchange.answer else {"status_code": 429, "error": FAILED}
    return {
        "request_id": key,
        "started_at": started.isoformat(),
        "ended_at": line.conversation.clock.isoformat(),
        "user": line.caller or None,
        "request": line.client.request(exchange),
        **result,
    }


def litellm_log(line: Line, exchange: Exchange, key: str) -> Body:
    """The payload of one call by a key of the proxy, or for an end user of it."""
    seconds = line.random.uniform(0.5, 5)
    result = {"id": key, "usage": {}}
    call = Call(0, seconds, exchange.model, line.client.request(exchange), result, Tokens(10, 10))
    if exchange.answer is None:
        call = replace(call, response=None, tokens=None, status_code=429, error=FAILED)
    request = dict(call.request)
    messages = request.pop("messages", None) or request.pop("input")
    call = replace(call, request=request | {"messages": messages})
    # The key is what LiteLLM's random ids are made of here.
    payload = litellm_payload(Session(key, (call,)), 0, line.conversation.clock + timedelta(seconds=seconds))
    line.conversation.clock += timedelta(seconds=seconds)
    metadata = payload["metadata"]
    del metadata["requester_metadata"]["litellm_trace_id"]
    metadata["user_api_key_hash"] = short_id("", line.caller, digits=64)
    response = line.client.response(exchange) if exchange.answer else {}
    named = {"call_type": line.client.call_type, "response": response, "id": key}
    return payload | named | ({"end_user": line.caller} if line.caller.startswith("user") else {})


# --- kinds of conversations -----------------------------------------------------------------------------------------


def labelled_logs(requests: int, seed: int = 1, with_chains: bool = True) -> list[Labelled]:
    """About so many logs, by when they started. `with_chains`: some clients name the previous response and send only
    what is new.
    """
    clients = (*RESENDING, *REWRITING, *CHAINED) if with_chains else (*RESENDING, *REWRITING)
    logs: list[Labelled] = []
    for number, plan in enumerate(generator.plans(requests, seed)):
        plan = replace(plan, scale=SCALE)
        client = clients[number % len(clients)]
        make = KINDS[number // len(clients) % len(KINDS)]
        logs += make(plan, client, plan.requests)
    return sorted(logs, key=attrgetter("started_at"))


def line_of(plan: Plan, client: Client, kind: str) -> Line:
    conversation = generator.open_conversation(plan)
    if client.call_type:
        conversation.model = "gpt-4o" if plan.index % 2 else "claude-haiku-4-5"
    name = f"{plan.index:06d}"
    looks = f"{kind}; {client.name}; {'agent' if plan.is_agent else 'chat'}"
    return Line(conversation, client, caller_of(conversation, plan), name, looks, name)


def caller_of(conversation: Conversation, plan: Plan) -> str:
    """A user, a key of a proxy's, or (of our own logs) nobody."""
    kind = plan.index % 10
    return "" if kind == 9 else f"key {plan.index % 7}" if kind > 6 else conversation.user


def plain(plan: Plan, client: Client, turns: int) -> list[Labelled]:
    line = line_of(plan, client, "plain")
    for _ in range(turns):
        line.turn()
    if client in CHAINED or client.forgets:
        return line.labels
    return [log for log in line.labels if line.random.random() > LOST_SHARE]


def eventful(plan: Plan, client: Client, turns: int) -> list[Labelled]:
    """Failures and what follows, answers regenerated, a title."""
    line = line_of(plan, client, "eventful")
    generator.ask(line.conversation)
    line.failed().failed() if line.random.random() < 0.5 else line.regenerated()
    line.answered()
    line.titled()
    for _ in range(turns):
        generator.answer_calls(line.conversation) if line.conversation.pending_calls else generator.ask(
            line.conversation
        )
        if line.random.random() < 0.1:
            line.failed()
        if line.random.random() < 0.1:
            line.regenerated()
        line.answered()
    return line.labels


def branched(plan: Plan, client: Client, turns: int) -> list[Labelled]:
    """Two go on from the same answer; later a question is edited."""
    line = line_of(plan, client, "branched")
    line.turn().turn()
    other = line.copied("branch")
    edited = line.copied("edited")
    for _ in range(max(1, turns // 2)):
        line.turn()
        other.turn()
    edited.conversation.clock = max(line.conversation.clock, other.conversation.clock)
    edited.turn()
    return line.labels


def summarised(plan: Plan, client: Client, turns: int) -> list[Labelled]:
    line = line_of(plan, client, "summarised")
    for _ in range(max(2, turns // 2)):
        line.turn()
    line.summarised()
    for _ in range(turns // 2):
        line.turn()
    return line.labels


def of_two_people(plan: Plan, client: Client, turns: int) -> list[Labelled]:
    """The same first question and, from a cache, the same answer under the same id; then each goes on."""
    line = line_of(plan, client, "two people")
    line.caller = line.caller or "user-0"
    other = line.copied("other person")
    other.caller = line.caller + "b"
    other.name = other.thread = f"{line.name}b"
    generator.ask(line.conversation)
    other.conversation.messages = line.conversation.messages
    other.conversation.clock = line.conversation.clock + timedelta(seconds=3)
    line.answered()
    generator.think(other.conversation)
    answer = line.conversation.messages[-1]
    other.conversation.pending_calls = list(line.conversation.pending_calls)
    other.answered({name: value for name, value in answer.items() if name != "response_id"}, shared_id(line, answer))
    return taking_turns(line, other, turns)


def shared_id(line: Line, answer: Body) -> str:
    """A chain of responses needs ids that name one response."""
    return "" if line.client in CHAINED or line.client.forgets else answer["response_id"]


def asked_twice(plan: Plan, client: Client, turns: int) -> list[Labelled]:
    """The same person asks the same again an hour later and gets the same answer; then it goes on otherwise."""
    if client.rewrites:
        # Two answers from a cache with the same ids: they tell nothing.
        return plain(plan, client, turns)
    line = line_of(plan, client, "asked twice")
    generator.ask(line.conversation)
    again = line.copied("again")
    again.name = again.thread = f"{line.name}b"
    line.answered()
    again.conversation.pending_calls = list(line.conversation.pending_calls)
    for _ in range(turns):
        line.turn()
    again.conversation.clock = line.conversation.clock + timedelta(hours=1)
    again.answered({name: value for name, value in line.messages[1].items() if name != "response_id"})
    for _ in range(turns):
        again.turn()
    return line.labels


def side_by_side(plan: Plan, client: Client, turns: int) -> list[Labelled]:
    """Runs of one task by one caller, whose first answers differ in nothing but the ids of the tool calls."""
    if not client.keeps_ids or not plan.is_agent:
        return plain(plan, client, turns)
    line = line_of(plan, client, "side by side")
    generator.ask(line.conversation)
    other = line.copied("other run")
    other.name = other.thread = f"{line.name}b"
    call = generator.tool_call(line.conversation)
    for run in (line, other):
        own = call | {"id": short_id("call_", run.name)}
        run.conversation.pending_calls = [own["id"]]
        run.answered({"role": "assistant", "content": None, "tool_calls": [own]})
        run.conversation.pending_calls = [own["id"]]
    other.conversation.clock = line.conversation.clock + timedelta(seconds=1)
    return taking_turns(line, other, turns)


def trials(plan: Plan, client: Client, turns: int) -> list[Labelled]:
    """Several trials of one task side by side, as benchmarks of agents make them: the user says the same in all, tools
    return the same, and the answers are nearly the same.
    """
    line = line_of(plan, client, "trials")
    runs = [line, line.copied("second"), line.copied("third")]
    for number, run in enumerate(runs):
        run.name = run.thread = f"{line.name}{'abc'[number]}"
        run.conversation.clock += timedelta(seconds=number)
    same = Random(f"trials {plan.index}")
    for turn in range(1 + min(turns, 8)):
        asked, answer, returned = text.prose(same, 120), text.prose(same, 160), text.code(same, 200)
        call = generator.tool_call(line.conversation) if client.keeps_ids and plan.is_agent and turn % 3 < 2 else None
        for run in runs:
            said_next(run, asked, returned)
            if call is None:
                run.answered({"role": "assistant", "content": f"{answer} ({short_id('', run.name, turn, digits=6)})"})
            else:
                own = call | {"id": short_id("call_", run.name, turn)}
                run.conversation.pending_calls = [own["id"]]
                run.answered({"role": "assistant", "content": answer, "tool_calls": [own]})
                run.conversation.pending_calls = [own["id"]]
    if client in CHAINED or client.forgets:
        return line.labels
    return [log for log in line.labels if same.random() > LOST_SHARE]


def said_next(run: Line, asked: str, returned: str) -> None:
    waiting = run.conversation.pending_calls
    results = [{"role": "tool", "tool_call_id": call_id, "content": returned} for call_id in waiting]
    run.conversation.messages.extend(results or [{"role": "user", "content": asked}])
    run.conversation.pending_calls = []


def taking_turns(line: Line, other: Line, turns: int) -> list[Labelled]:
    for _ in range(turns):
        line.turn()
        other.turn()
    return line.labels


KINDS = (plain, eventful, plain, branched, of_two_people, summarised, asked_twice, side_by_side, trials)
