"""Amazon Bedrock, with the SDK `boto3`: Converse, and InvokeModel with bodies of Anthropic."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any, ClassVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from conversations import TOOLS, Answer, Conversation, Turn, pieces
from replies import Reply, json_reply

from apis import anthropic_messages as claude
from apis.base import Expected, Logged
from apis.openai_chat import schema

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
STOP = {"stop": "end_turn", "tools": "tool_use", "length": "max_tokens", "filter": "guardrail_intervened"}


def client_for(url: str) -> Any:
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=True),
    )


def event_stream(events: list[tuple[str, dict[str, Any]]], breaks: bool) -> Reply:
    """Events in AWS's binary encoding (application/vnd.amazon.eventstream)."""
    return Reply(
        [_frame(kind, body) for kind, body in events],
        content_type="application/vnd.amazon.eventstream",
        breaks=breaks,
    )


def _frame(kind: str, body: dict[str, Any]) -> bytes:
    payload = json.dumps(body, ensure_ascii=False).encode()
    headers = b"".join(
        struct.pack("!B", len(name)) + name + b"\x07" + struct.pack("!H", len(value)) + value
        for name, value in (
            (b":event-type", kind.encode()),
            (b":content-type", b"application/json"),
            (b":message-type", b"event"),
        )
    )
    head = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    framed = head + struct.pack("!I", zlib.crc32(head)) + headers + payload
    return framed + struct.pack("!I", zlib.crc32(framed))


def refused(answer: Answer) -> Reply:
    return json_reply({"message": answer.text, "__type": "ThrottlingException"}, answer.status)


def as_json(value: Any) -> Any:
    """What boto3 gives, as JSON: bytes as base64."""
    return json.loads(json.dumps(value, default=lambda item: base64.b64encode(item).decode()))


class BedrockConverse:
    name: ClassVar[str] = "bedrock converse"
    can: ClassVar[frozenset[str]] = frozenset({"tools", "image", "thought", "filter", "error", "break", "cached"})
    remembers: ClassVar[bool] = True

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            return refused(answer)
        if not stream:
            return json_reply(
                {
                    "output": {"message": {"role": "assistant", "content": self._blocks(answer)}},
                    "stopReason": STOP[answer.finish],
                    "usage": self._usage(answer),
                    "metrics": {"latencyMs": 700},
                }
            )
        return event_stream(list(self._events(answer)), answer.breaks)

    @staticmethod
    def _blocks(answer: Answer) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = []
        if answer.thought:
            blocks.append({"reasoningContent": {"reasoningText": {"text": answer.thought, "signature": "c2ln"}}})
        if answer.text:
            blocks.append({"text": answer.text})
        return blocks + [
            {"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}} for call in answer.calls
        ]

    @staticmethod
    def _usage(answer: Answer) -> dict[str, int]:
        counts = answer.counts
        usage = {
            "inputTokens": counts.input - counts.cached,
            "outputTokens": counts.output,
            "totalTokens": counts.input + counts.output,
        }
        return usage | ({"cacheReadInputTokens": counts.cached, "cacheWriteInputTokens": 0} if counts.cached else {})

    def _events(self, answer: Answer) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "messageStart", {"role": "assistant"}
        for index, block in enumerate(self._blocks(answer)):
            place = {"contentBlockIndex": index}
            if use := block.get("toolUse"):
                start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
                yield "contentBlockStart", {**place, "start": start}
                for piece in pieces(json.dumps(use["input"], ensure_ascii=False)):
                    yield "contentBlockDelta", {**place, "delta": {"toolUse": {"input": piece}}}
            elif thought := block.get("reasoningContent"):
                for piece in pieces(thought["reasoningText"]["text"]):
                    yield "contentBlockDelta", {**place, "delta": {"reasoningContent": {"text": piece}}}
                yield "contentBlockDelta", {**place, "delta": {"reasoningContent": {"signature": "c2ln"}}}
            else:
                for piece in pieces(block["text"]):
                    yield "contentBlockDelta", {**place, "delta": {"text": piece}}
            yield "contentBlockStop", place
        yield "messageStop", {"stopReason": STOP[answer.finish]}
        yield "metadata", {"usage": self._usage(answer), "metrics": {"latencyMs": 700}}

    def expected(self, answer: Answer, stream: bool) -> Expected:
        return Expected(answer.counts.input, answer.counts.output, answer.counts.cached or None)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = client_for(url)
        messages: list[Any] = []
        for turn in conversation.turns:
            messages.append({"role": "user", "content": self._sent(conversation, turn)})
            asked: dict[str, Any] = {"modelId": MODEL, "messages": list(messages)}
            asked["inferenceConfig"] = {"maxTokens": 512}
            if conversation.system:
                asked["system"] = [{"text": conversation.system}]
            if conversation.has_tools:
                specs = [
                    {"toolSpec": {"name": name, "description": words, "inputSchema": {"json": schema(members)}}}
                    for name, (words, members) in TOOLS.items()
                ]
                asked["toolConfig"] = {"tools": specs}
            logged = Logged(as_json(asked))
            try:
                if stream:
                    logged.response = []
                    for event in client.converse_stream(**asked)["stream"]:
                        logged.response.append(as_json(event))
                else:
                    logged.response = as_json(client.converse(**asked))
            except ClientError as error:
                logged.response, logged.error = as_json(error.response), str(error)
            except (BotoCoreError, OSError) as error:
                logged.error = str(error)
            yield turn, logged
            messages.append({"role": "assistant", "content": self._blocks(turn.answer)})

    def _sent(self, conversation: Conversation, turn: Turn) -> list[dict[str, Any]]:
        if turn.results:
            return [
                {
                    "toolResult": {
                        "toolUseId": result.call.id,
                        "content": [{"text": result.text}],
                        "status": "error" if result.failed else "success",
                    }
                }
                for result in turn.results
            ]
        image = {"image": {"format": "png", "source": {"bytes": conversation.image}}}
        return [{"text": turn.user}] + ([image] if conversation.image else [])


class BedrockInvoke:
    name: ClassVar[str] = "bedrock invoke"
    can: ClassVar[frozenset[str]] = claude.AnthropicMessages.can
    remembers: ClassVar[bool] = True

    def reply(self, answer: Answer, number: int, stream: bool) -> Reply:
        if answer.status != 200:
            return refused(answer)
        body = claude.body_of(answer, number)
        if not stream:
            return json_reply(body)
        events = [json.dumps(event, ensure_ascii=False).encode() for event in claude.events_of(body)]
        return event_stream([("chunk", {"bytes": base64.b64encode(event).decode()}) for event in events], answer.breaks)

    def expected(self, answer: Answer, stream: bool) -> Expected:
        return Expected(answer.counts.input, answer.counts.output, answer.counts.cached or None)

    def talk(self, conversation: Conversation, url: str, stream: bool) -> Iterator[tuple[Turn, Logged]]:
        client = client_for(url)
        messages: list[Any] = []
        for turn in conversation.turns:
            messages.append(claude.sent_by(conversation, turn))
            asked: dict[str, Any] = {
                "anthropic_version": "bedrock-2023-05-31",
                "max_tokens": 512,
                "messages": list(messages),
            }
            if conversation.system:
                asked["system"] = conversation.system
            if conversation.has_tools:
                asked["tools"] = claude.tools()
            logged = Logged(asked)
            try:
                if stream:
                    logged.response = []
                    got = client.invoke_model_with_response_stream(modelId=MODEL, body=json.dumps(asked))
                    for event in got["body"]:
                        logged.response.append(json.loads(event["chunk"]["bytes"]))
                else:
                    got = client.invoke_model(modelId=MODEL, body=json.dumps(asked))
                    logged.response = json.loads(got["body"].read())
            except ClientError as error:
                logged.response, logged.error = as_json(error.response), str(error)
            except (BotoCoreError, OSError) as error:
                logged.error = str(error)
            yield turn, logged
            messages.append({"role": "assistant", "content": claude.blocks_of(turn.answer)})
