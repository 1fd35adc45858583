"""A model server with OpenAI's API. It responds by rules, so that a test knows what every library received.

    client = OpenAI(base_url=f"http://127.0.0.1:{port}/NAME/v1")

NAME is one program under test: `calls(NAME)` is what it asked and was answered, in order. The rules: a text with
"fail" in it is refused with 400; with tools at hand and "weather" in the last user message, each city of `CITIES` in
it is a call of the first tool; a message after tools' results sums them up; anything else is said back.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CITIES = ("Paris", "Oslo")
CHUNK_SECONDS = 0.02


@dataclass
class Call:
    """One call as the server saw it. `output` is the text of the response; tool calls are (id, name, arguments)."""

    path: str
    model: str
    last_text: str
    response_id: str = ""
    output: str = ""
    tool_calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    input_tokens: int | None = None
    output_tokens: int | None = None
    status: int = 200
    is_streamed: bool = False


class QuietServer(ThreadingHTTPServer):
    """Does not print that a client went away."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class ModelServer:
    """Listens inside the `with` block, on a port that the system chooses."""

    def __init__(self, handler: type[Handler] | None = None) -> None:
        self._calls: dict[str, list[Call]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        bound = type("BoundHandler", (handler or Handler,), {"models": self})
        self._http = QuietServer(("127.0.0.1", 0), bound)
        self._http.daemon_threads = True

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, body: dict[str, Any], messages: list[dict[str, Any]], number: int) -> Call:
        """The response to a chat with these messages."""
        return answer(body, messages, number)

    def base_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/{name}/v1"

    def calls(self, name: str) -> list[Call]:
        return list(self._calls.get(name, []))

    def note(self, name: str, call: Call) -> None:
        with self._lock:
            self._calls.setdefault(name, []).append(call)

    def number(self) -> int:
        return next(self._numbers)


# --- what is answered ------------------------------------------------------------------------------------------------


def text_of(content: Any) -> str:
    """The text of a message's content, which is a text or a list of blocks."""
    if isinstance(content, list):
        return " ".join(str(block.get("text", "")) for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else ""


def tool_names(body: dict[str, Any]) -> list[str]:
    return [str(tool.get("name") or tool.get("function", {}).get("name")) for tool in body.get("tools") or ()]


def answer(body: dict[str, Any], messages: list[dict[str, Any]], number: int) -> Call:
    """The response to a chat with these messages, each with a `role` and a text `content`."""
    users = [message for message in messages if message["role"] == "user"]
    question = users[-1]["content"] if users else ""
    results = list(itertools.takewhile(lambda message: message["role"] == "tool", reversed(messages)))
    call = Call("", str(body.get("model")), messages[-1]["content"] if messages else "")
    names = tool_names(body)
    if results:
        call.output = "So: " + ", ".join(message["content"] for message in reversed(results))
    elif names and "weather" in question:
        cities = [city for city in CITIES if city in question]
        call.tool_calls = [(f"call_{number}_{at}", names[0], {"city": city}) for at, city in enumerate(cities)]
    else:
        call.output = f"You said: {question}"
    call.input_tokens = 10 * len(messages)
    call.output_tokens = 5 + 7 * len(call.tool_calls)
    return call


def chat_messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": item["role"], "content": text_of(item.get("content"))} for item in body["messages"]]


def response_messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The input of the Responses API as messages."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    found = []
    for item in given or ():
        if item.get("type") == "function_call_output":
            found.append({"role": "tool", "content": text_of(item.get("output"))})
        elif item.get("role"):
            found.append({"role": item["role"], "content": text_of(item.get("content"))})
    return found


# --- how it is said --------------------------------------------------------------------------------------------------


def chat_usage(call: Call) -> dict[str, Any]:
    assert call.input_tokens is not None
    assert call.output_tokens is not None
    return {
        "prompt_tokens": call.input_tokens,
        "completion_tokens": call.output_tokens,
        "total_tokens": call.input_tokens + call.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def chat_document(call: Call, kind: str, choice: dict[str, Any] | None) -> dict[str, Any]:
    choices = [] if choice is None else [{"index": 0, "finish_reason": None, "logprobs": None} | choice]
    named = {"id": call.response_id, "object": kind, "created": int(time.time()), "model": call.model}
    return named | {"choices": choices}


def chat_calls(call: Call) -> list[dict[str, Any]]:
    return [
        {"index": at, "id": id_, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for at, (id_, name, arguments) in enumerate(call.tool_calls)
    ]


def chat_response(call: Call) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": call.output or None}
    if call.tool_calls:
        message["tool_calls"] = [{k: v for k, v in each.items() if k != "index"} for each in chat_calls(call)]
    reason = "tool_calls" if call.tool_calls else "stop"
    document = chat_document(call, "chat.completion", {"message": message, "finish_reason": reason})
    return document | {"usage": chat_usage(call)}


def chat_chunks(call: Call, with_usage: bool) -> Iterator[dict[str, Any]]:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return chat_document(call, "chat.completion.chunk", {"delta": delta, "finish_reason": reason})

    yield chunk({"role": "assistant", "content": ""})
    for word in call.output.split(" ") if call.output else ():
        yield chunk({"content": word if call.output.startswith(word) else f" {word}"})
    for each in chat_calls(call):
        yield chunk({"tool_calls": [each]})
    yield chunk({}, "tool_calls" if call.tool_calls else "stop")
    if with_usage:
        yield chat_document(call, "chat.completion.chunk", None) | {"usage": chat_usage(call)}


def response_call(id_: str, name: str, arguments: dict[str, Any] | str) -> dict[str, Any]:
    """A tool call as an item; arguments that are a text are the input of a custom tool."""
    item = {"call_id": id_, "name": name, "status": "completed"}
    if isinstance(arguments, str):
        return {"type": "custom_tool_call", "id": f"ctc_{id_}", **item, "input": arguments}
    return {"type": "function_call", "id": f"fc_{id_}", **item, "arguments": json.dumps(arguments)}


def response_events(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A response as a stream: each item begins, gets its text or arguments, and ends."""
    begun = document | {"status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for at, item in enumerate(document["output"]):
        place = {"output_index": at, "item_id": item["id"]}
        empty = {"content": [], "arguments": "", "input": ""}
        yield {
            "type": "response.output_item.added",
            "output_index": at,
            "item": item | {"status": "in_progress"} | {k: v for k, v in empty.items() if k in item},
        }
        match item["type"]:
            case "message":
                yield from text_events(item["content"][0], place | {"content_index": 0})
            case "function_call":
                yield {"type": "response.function_call_arguments.delta", **place, "delta": item["arguments"]}
                done = {"arguments": item["arguments"], "name": item["name"]}
                yield {"type": "response.function_call_arguments.done", **place, **done}
            case "custom_tool_call":
                yield {"type": "response.custom_tool_call_input.delta", **place, "delta": item["input"]}
                yield {"type": "response.custom_tool_call_input.done", **place, "input": item["input"]}
        yield {"type": "response.output_item.done", "output_index": at, "item": item}
    yield {"type": "response.completed", "response": document}


def text_events(part: dict[str, Any], place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.content_part.added", **place, "part": part | {"text": ""}}
    for word in re.findall(r"\S+\s*|\s+", part["text"]):
        yield {"type": "response.output_text.delta", **place, "delta": word, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}


def response_document(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """A response of the Responses API."""
    assert call.input_tokens is not None
    assert call.output_tokens is not None
    output: list[dict[str, Any]] = []
    if call.output:
        text = {"type": "output_text", "text": call.output, "annotations": []}
        message_id = f"msg_{call.response_id}"
        output.append(
            {"type": "message", "id": message_id, "role": "assistant", "status": "completed", "content": [text]}
        )
    output += [response_call(*each) for each in call.tool_calls]
    return {
        "id": call.response_id,
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": call.model,
        "output": output,
        "instructions": body.get("instructions"),
        "previous_response_id": body.get("previous_response_id"),
        "tools": body.get("tools") or [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "metadata": {},
        "error": None,
        "incomplete_details": None,
        "usage": {
            "input_tokens": call.input_tokens,
            "output_tokens": call.output_tokens,
            "total_tokens": call.input_tokens + call.output_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    models: ModelServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self._body() or b"{}")
        _, name, path = self.path.split("/", 2)
        respond = {
            "v1/chat/completions": self._chat,
            "v1/responses": self._response,
            "v1/embeddings": self._embeddings,
        }.get(path.partition("?")[0])
        if respond is None:
            return self._send(404, {"error": {"message": f"{path} is not served", "type": "invalid_request_error"}})
        return respond(name, body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _refused(self, name: str, call: Call) -> bool:
        """Records the call, and responds if it should fail."""
        if "fail" in call.last_text:
            call.status, call.output, call.tool_calls = 400, "", []
            call.input_tokens = call.output_tokens = None
            call.response_id = ""
        self.models.note(name, call)
        if call.status == 200:
            return False
        message = "This model was told to fail."
        self._send(400, {"error": {"message": message, "type": "invalid_request_error", "code": "told_to_fail"}})
        return True

    def _chat(self, name: str, body: dict[str, Any]) -> None:
        number = self.models.number()
        call = self.models.answer(body, chat_messages(body), number)
        call.path, call.response_id, call.is_streamed = "chat", f"chatcmpl-{number}", bool(body.get("stream"))
        if self._refused(name, call):
            return
        if not call.is_streamed:
            self._send(200, chat_response(call))
            return
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        if not with_usage:
            call.input_tokens = call.output_tokens = None
            self._stream(chat_chunks(call, False))
        else:
            self._stream(chat_chunks(call, True))

    def _response(self, name: str, body: dict[str, Any]) -> None:
        number = self.models.number()
        call = self.models.answer(body, response_messages(body), number)
        call.path, call.response_id, call.is_streamed = "responses", f"resp_{number}", bool(body.get("stream"))
        if self._refused(name, call):
            return
        document = response_document(call, body)
        if call.is_streamed:
            self._events(response_events(document))
        else:
            self._send(200, document)

    def _embeddings(self, name: str, body: dict[str, Any]) -> None:
        given = body["input"] if isinstance(body["input"], list) else [body["input"]]
        tokens = 4 * len(given)
        self.models.note(name, Call("embeddings", body["model"], str(given[-1]), input_tokens=tokens))
        # OpenAI's client requests Base64 of little-endian floats.
        vector: Any = "AACAPwAAAEA=" if body.get("encoding_format") == "base64" else [1.0, 2.0]
        data = [{"object": "embedding", "index": at, "embedding": vector} for at in range(len(given))]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        self._send(200, {"object": "list", "model": body["model"], "data": data, "usage": usage})

    def _send(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, chunks: Iterator[dict[str, Any]]) -> None:
        self._begin_stream()
        for chunk in chunks:
            self._chunk(f"data: {json.dumps(chunk)}\n\n".encode())
            time.sleep(CHUNK_SECONDS)
        self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _events(self, events: Iterator[dict[str, Any]]) -> None:
        """Events whose names are their types, with numbers."""
        self._begin_stream()
        for number, event in enumerate(events):
            document = json.dumps(event | {"sequence_number": number})
            self._chunk(f"event: {event['type']}\ndata: {document}\n\n".encode())
        self.wfile.write(b"0\r\n\r\n")

    def _begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()
