"""Makes the corpus: holds every conversation through every API's SDK, whole and streamed, and writes what to log.

A call is logged in two forms: as it went over the wire, and as the SDK knows it (`model_dump()` and the like).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apis.anthropic_messages import AnthropicMessages
from apis.base import Api, Expected, Logged
from apis.bedrock import BedrockConverse, BedrockInvoke
from apis.cohere_chat import CohereChat
from apis.gemini import Gemini
from apis.huggingface import HuggingFaceChat, HuggingFaceGenerate
from apis.mistral_chat import MistralChat, OpenRouterChat
from apis.ollama_api import OllamaChat, OllamaGenerate
from apis.openai_chat import OpenAIChat
from apis.openai_completions import OpenAICompletions
from apis.openai_responses import OpenAIResponses, OpenAIResponsesById
from conversations import Conversation, Turn, conversations
from replies import Exchange, ScriptedServer

APIS: tuple[Api, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    OpenAIResponsesById(),
    OpenAICompletions(),
    OpenRouterChat(),
    AnthropicMessages(),
    Gemini(),
    BedrockConverse(),
    BedrockInvoke(),
    CohereChat(),
    MistralChat(),
    OllamaChat(),
    OllamaGenerate(),
    HuggingFaceChat(),
    HuggingFaceGenerate(),
)
FORMS = ("wire", "sdk")


@dataclass(frozen=True)
class CorpusCall:
    """One logged call, with everything it is judged by. `group` is equal for the calls of one conversation."""

    group: str
    number: int
    api: str
    stream: bool
    form: str
    conversation: Conversation
    turn: Turn
    log: dict[str, Any]
    expected: Expected

    @property
    def id(self) -> str:
        return self.log["request_id"]


def corpus(names: set[str]) -> Iterator[CorpusCall]:
    """All calls, in the order in which they were made. `names`: only APIs whose name has one of these words."""
    server = ScriptedServer()
    try:
        for api in APIS:
            if names and not names & set(api.name.split()):
                continue
            for stream in (False, True):
                for form in FORMS:
                    mark = hashlib.sha256(f"{api.name} {stream} {form}".encode()).hexdigest()[:12]
                    yield from _held(server, api, stream, form, mark)
    finally:
        server.stop()


def _held(server: ScriptedServer, api: Api, stream: bool, form: str, mark: str) -> Iterator[CorpusCall]:
    number = int(mark, 16) % 10**12
    for conversation in conversations(mark):
        if not conversation.needs <= api.can or ("break" in conversation.needs and not stream):
            continue
        server.exchanges.clear()
        for turn in conversation.turns:
            number += 1
            server.script.append(api.reply(turn.answer, number, stream))
        held = list(api.talk(conversation, server.url, stream))
        if len(server.exchanges) != len(held):
            raise AssertionError(f"{api.name}, {conversation.name}: {len(held)} calls, but {held[-1][1].error}")
        for index, ((turn, logged), exchange) in enumerate(zip(held, server.exchanges, strict=True)):
            log = _wire(exchange) if form == "wire" else _sdk(logged, exchange)
            if log is None:
                continue
            group = f"{api.name}|{stream}|{form}|{conversation.name}"
            group += "" if api.remembers else f"|{index}"
            log["request_id"] = f"{mark}-{conversation.name.replace(' ', '-')}-{index}"
            expected = api.expected(turn.answer, stream)
            yield CorpusCall(group, index, api.name, stream, form, conversation, turn, log, expected)


def _wire(exchange: Exchange) -> dict[str, Any] | None:
    """A call as bytes; None when they are binary."""
    reply = exchange.reply
    if reply.content_type == "application/vnd.amazon.eventstream":
        return None
    text = exchange.reply_text
    response = json.loads(text) if reply.content_type == "application/json" else text
    log = {"request": exchange.request_body, "response": response}
    return log | ({"status_code": reply.status} if reply.status != 200 else {})


def _sdk(logged: Logged, exchange: Exchange) -> dict[str, Any]:
    log = {"request": logged.request, "response": logged.response}
    if exchange.reply.status != 200:
        log |= {"status_code": exchange.reply.status, "error": logged.error}
    return log
