"""Pydantic AI: an agent with a tool, two turns, a failing one."""

import contextlib

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
Agent.instrument_all()
agent = Agent("openai-chat:gpt-4o-mini", name="guide", instructions="Be brief.")


@agent.tool_plain
def get_weather(city: str) -> str:
    return f"Sunny in {city}"


first = agent.run_sync("What is the weather in Paris and Oslo?", conversation_id="chat-1")
agent.run_sync("Thank you", conversation_id="chat-1", message_history=first.all_messages())
with contextlib.suppress(ModelHTTPError):
    agent.run_sync("Please fail now", conversation_id="chat-1")
