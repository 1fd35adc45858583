"""How the same conversation looks in each model API: as providers return an answer, and as clients send it back.

Conversations come in the form of the generator: chat completions. Each client here sends the answers of its history
back in another form than they came, as the libraries in use do.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]
Body = dict[str, Any]


@dataclass(frozen=True)
class Exchange:
    """One call: the system prompt apart, the messages that were sent, and the answer (None after a failure).

    Answers among the messages have their `response_id`. `previous_id` is that of the last one that the request goes on
    from, `known` how many of the messages it covers.
    """

    model: str
    system: str
    messages: list[Message]
    answer: Message | None
    response_id: str
    tools: list[Body] = field(default_factory=list)
    previous_id: str = ""
    known: int = 0


@dataclass(frozen=True)
class Client:
    """`request` and `response` make the bodies of an exchange; `call_type` is LiteLLM's, "" for a native log.

    `keeps_ids`: the ids of tool calls come back, which tells two runs of one task apart. `rewrites`: little else comes
    back as it was. `forgets`: only the ids of tool calls tell what a request goes on from.
    """

    name: str
    request: Callable[[Exchange], Body]
    response: Callable[[Exchange], Body]
    call_type: str = ""
    keeps_ids: bool = True
    rewrites: bool = False
    forgets: bool = False


def short_id(prefix: str, *names: Any, digits: int = 24) -> str:
    return prefix + hashlib.sha256(repr(names).encode()).hexdigest()[:digits]


def arguments_of(call: Body) -> Any:
    return json.loads(call["function"]["arguments"])


def calls_of(message: Message) -> list[Body]:
    return message.get("tool_calls") or []


# --- Chat Completions -----------------------------------------------------------------------------------------------


def bare(message: Message) -> Message:
    return {name: value for name, value in message.items() if name != "response_id"}


def chat_request(exchange: Exchange, sent_back: Callable[[Message], Message]) -> Body:
    history = [sent_back(bare(message)) if message["role"] == "assistant" else message for message in exchange.messages]
    tools = {"tools": exchange.tools} if exchange.tools else {}
    return {"model": exchange.model, "messages": [{"role": "system", "content": exchange.system}, *history], **tools}


def chat_response(exchange: Exchange, message: Message) -> Body:
    finish = "tool_calls" if calls_of(message) else "stop"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return {"id": exchange.response_id, "object": "chat.completion", "model": exchange.model, "choices": [choice]}


def as_openai_returns(message: Message) -> Message:
    returned = message | {"refusal": None, "annotations": [], "audio": None, "function_call": None}
    return returned | {"tool_calls": calls_of(message) or None}


def as_streamed(message: Message) -> Message:
    """Assembled from a stream, with the fields of a reasoning model, and empty text instead of null."""
    calls = [call | {"index": index} for index, call in enumerate(calls_of(message))]
    returned = {"role": "assistant", "content": message["content"] or "", "reasoning_content": "Let me see. " * 3}
    return returned | ({"tool_calls": calls} if calls else {})


def as_open_model_returns(message: Message) -> Message:
    """With the reasoning inside the text, and white space around it."""
    return message | {"content": f"<think>\nHow do I say this?\n</think>\n\n{message['content'] or ''}\n"}


def as_sdk_sends(message: Message) -> Message:
    """Without null members."""
    return {name: value for name, value in message.items() if value is not None}


def as_parts(message: Message) -> Message:
    """The text as parts, the last of which is marked for the provider's cache."""
    text = message["content"]
    if not text:
        return message
    halves = [text[: len(text) // 2], text[len(text) // 2 :]]
    parts: list[Body] = [{"type": "text", "text": half} for half in halves if half]
    parts[-1]["cache_control"] = {"type": "ephemeral"}
    return message | {"content": parts}


def as_written_anew(message: Message) -> Message:
    """By a client that parses arguments, trims texts and gives tool calls its own short ids."""
    calls = [
        {"id": call["id"][-9:], "type": "function", "function": call["function"] | {"arguments": sorted_json(call)}}
        for call in calls_of(message)
    ]
    text = (message["content"] or "").strip()
    return {"role": "assistant", "content": text or None} | ({"tool_calls": calls} if calls else {})


def sorted_json(call: Body) -> str:
    return json.dumps(arguments_of(call), sort_keys=True, indent=1)


def chat_client(
    name: str,
    returned: Callable[[Message], Message],
    sent: Callable[[Message], Message],
    call_type: str = "",
    rewrites: bool = False,
) -> Client:
    return Client(
        name,
        lambda exchange: chat_request(exchange, sent),
        lambda exchange: chat_response(exchange, returned(bare(exchange.answer or {}))),
        call_type,
        keeps_ids=sent is not as_written_anew,
        rewrites=rewrites,
    )


# --- Anthropic Messages ---------------------------------------------------------------------------------------------


def claude_blocks(message: Message) -> list[Body]:
    text = [{"type": "text", "text": message["content"]}] if message["content"] else []
    calls = [
        {"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": arguments_of(call)}
        for call in calls_of(message)
    ]
    return [*text, *calls]


def claude_messages(messages: list[Message]) -> list[Message]:
    """Tool results are together in a user message."""
    found: list[Message] = []
    for message in messages:
        if message["role"] == "assistant":
            found.append({"role": "assistant", "content": claude_blocks(message)})
        elif message["role"] == "tool":
            block = {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}
            if found and found[-1]["role"] == "user" and isinstance(found[-1]["content"], list):
                found[-1]["content"].append(block)
            else:
                found.append({"role": "user", "content": [block]})
        else:
            found.append(dict(message))
    return found


def claude_request(exchange: Exchange) -> Body:
    """Without reasoning, and with a cache mark on the newest block, so that the mark moves."""
    messages = claude_messages(exchange.messages)
    last = messages[-1]
    if isinstance(last["content"], str):
        last["content"] = [{"type": "text", "text": last["content"]}]
    last["content"][-1] = last["content"][-1] | {"cache_control": {"type": "ephemeral"}}
    system = [{"type": "text", "text": exchange.system, "cache_control": {"type": "ephemeral"}}]
    return {"model": exchange.model, "max_tokens": 4096, "system": system, "messages": messages}


def claude_response(exchange: Exchange) -> Body:
    thought = {"type": "thinking", "thinking": "Let me see.", "signature": short_id("EqQB", exchange.response_id)}
    blocks = [thought, *claude_blocks(exchange.answer or {})]
    return {
        "id": exchange.response_id,
        "type": "message",
        "role": "assistant",
        "content": blocks,
        "stop_reason": "end_turn",
    }


def prefilled_request(exchange: Exchange) -> Body:
    """A client that prefills the response, from the second question on."""
    body = claude_request(exchange)
    if begun := beginning(exchange):
        body["messages"] = [*body["messages"], {"role": "assistant", "content": begun}]
    return body


def beginning(exchange: Exchange) -> str:
    text = exchange.answer["content"] if exchange.answer else None
    goes_on = any(message["role"] == "assistant" for message in exchange.messages)
    return text[:10].strip() if text and goes_on else ""


def prefilled_response(exchange: Exchange) -> Body:
    answer = exchange.answer or {}
    begun = len(beginning(exchange))
    rest = answer["content"][begun:] if begun else answer["content"]
    return claude_response(exchange) | {"content": claude_blocks(answer | {"content": rest})}


def claude_through_litellm(exchange: Exchange) -> Body:
    """LiteLLM writes Claude's answer as a chat completion."""
    message = as_streamed(bare(exchange.answer or {}))
    blocks = [{"type": "thinking", "thinking": "Let me see.", "signature": "EqQB"}]
    return chat_response(exchange, message | {"thinking_blocks": blocks, "function_call": None})


# --- Gemini ---------------------------------------------------------------------------------------------------------


def gemini_parts(message: Message) -> list[Body]:
    text = [{"text": message["content"]}] if message["content"] else []
    calls = [
        {"functionCall": {"name": call["function"]["name"], "args": arguments_of(call)}} for call in calls_of(message)
    ]
    return [*text, *calls]


def gemini_contents(messages: list[Message]) -> Iterator[Body]:
    names: dict[str, str] = {}
    for message in messages:
        if message["role"] == "assistant":
            names |= {call["id"]: call["function"]["name"] for call in calls_of(message)}
            yield {"role": "model", "parts": gemini_parts(message)}
        elif message["role"] == "tool":
            name, output = names[message["tool_call_id"]], {"output": message["content"]}
            yield {"role": "function", "parts": [{"functionResponse": {"name": name, "response": output}}]}
        else:
            yield {"role": "user", "parts": [{"text": message["content"]}]}


def gemini_request(exchange: Exchange) -> Body:
    system = {"parts": [{"text": exchange.system}]}
    return {"model": exchange.model, "contents": list(gemini_contents(exchange.messages)), "systemInstruction": system}


def gemini_response(exchange: Exchange) -> Body:
    """Reasoning, the text in its streamed pieces, and the signature at the end."""
    answer = exchange.answer or {}
    text = answer["content"] or ""
    pieces = [{"text": text[start : start + 200]} for start in range(0, len(text), 200)]
    calls = gemini_parts(answer | {"content": None})
    calls = [call | {"thoughtSignature": "Cq"} for call in calls]
    parts = [{"text": "Hm.", "thought": True}, *pieces, *calls, {"text": "", "thoughtSignature": "Cr"}]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    return {"responseId": exchange.response_id, "modelVersion": exchange.model, "candidates": [candidate]}


# --- Responses ------------------------------------------------------------------------------------------------------


def answer_items(answer: Message, response_id: str) -> list[Body]:
    """The items of a response, as returned."""
    content = [{"type": "output_text", "text": answer["content"], "annotations": [], "logprobs": []}]
    message = {"id": short_id("msg_", response_id), "type": "message", "role": "assistant", "status": "completed"}
    calls = [
        {
            "id": short_id("fc_", call["id"]),
            "type": "function_call",
            "call_id": call["id"],
            "name": call["function"]["name"],
            "arguments": call["function"]["arguments"],
            "status": "completed",
        }
        for call in calls_of(answer)
    ]
    reasoning = {"id": short_id("rs_", response_id), "type": "reasoning", "summary": [], "encrypted_content": "gAAA"}
    return [reasoning, *([message | {"content": content}] if answer["content"] else []), *calls]


def sent_items(messages: list[Message], sent_back: Callable[[Message], list[Body]]) -> Iterator[Body]:
    for message in messages:
        if message["role"] == "assistant":
            yield from sent_back(message)
        elif message["role"] == "tool":
            yield {"type": "function_call_output", "call_id": message["tool_call_id"], "output": message["content"]}
        else:
            yield {"role": "user", "content": [{"type": "input_text", "text": message["content"]}]}


def items_as_messages(answer: Message) -> list[Body]:
    """Texts as messages without ids, calls as items, no reasoning."""
    text = [{"role": "assistant", "content": answer["content"]}] if answer["content"] else []
    calls = [item for item in answer_items(answer, "") if item["type"] == "function_call"]
    return [*text, *({name: value for name, value in call.items() if name not in ("id", "status")} for call in calls)]


def items_by_reference(answer: Message) -> list[Body]:
    """By their ids, as the AI SDK does for responses that the provider keeps."""
    items = answer_items(answer, answer["response_id"])
    return [{"type": "item_reference", "id": item["id"]} for item in items]


def whole_items(answer: Message) -> list[Body]:
    return answer_items(answer, answer["response_id"])


def responses_request(exchange: Exchange, sent_back: Callable[[Message], list[Body]]) -> Body:
    return {
        "model": exchange.model,
        "instructions": exchange.system,
        "input": list(sent_items(exchange.messages, sent_back)),
    }


def chained_request(exchange: Exchange) -> Body:
    """Only the new items, with the id of the response that they continue."""
    new = exchange.messages[exchange.known :]
    previous = {"previous_response_id": exchange.previous_id} if exchange.previous_id else {}
    return responses_request(exchange, whole_items) | {"input": list(sent_items(new, whole_items))} | previous


def responses_response(exchange: Exchange) -> Body:
    output = answer_items(exchange.answer or {}, exchange.response_id)
    return {"id": exchange.response_id, "object": "response", "status": "completed", "output": output}


def wrapped_response(exchange: Exchange) -> Body:
    """With its id as LiteLLM wraps it."""
    text = f"litellm:custom_llm_provider:openai;model_id:035f44;response_id:{exchange.response_id}"
    return responses_response(exchange) | {"id": "resp_" + base64.urlsafe_b64encode(text.encode()).decode()}


def responses_client(name: str, sent_back: Callable[[Message], list[Body]]) -> Client:
    return Client(name, lambda exchange: responses_request(exchange, sent_back), responses_response)


CHAINED = (
    Client("responses, chained", chained_request, responses_response),
    Client("responses, chained, LiteLLM", chained_request, wrapped_response, "aresponses"),
)
RESENDING = (
    chat_client("chat, as returned", as_openai_returns, as_openai_returns),
    chat_client("chat, without nulls", as_openai_returns, as_sdk_sends),
    chat_client("chat, text in parts", as_streamed, as_parts),
    chat_client("chat, written anew", as_openai_returns, as_written_anew),
    chat_client("chat, open model", as_open_model_returns, as_sdk_sends),
    chat_client("chat, LiteLLM", as_openai_returns, as_sdk_sends, "acompletion"),
    chat_client("chat, LiteLLM, streamed", as_streamed, as_parts, "acompletion"),
    Client("messages", claude_request, claude_response),
    Client("messages, prefilled", prefilled_request, prefilled_response),
    Client("messages, LiteLLM", claude_request, claude_through_litellm, "anthropic_messages"),
    Client("contents", gemini_request, gemini_response, keeps_ids=False),
    responses_client("responses, whole items", whole_items),
    responses_client("responses, as messages", items_as_messages),
    responses_client("responses, by reference", items_by_reference),
)
