"""Logs that make pages slow or large, each in a different way."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

LOGS = "/api/v1/logs"
START = 1_760_000_000


@dataclass(frozen=True)
class Sent:
    """Bodies with their URLs, the id of their session, and the number of its requests and steps."""

    key: str
    count: int
    bodies: list[tuple[str, bytes]] = field(default_factory=list)


def sent(key: str, logs: list[dict[str, Any]], most_bytes: int = 20_000_000) -> Sent:
    """The logs of one session, in bodies of moderate size."""
    bodies: list[tuple[str, bytes]] = []
    batch: list[bytes] = []
    for number, log in enumerate(logs):
        log = {"session_id": key, "trace_id": key, "started_at": START + number, "ended_at": START + number + 0.5} | log
        batch.append(json.dumps({"request_id": f"{key}-{number}", "model": "gpt-4o"} | log).encode())
        if sum(map(len, batch[-1:])) > most_bytes or len(batch) >= 2_000:
            bodies.append((LOGS, b"[" + b",".join(batch) + b"]"))
            batch = []
    if batch:
        bodies.append((LOGS, b"[" + b",".join(batch) + b"]"))
    return Sent(key, len(logs), bodies)


def asked(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-4o", "messages": list(messages), **more}


def said(text: Any = "ok", role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": text}


def called(*arguments: str) -> dict[str, Any]:
    calls = [
        {"id": f"call_{n:08d}_of_this_answer", "type": "function", "function": {"name": "run", "arguments": text}}
        for n, text in enumerate(arguments)
    ]
    return {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": calls}}]}


def answered(text: str = "fine") -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


def arguments(key: str, *texts: str) -> Sent:
    return sent(key, [{"request": asked(said()), "response": called(*texts)}])


def numbers_at(depth: int, size: int) -> str:
    """Numbers in arrays nested this deeply, as JSON text of about this size."""
    return "[" * depth + "1," * ((size - 2 * depth) // 2) + "1" + "]" * depth


def mixed(depth: int) -> str:
    return '{"a":[' * depth + "1" + "]}" * depth


def schema(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"type": "string"}
    for level in range(depth):
        value = {"type": "object", "properties": {f"p{level}": value}}
    return {"type": "function", "function": {"name": "deep", "parameters": value}}


def edited_histories(key: str, messages: int, lines: int, words: int) -> Sent:
    """A history in which every line of every message was changed when it was sent again."""
    chance = random.Random(1)

    def text(seed: int) -> str:
        own = random.Random(seed)
        return "\n".join(" ".join(own.choice("abcdefgh") for _ in range(words)) for _ in range(lines))

    def edited(before: str) -> str:
        found = before.split("\n")
        return "\n".join(line[::-1] if chance.random() < 0.5 else line for line in found)

    first = [said(text(n), ("user", "assistant")[n % 2]) for n in range(messages)]
    second = [said(edited(m["content"]), m["role"]) if n % 4 else m for n, m in enumerate(first)]
    logs = [{"request": asked(*history, said("go on")), "response": answered()} for history in (first, second)]
    return sent(key, logs)


def markdown_bombs() -> Iterator[str]:
    size = 39_000
    for text in (
        ">" * 500 + " deep ",
        "- " * 400 + "list ",
        "*a **b " * 50,
        "**" * 300,
        "[" * 400,
        "![" * 300,
        "`" * 300,
        "[a](" * 200,
        "[a]: b\n" * 100,
        "|" * 900 + "\n" + "|-" * 450 + "|\n",
        "<" * 500,
        "&amp;" * 200,
        "\\*" * 500,
        "```\n" * 100,
        "~" * 400,
        "_" * 500,
        "a\n=\n" * 100,
        "1. " * 300,
        "[a](http://b) " * 40,
        "<a@b.c> " * 50,
    ):
        yield (text * (size // len(text) + 1))[:size]
        yield (text * 5)[:1_900]
    yield "|" + "a|" * 400 + "\n|" + "-|" * 400 + "\n" + "|\n" * 1_000
    yield "".join(f"{'`' * n} " for n in range(1, 270))


def spans_of(key: str, count: int) -> Sent:
    """One agent with this many tool spans, as OpenTelemetry exports them."""
    trace = "ab" * 16

    def span(number: int, name: str, kind: str, parent: str) -> dict[str, Any]:
        nanoseconds = (START + number) * 10**9
        attributes = {"gen_ai.operation.name": kind, "gen_ai.tool.name": name, "session.id": key}
        listed = [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()]
        return {
            "traceId": trace,
            "spanId": f"{number:016x}",
            "parentSpanId": parent,
            "name": f"{kind} {name}",
            "startTimeUnixNano": str(nanoseconds),
            "endTimeUnixNano": str(nanoseconds + 10**8),
            "attributes": listed,
        }

    spans = [span(1, "agent", "invoke_agent", ""), span(2, "chat", "chat", f"{1:016x}")]
    spans += [span(number, "run", "execute_tool", f"{1:016x}") for number in range(3, count + 3)]
    bodies = []
    for start in range(0, len(spans), 2_000):
        scope = {"scope": {"name": "abuse"}, "spans": spans[start : start + 2_000]}
        body = {"resourceSpans": [{"resource": {}, "scopeSpans": [scope]}]}
        bodies.append(("/v1/traces", json.dumps(body).encode()))
    return Sent(key, len(spans), bodies)


def failing(key: str, count: int) -> Sent:
    """Attempts of one call, all of which failed."""
    error = {"type": "RateLimitError", "message": "slow down"}
    one = {"request": asked(said("again")), "status": "error", "status_code": 429, "error": error}
    return sent(key, [one | {"started_at": START + n / 100, "ended_at": START + n / 100 + 0.001} for n in range(count)])


def branches(key: str, count: int) -> Sent:
    """Many requests that continue one response, all with the same response id."""
    first = {"request": asked(said("begin")), "response": answered("one") | {"id": "resp_same"}}
    request = asked(said("begin"), said("one", "assistant"))
    others = [
        {
            "request": {**request, "messages": [*request["messages"], said(f"next {n}")]},
            "response": answered(f"two {n}") | {"id": "resp_same"},
        }
        for n in range(count)
    ]
    return sent(key, [first, *others])


def short_messages(key: str, count: int, requests: int) -> Sent:
    """Histories of short messages, of which only a few are equal."""
    chance = random.Random(2)
    words = [f"word {n}" for n in range(count // 5)]
    logs = []
    for number in range(requests):
        history = [said(chance.choice(words), ("user", "assistant")[n % 2]) for n in range(count)]
        logs.append({"request": asked(*history, said(f"question {number}")), "response": answered(f"{number}")})
    return sent(key, logs)


def many_requests(key: str, count: int) -> Sent:
    return sent(key, [{"request": asked(said(f"turn {n}")), "response": answered(f"answer {n}")} for n in range(count)])


def blocks(key: str, texts: list[str]) -> Sent:
    content = [{"type": "text", "text": text} for text in texts]
    return sent(key, [{"request": asked(said(content)), "response": answered()}])


def items(key: str, count: int) -> Sent:
    """A response of the Responses API with this many items."""
    output = [{"type": "function_call", "call_id": f"call_{n}", "name": "run", "arguments": "{}"} for n in range(count)]
    log = {"call_type": "responses", "request": {"model": "gpt-4o", "input": "go"}, "response": {"output": output}}
    return sent(key, [log])


def tools(key: str, count: int) -> Sent:
    declared = [
        {"type": "function", "function": {"name": f"tool_{n}", "description": "x" * 200, "parameters": {}}}
        for n in range(count)
    ]
    return sent(key, [{"request": asked(said(), tools=declared), "response": answered()}])


def many_members(key: str, count: int) -> Sent:
    members = {f"member {n}": {"value": [n]} for n in range(count)}
    request = asked(said(), **{f"parameter_{n}": n for n in range(count)})
    return sent(key, [{"request": request, "response": answered(), "metadata": members}])


def odd_texts(key: str) -> Sent:
    texts = [
        "\x1b[1m\x1b[31mred" * 5_000,
        "\u202e\u2066abc" * 20_000,
        "QUJD" * 60_000,
        "<b><i>" * 20_000,
        "[base64_data truncated: 1B]" * 5_000,
        "[EMAIL_REDACTED]" * 5_000,
        "a" * 2_000_000,
        "x\n" * 100_000,
        "&<>\"'" * 40_000,
        "\x00" * 100_000,
        "\U0001f600" * 50_000,
    ]
    results = [
        {"role": "tool", "tool_call_id": f"call_{n:08d}_of_this_answer", "content": t} for n, t in enumerate(texts)
    ]
    call = called(*["{}"] * len(texts))["choices"][0]["message"]
    log = {"request": asked(said(), call, *results, *map(said, texts)), "response": answered()}
    return sent(key, [log])


def quotes(key: str) -> Sent:
    """JSON with a string that never ends, and JSON with an escape for each character."""
    return arguments(
        key, '{"' + '\\"' * 100_000 + "}", "[" + '"\\u0000",' * 30_000 + "1]", '{"a' + '" "' * 60_000 + "}"
    )


INPUTS: dict[str, Callable[[], Sent]] = {
    "brackets, 100,000 deep": lambda: arguments("brackets", "[" * 100_000 + "]" * 100_000),
    "numbers at depth 900": lambda: arguments("numbers", numbers_at(900, 390_000)),
    "objects in arrays, 30,000 deep": lambda: arguments("mixed", mixed(30_000)),
    "strings without end": lambda: quotes("quotes"),
    "definitions of tools, 400 deep": lambda: sent(
        "schema", [{"request": asked(said(), tools=[schema(400)] * 20), "response": answered()}]
    ),
    "histories of 444 kB, edited": lambda: edited_histories("edited-444k", 8, 700, 20),
    "histories of 19 MB, edited": lambda: edited_histories("edited-19m", 60, 1_400, 57),
    "histories of 1,000 short messages": lambda: short_messages("short", 1_000, 40),
    "100,000 tool calls in an answer": lambda: arguments("calls", *["{}"] * 100_000),
    "20,000 items in an answer": lambda: items("items", 20_000),
    "10,000 spans of tools": lambda: spans_of("spans", 10_000),
    "10,000 requests": lambda: many_requests("requests", 10_000),
    "2,000 attempts of a call": lambda: failing("attempts", 2_000),
    "3,000 branches": lambda: branches("branches", 3_000),
    "10,000 blocks in a message": lambda: blocks("blocks", ["a *block* of text"] * 10_000),
    "Markdown of 40,000 characters": lambda: blocks("markdown", list(markdown_bombs())),
    "10,000 tools": lambda: tools("tools", 10_000),
    "20,000 members of metadata": lambda: many_members("members", 20_000),
    "odd characters": lambda: odd_texts("odd"),
}
