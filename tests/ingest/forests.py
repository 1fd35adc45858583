"""Random conversations of several callers, as trees: with ids on some requests, retries, forks and proxies' calls."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 10, 31, 20, tzinfo=UTC)


@dataclass
class Forest:
    """Logs by source, to be delivered in any order."""

    rng: random.Random
    logs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    clock: datetime = START
    count: int = 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    def at(self) -> str:
        self.clock += timedelta(seconds=self.rng.randrange(1, 2000))
        return self.clock.isoformat()

    def id4(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))


def forest(seed: int, conversations: int = 10) -> list[tuple[str, dict[str, Any]]]:
    """Logs of random conversations: (source, log)."""
    made = Forest(random.Random(seed))
    kinds = [chat, responses, proxied, chat_with_ids, agent]
    for number in range(conversations):
        kinds[number % len(kinds)](made, f"caller {number % 3}")
    return made.logs


def chat(made: Forest, caller: str, session: str | None = None) -> None:
    """Chat completions in which each request re-sends the history; branches, failures that are tried again."""
    first = made.rng.choice(["Hello", made.name("question")])
    ends: list[list[dict[str, str]]] = [[]]
    for _ in range(made.rng.randrange(2, 9)):
        history = made.rng.choice(ends[-3:])
        asked = [*history, {"role": "user", "content": made.name("question") if history else first}]
        if made.rng.random() < 0.2:
            made.logs.append(("native", native(made, caller, asked, None, session)))
        answer = "Hi!" if asked[-1]["content"] == "Hello" else made.name("answer")
        log = native(made, caller, asked, answer, session if made.rng.random() < 0.6 else None)
        made.logs.append(("native", log))
        ends.append([*asked, {"role": "assistant", "content": answer}])


def chat_with_ids(made: Forest, caller: str) -> None:
    chat(made, caller, made.name("session"))


def native(
    made: Forest, caller: str, messages: list[dict[str, Any]], answer: str | None, session: str | None
) -> dict[str, Any]:
    log: dict[str, Any] = {
        "request_id": made.name("request"),
        "user": caller,
        "started_at": made.at(),
        "request": {"model": "gpt-4o", "messages": messages},
        "cost": "0.01",
    }
    if session:
        log["session_id"] = session
    if answer is None:
        return log | {"status": "error", "error": {"type": "RateLimitError", "message": "slow down"}}
    return log | {"response": {"choices": [{"message": {"role": "assistant", "content": answer}}]}}


def agent(made: Forest, caller: str) -> None:
    """A client that drops the text beside tool calls, whose ids may be counters, with runs of sub-agents."""
    history: list[dict[str, Any]] = [{"role": "user", "content": made.name("question")}]
    for _ in range(made.rng.randrange(2, 6)):
        task = made.rng.choice(["Find out what this is all about.", f"Find out all about {made.name('a thing')}."])
        call_id = made.rng.choice([f"call_{made.id4()}", f"call_{made.id4()}", "call_01234567890abcdefghi", None])
        call = {"id": call_id, "type": "function", "function": {"name": "ask", "arguments": json.dumps({"t": task})}}
        log = native(made, caller, history, "Let me ask.", None)
        log["response"]["choices"][0]["message"]["tool_calls"] = [call]
        made.logs.append(("native", log))
        if made.rng.random() < 0.6:
            made.clock -= timedelta(seconds=made.rng.randrange(600))
            answer = f"This is what I have found out after I looked everywhere for {made.name('a thing')} and more."
            made.logs.append(("native", native(made, caller, [{"role": "user", "content": task}], answer, None)))
            quoted = [{"role": "user", "content": task}, {"role": "assistant", "content": f"{answer}\nObservation: 1"}]
            made.logs.append(("native", native(made, caller, quoted, "Done.", None)))
        result = {"role": "tool", "tool_call_id": call_id or "call_0", "content": made.name("result")}
        history = [*history, {"role": "assistant", "content": None, "tool_calls": [call]}, result]
    made.logs.append(("native", native(made, caller, history, made.name("answer"), None)))


def responses(made: Forest, caller: str) -> None:
    """A chain of /responses calls with forks; its first is lost at times."""
    ids: list[str | None] = [None]
    logs = []
    for _ in range(made.rng.randrange(2, 8)):
        previous = made.rng.choice(ids[-3:])
        response_id = made.name("resp")
        request = {"model": "gpt-4o", "input": made.name("question"), "previous_response_id": previous}
        output = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]}]
        logs.append(
            {
                "request_id": made.name("request"),
                "started_at": made.at(),
                "request": request,
                "response": {"id": response_id, "object": "response", "output": output},
            }
        )
        ids.append(response_id)
    lost = made.rng.random() < 0.4
    made.logs += [("native", log) for log in logs[lost:]]


def proxied(made: Forest, caller: str) -> None:
    """LiteLLM's payloads: a random trace id for each call, shared by its attempts, or one that the caller gave."""
    history: list[dict[str, str]] = []
    given = made.id4() if made.rng.random() < 0.4 else None
    for _ in range(made.rng.randrange(1, 6)):
        asked = [*history, {"role": "user", "content": made.name("question")}]
        answer = made.name("answer")
        trace, call = (given if given and made.rng.random() < 0.7 else made.id4()), made.id4()
        for attempt in range(made.rng.choice([1, 1, 2])):
            failed = attempt == 0 and made.rng.random() < 0.3
            made.logs.append(("litellm", payload(made, caller, asked, None if failed else answer, trace, call)))
            if not failed:
                break
        history = [*asked, {"role": "assistant", "content": answer}]


def payload(
    made: Forest, caller: str, messages: list[dict[str, str]], answer: str | None, trace: str, call: str
) -> dict[str, Any]:
    started = datetime.fromisoformat(made.at()).timestamp()
    return {
        "id": made.name("chatcmpl"),
        "litellm_call_id": call,
        "trace_id": trace,
        "call_type": "acompletion",
        "status": "failure" if answer is None else "success",
        "startTime": started,
        "endTime": started + 1,
        "model": "gpt-4o",
        "end_user": caller,
        "messages": messages,
        "response": {} if answer is None else {"choices": [{"message": {"role": "assistant", "content": answer}}]},
        "metadata": {"user_api_key_hash": "a" * 64},
    }


def bodies(logs: list[tuple[str, dict[str, Any]]], seed: int, copies: int = 2) -> list[tuple[str, bytes]]:
    """The logs several times, some first without their answer, shuffled, in bodies of random size."""
    rng = random.Random(seed)
    delivered = [*logs] * copies
    delivered += [(s, log | {"response": None}) for s, log in logs if s == "native" and "error" not in log][::3]
    rng.shuffle(delivered)
    made = []
    while delivered:
        size = rng.randrange(1, 12)
        some, delivered = delivered[:size], delivered[size:]
        for source in ("native", "litellm"):
            chosen = [log for name, log in some if name == source]
            if chosen:
                made.append((source, json.dumps(chosen).encode()))
    return made
