"""The benchmark's data set: multi-turn sessions with a heavy tail, as native logs in the order a live system sees them.

Every request re-sends its whole history. Session lengths are the quantiles of a log-normal distribution (median 6
requests, 95th percentile 40), one session in a hundred has 200 to 300. A third are agents: 3 to 8 KB of tool
definitions in each request, tool calls and results. 2 % of the requests fail and are tried again. Equal arguments give
equal bytes.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from random import Random
from statistics import NormalDist
from typing import Any

import orjson

from benchmarks import text, words

Message = dict[str, Any]
Log = dict[str, Any]

MEDIAN_LENGTH = 6
TAIL_SIGMA = 1.153  # Of the logarithm: puts the 95th percentile at 40.
BLOCK = 100  # Sessions whose lengths are exactly the distribution's quantiles, so that any data set has its shape.
LONGEST = 300
PINNED_LENGTHS = (200, 40, 6)  # In every data set, for the pages that are measured.
ERROR_SHARE = 0.02
UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
MODELS = (
    "gpt-4o-mini",
    "gpt-4o-mini",
    "gpt-4o",
    "gpt-4.1",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
    "gemini-2.5-flash",
    "o4-mini",
)
LANGUAGES = ("english",) * 15 + ("german", "french", "spanish", "japanese", "arabic")
ERRORS = (
    (429, "rate_limit_exceeded", "Rate limit reached for requests per minute. Please try again in {n} ms."),
    (500, "server_error", "The server had an error while processing your request. Request id req_{n}."),
    (
        400,
        "context_length_exceeded",
        "This model's maximum context length is 128000 tokens, your messages resulted in {n}.",
    ),
    (408, "timeout", "Request timed out after {n} ms."),
)


@dataclass(frozen=True)
class Plan:
    """What one session will be: its place in time, its length, its kind."""

    index: int
    requests: int
    is_agent: bool
    language: str
    started_at: datetime
    seed: int
    scale: float | None = None  # Of the messages' lengths; None: as `content_scale` says.


@dataclass
class Conversation:
    """A session while it is generated; `messages` is what the next request sends."""

    plan: Plan
    random: Random
    model: str
    user: str
    tools: list[dict[str, Any]]
    messages: list[Message]
    clock: datetime
    scale: float
    pending_calls: list[str] = field(default_factory=list)


def lengths(random: Random) -> list[int]:
    """One block of session lengths, shuffled: the distribution's quantiles, the topmost replaced by 200 to 300."""
    normal = NormalDist()
    block = [
        MEDIAN_LENGTH * 2.718281828 ** (TAIL_SIGMA * normal.inv_cdf((rank + 0.5) / BLOCK)) for rank in range(BLOCK - 1)
    ]
    block.append(random.randint(200, LONGEST))
    random.shuffle(block)
    return [max(1, min(LONGEST, round(length))) for length in block]


def planned_lengths(requests: int, random: Random) -> Iterator[int]:
    """Session lengths that add up to `requests`; the pinned ones come first where there is room for them."""
    pinned = PINNED_LENGTHS if requests >= 2 * sum(PINNED_LENGTHS) else ()
    block = lengths(random)
    for length in pinned:
        block[min(range(BLOCK), key=lambda place: abs(block[place] - length))] = 0
    remaining = requests
    while remaining:
        for length in [*pinned, *filter(None, block)]:
            yield min(length, remaining)
            remaining -= min(length, remaining)
            if not remaining:
                return
        pinned, block = (), lengths(random)


def plans(requests: int, seed: int = 1, until: datetime = UNTIL) -> list[Plan]:
    """All sessions of a data set of `requests` requests, in order of their start; one request a second on average."""
    random = Random(seed)
    span = timedelta(seconds=requests)
    found = [
        Plan(
            index=index,
            requests=length,
            is_agent=index % 3 == 0,
            language=random.choice(LANGUAGES),
            started_at=until - span + span * random.random() * (1 - length / (LONGEST * 2)),
            seed=random.getrandbits(60),
        )
        for index, length in enumerate(planned_lengths(requests, random))
    ]
    return sorted(found, key=lambda plan: (plan.started_at, plan.index))


def single_plan(requests: int) -> Plan:
    """A session beside the data set, of any length, with messages of a line or two."""
    start = UNTIL - timedelta(seconds=60 * requests)
    return Plan(900_000 + requests, requests, False, "english", start, seed=requests, scale=0.03)


def session_key(plan: Plan) -> str:
    """The trace id that the session's logs carry."""
    return f"{'agent' if plan.is_agent else 'chat'}-{plan.index:06d}-{plan.seed:015x}"


def tool_definition(random: Random, name: str) -> dict[str, Any]:
    properties = {
        random.choice(words.NOUNS) + suffix: {"type": kind, "description": text.sentence(random, "english")}
        for suffix, kind in (("_id", "string"), ("_limit", "integer"), ("", "string"), ("_enabled", "boolean"))
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties)[:2],
        "additionalProperties": False,
    }
    return {
        "type": "function",
        "function": {"name": name, "description": text.prose(random, 160), "parameters": schema},
    }


def toolbox(application: int) -> list[dict[str, Any]]:
    """The tools of one application, the same in all its sessions: 3 to 8 KB of definitions."""
    random = Random(f"toolbox {application}")
    names = dict.fromkeys(
        f"{random.choice(words.VERBS)}_{random.choice(words.NOUNS)}" for _ in range(4 + application % 6)
    )
    return [tool_definition(random, name) for name in names]


TOOLBOXES = [toolbox(application) for application in range(12)]
CHAT_PROMPTS = [text.prose(Random(f"chat {application}"), 250 + 120 * application) for application in range(8)]
AGENT_PROMPTS = [text.markdown(Random(f"agent {application}"), 900 + 180 * application) for application in range(12)]


def content_scale(plan: Plan) -> float:
    """How much longer messages are than in a session of 36: context windows are finite."""
    return min(3.5, max(0.2, (36 / plan.requests) ** 0.75))


def open_conversation(plan: Plan) -> Conversation:
    random = Random(plan.seed)
    application = random.randrange(12)
    prompt = AGENT_PROMPTS[application] if plan.is_agent else CHAT_PROMPTS[application % 8]
    return Conversation(
        plan=plan,
        random=random,
        model=random.choice(MODELS),
        user=f"user-{int(random.paretovariate(0.6)) % 5000:04d}",
        tools=TOOLBOXES[application] if plan.is_agent else [],
        messages=[{"role": "system", "content": prompt}],
        clock=plan.started_at,
        scale=plan.scale or content_scale(plan),
    )


def length_of(conversation: Conversation, median: int) -> int:
    """A message's length in characters: log-normal, so that a few are many times as long as the rest."""
    return int(min(40_000, max(20, conversation.random.lognormvariate(0, 0.9) * median * conversation.scale)))


def hex_id(random: Random, digits: int = 24) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"


def ask(conversation: Conversation) -> None:
    """The user's next message."""
    written = text.prose(conversation.random, length_of(conversation, 170), conversation.plan.language)
    conversation.messages.append({"role": "user", "content": written})


def answer_calls(conversation: Conversation) -> None:
    """The results of the tools called in the last answer."""
    for call_id in conversation.pending_calls:
        make = conversation.random.choice((text.json_records, text.log_lines, text.code))
        content = make(conversation.random, length_of(conversation, 520))
        conversation.messages.append({"role": "tool", "tool_call_id": call_id, "content": content})
    conversation.pending_calls = []


def tool_call(conversation: Conversation) -> dict[str, Any]:
    random = conversation.random
    function = random.choice(conversation.tools)["function"]
    arguments = {name: random.choice(text.ENGLISH) for name in function["parameters"]["required"]}
    call = {"name": function["name"], "arguments": orjson.dumps(arguments).decode()}
    return {"id": "call_" + hex_id(random), "type": "function", "function": call}


def answer(conversation: Conversation) -> Message:
    """The assistant's message: text, or for an agent most of the time one or two tool calls."""
    random = conversation.random
    if conversation.tools and random.random() < 0.75:
        calls = [tool_call(conversation) for _ in range(2 if random.random() < 0.25 else 1)]
        conversation.pending_calls = [call["id"] for call in calls]
        thought = text.prose(random, length_of(conversation, 90)) if random.random() < 0.5 else None
        return {"role": "assistant", "content": thought, "tool_calls": calls}
    return {
        "role": "assistant",
        "content": text.markdown(random, length_of(conversation, 620), conversation.plan.language),
    }


def think(conversation: Conversation) -> None:
    """Let time pass until the next request: seconds for an agent, a minute or so for a person."""
    pause = (
        conversation.random.lognormvariate(0.3, 0.8)
        if conversation.pending_calls
        else conversation.random.lognormvariate(3.4, 0.9)
    )
    conversation.clock += timedelta(seconds=pause)


def completion(conversation: Conversation, message: Message, created: datetime) -> dict[str, Any]:
    random = conversation.random
    prompt_tokens = (
        sum(len(known["content"] or "") for known in conversation.messages) // 4 + 300 * len(conversation.tools) + 8
    )
    completion_tokens = len(message["content"] or "") // 4 + 30 * len(message.get("tool_calls", ())) + 3
    return {
        "id": "chatcmpl-" + hex_id(random),
        "object": "chat.completion",
        "created": int(created.timestamp()),
        "model": conversation.model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "prompt_tokens_details": {
                "cached_tokens": prompt_tokens // 128 * 128 if len(conversation.messages) > 4 else 0
            },
        },
        "system_fingerprint": "fp_" + hex_id(Random(conversation.model), 10),
    }


def request_body(conversation: Conversation) -> dict[str, Any]:
    body: dict[str, Any] = {"model": conversation.model, "messages": list(conversation.messages), "temperature": 0.7}
    if conversation.tools:
        body["tools"] = conversation.tools
    return body


def envelope(conversation: Conversation, seconds: float) -> Log:
    """A native log without its result."""
    plan, random = conversation.plan, conversation.random
    return {
        "request_id": "req_" + hex_id(random),
        "trace_id": session_key(plan),
        "call_type": "chat.completions",
        "started_at": conversation.clock.isoformat(timespec="microseconds"),
        "ended_at": (conversation.clock + timedelta(seconds=seconds)).isoformat(timespec="microseconds"),
        "model": conversation.model,
        "user": conversation.user,
        "tags": ["agent" if plan.is_agent else "chat", "env:production"],
        "metadata": {"release": f"2026.{plan.index % 11 + 1}", "region": ("eu", "us", "ap")[plan.index % 3]},
        "request": request_body(conversation),
    }


def failed(conversation: Conversation) -> Log:
    status, kind, message = conversation.random.choice(ERRORS)
    seconds = conversation.random.uniform(0.05, 3)
    log = envelope(conversation, seconds)
    problem = {"type": kind, "message": message.format(n=conversation.random.randrange(200, 90_000))}
    conversation.clock += timedelta(seconds=seconds + 1)
    return log | {"status": "error", "status_code": status, "error": problem}


def succeeded(conversation: Conversation) -> Log:
    message = answer(conversation)
    seconds = 0.4 + len(message["content"] or "") / 300
    log = envelope(conversation, seconds)
    conversation.clock += timedelta(seconds=seconds)
    log |= {"status": "success", "response": completion(conversation, message, conversation.clock)}
    conversation.messages.append(message)
    return log


def session_logs(plan: Plan) -> Iterator[Log]:
    """The native logs of one session, in order. A log is not changed after it was yielded."""
    conversation = open_conversation(plan)
    has_failed = False
    for place in range(plan.requests):
        if not has_failed:
            answer_calls(conversation) if conversation.pending_calls else ask(conversation)
        # The first request never fails, and a second attempt succeeds: a session of errors only is rare.
        has_failed = place > 0 and not has_failed and conversation.random.random() < ERROR_SHARE * 1.1
        if has_failed:
            yield failed(conversation)
        else:
            yield succeeded(conversation)
            think(conversation)


def logs(requests: int, seed: int = 1, until: datetime = UNTIL) -> Iterator[Log]:
    """`requests` native logs of all sessions, by `started_at`; only the sessions under way are held in memory."""
    waiting = iter(plans(requests, seed, until))
    upcoming = next(waiting, None)
    order = count()
    live: list[tuple[str, int, Log, Iterator[Log]]] = []
    while live or upcoming:
        while upcoming and (not live or upcoming.started_at.isoformat(timespec="microseconds") <= live[0][0]):
            push(live, session_logs(upcoming), order)
            upcoming = next(waiting, None)
        _, _, log, rest = heapq.heappop(live)
        yield log
        push(live, rest, order)


def push(live: list[tuple[str, int, Log, Iterator[Log]]], rest: Iterator[Log], order: Iterator[int]) -> None:
    log = next(rest, None)
    if log is not None:
        heapq.heappush(live, (log["started_at"], next(order), log, rest))


def pinned_keys(requests: int) -> dict[int, str]:
    """The keys of sessions of 6, 40 and 200 requests in the data set, by their length."""
    found = {plan.requests: session_key(plan) for plan in plans(requests)}
    return {length: found[length] for length in sorted(PINNED_LENGTHS) if length in found}


def encoded_logs(requests: int, seed: int = 1, until: datetime = UNTIL) -> Iterator[tuple[str, bytes]]:
    """(session key, JSON document) of every log."""
    for log in logs(requests, seed, until):
        yield log["trace_id"], orjson.dumps(log)


def encoded_session(plan: Plan) -> Iterator[bytes]:
    """The JSON documents of one session."""
    return (orjson.dumps(log) for log in session_logs(plan))


def array_bodies(documents: Iterable[bytes], size: int) -> Iterator[bytes]:
    """JSON arrays of `size` documents each, as a client's batches."""
    waiting = iter(documents)
    while batch := list(islice(waiting, size)):
        yield b"[" + b",".join(batch) + b"]"
