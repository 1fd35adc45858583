"""The calls of a program through OpenAI's client, with any instrumentation: seven calls and a tool run."""

import contextlib
import json
from collections.abc import Callable

from openai import BadRequestError, OpenAI

MODEL = "gpt-4o-mini"
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "get_weather", "description": "Weather of a city", "parameters": PARAMETERS}


def weather(city: str) -> str:
    return f"Sunny in {city}"


RunTool = Callable[[str, str, dict[str, str]], str]


def just_run(name: str, call_id: str, arguments: dict[str, str]) -> str:
    return weather(**arguments)


def everything(client: OpenAI, run_tool: RunTool = just_run) -> None:
    """`run_tool` runs a tool that the model called, inside a span if the library has spans for tools."""
    plain_call(client)
    streamed_call(client)
    tool_round_trip(client, run_tool)
    failing_call(client)
    client.embeddings.create(model="text-embedding-3-small", input="A text to embed")
    client.responses.create(model=MODEL, input="Tell me of responses")


def plain_call(client: OpenAI) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello out there"}]
    client.chat.completions.create(model=MODEL, messages=messages, temperature=0.5)


def streamed_call(client: OpenAI) -> None:
    messages = [{"role": "user", "content": "Say it slowly please"}]
    options = {"stream": True, "stream_options": {"include_usage": True}}
    for _ in client.chat.completions.create(model=MODEL, messages=messages, **options):
        pass


def tool_round_trip(client: OpenAI, run_tool: RunTool) -> None:
    tools = [{"type": "function", "function": FUNCTION}]
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=tools).choices[0].message
    messages.append(answer.model_dump(exclude_none=True))
    for call in answer.tool_calls:
        result = run_tool(call.function.name, call.id, json.loads(call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    client.chat.completions.create(model=MODEL, messages=messages, tools=tools)


def failing_call(client: OpenAI) -> None:
    with contextlib.suppress(BadRequestError):
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Please fail now"}])
