"""Clients that rewrite the history, and servers that give tool calls no ids: what agents and frameworks really send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile

from benchmarks.clients import (
    Body,
    Client,
    Exchange,
    Message,
    answer_items,
    arguments_of,
    as_openai_returns,
    bare,
    calls_of,
    chained_request,
    chat_client,
    chat_request,
    chat_response,
    gemini_contents,
    gemini_request,
    gemini_response,
    short_id,
)

THOUGHT = "I need to know more about this before I can say anything, so I will look it up and read what it says."


# --- servers without ids: the client makes some of its own -----------------------------------------------------------


def own_id(call_id: str) -> str:
    return short_id("cl_", call_id, digits=32)


def with_own_ids(message: Message) -> Message:
    if message["role"] == "tool":
        return message | {"tool_call_id": own_id(message["tool_call_id"])}
    calls = [call | {"id": own_id(call["id"])} for call in calls_of(message)]
    return message | ({"tool_calls": calls} if calls else {})


def without_ids_client(name: str, answered: str | None, call_type: str = "") -> Client:
    def request(exchange: Exchange) -> Body:
        body = chat_request(exchange, bare)
        return body | {"messages": [with_own_ids(message) for message in body["messages"]]}

    def response(exchange: Exchange) -> Body:
        answer = bare(exchange.answer or {})
        calls = [call | {"id": answered} for call in calls_of(answer)]
        return chat_response(exchange, answer | ({"tool_calls": calls} if calls else {}))

    return Client(name, request, response, call_type, keeps_ids=False)


def gemini_with_own_ids(exchange: Exchange) -> Body:
    contents = list(gemini_contents(exchange.messages))
    ids = iter([call["id"] for message in exchange.messages for call in calls_of(message)])
    waiting: list[str] = []
    for content in contents:
        for part in content["parts"]:
            if call := part.get("functionCall"):
                waiting.append(next(ids))
                call["id"] = own_id(waiting[-1])
            elif result := part.get("functionResponse"):
                result["id"] = own_id(waiting.pop(0))
    return gemini_request(exchange) | {"contents": contents}


# --- ids are what is left --------------------------------------------------------------------------------------------


def without_text(message: Message) -> Message:
    """As Semantic Kernel does: the text beside tool calls is dropped."""
    return {name: value for name, value in message.items() if name != "content" or not calls_of(message)}


def rebuilt_request(exchange: Exchange) -> Body:
    """The first message tells of the files that are there. It is made anew now and then, once tools have run."""
    body = chat_request(exchange, bare)
    results = sum(message["role"] == "tool" for message in exchange.messages)
    _, first, *rest = body["messages"]
    rebuilt = first | {
        "content": f"There are {results // 3} files.\n{first['content']}" if results else first["content"]
    }
    return body | {"messages": [body["messages"][0], rebuilt, *rest]}


def sealed(response_id: str, by: str) -> str:
    return short_id("resp_", by, response_id, digits=60)


def sealed_request(exchange: Exchange) -> Body:
    """LiteLLM encrypts the id of a response anew each time, so the one that is named was never logged."""
    named = {"previous_response_id": sealed(exchange.previous_id, "sent")} if exchange.previous_id else {}
    return chained_request(exchange) | named


def sealed_response(exchange: Exchange) -> Body:
    output = answer_items(exchange.answer or {}, exchange.response_id)
    response_id = sealed(exchange.response_id, "returned")
    return {"id": response_id, "object": "response", "status": "completed", "output": output}


# --- tools as text ---------------------------------------------------------------------------------------------------


def written_client(
    name: str,
    written: Callable[[Message], str],
    sent_back: Callable[[Message], str],
    result: Callable[[str], Message] | None,
    keeps_calls: bool = False,
) -> Client:
    """A client whose tool calls are part of the text. Without `result`, what tools return is in the same message."""

    def request(exchange: Exchange) -> Body:
        messages = [{"role": "system", "content": exchange.system}]
        for place, message in enumerate(exchange.messages):
            if message["role"] == "user":
                messages.append(message)
            elif message["role"] == "tool":
                messages += [result(message["content"])] if result else []
            else:
                after = takewhile(lambda later: later["role"] == "tool", exchange.messages[place + 1 :])
                observed = "" if result else "".join(f"\nObservation: {one['content']}" for one in after)
                said = sent_back(message) if calls_of(message) else message["content"]
                messages.append({"role": "assistant", "content": said + observed})
        return {"model": exchange.model, "messages": messages}

    def response(exchange: Exchange) -> Body:
        answer = exchange.answer or {}
        said = {"role": "assistant", "content": written(answer) if calls_of(answer) else answer["content"]}
        return chat_response(
            exchange, said | ({"tool_calls": answer["tool_calls"]} if keeps_calls and calls_of(answer) else {})
        )

    return Client(name, request, response, keeps_ids=False)


def thought_of(message: Message) -> str:
    return f"{THOUGHT} {message['content'] or ''}".strip()


def with_code(message: Message) -> str:
    lines = "".join(f"{call['function']['name']}(**{arguments_of(call)})\n" for call in calls_of(message))
    return f"Thought: {thought_of(message)}\n<code>\n{lines}</code>"


def code_and_calls(message: Message) -> str:
    """As smolagents does."""
    return f"{with_code(message)}\nCalling tools:\n{[{'id': 'call_1', 'name': 'python_interpreter'}]}"


def as_action(message: Message) -> str:
    calls = (
        f"Action: {call['function']['name']}\nAction Input: {call['function']['arguments']}"
        for call in calls_of(message)
    )
    return "\n".join([f"Thought: {thought_of(message)}", *calls])


def with_tags(message: Message) -> str:
    """As Cline does: calls are written as tags after the text."""
    return thought_of(message) + "".join(written_tags(message))


def written_tags(message: Message) -> Iterator[str]:
    for call in calls_of(message):
        name = call["function"]["name"]
        members = "".join(f"<{key}>{value}</{key}>\n" for key, value in arguments_of(call).items())
        yield f"\n\n<{name}>\n{members}</{name}>"


def observed(content: str) -> Message:
    return {"role": "user", "content": f"Observation:\n{content}"}


REWRITING = (
    Client("contents, ids of the client", gemini_with_own_ids, gemini_response, keeps_ids=False),
    without_ids_client("chat, server without ids", None),
    without_ids_client("chat, server with counters", "call_0", "acompletion"),
    chat_client("chat, text beside calls dropped", as_openai_returns, without_text, rewrites=True),
    Client(
        "chat, first message rebuilt",
        rebuilt_request,
        lambda exchange: chat_response(exchange, bare(exchange.answer or {})),
        rewrites=True,
    ),
    Client("responses, sealed ids", sealed_request, sealed_response, "aresponses", rewrites=True, forgets=True),
    written_client("chat, code and calls", with_code, code_and_calls, observed),
    written_client("chat, actions and observations", as_action, as_action, None),
    written_client("chat, calls as tags", thought_of, with_tags, observed, keeps_calls=True),
)
