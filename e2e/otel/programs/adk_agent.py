"""Google's Agent Development Kit with a model behind LiteLLM."""

import asyncio

from google.adk.agents import LlmAgent
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.genai import types
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)


def get_weather(city: str) -> str:
    """Weather of a city."""
    return f"Sunny in {city}"


async def main() -> None:
    agent = LlmAgent(name="guide", model=LiteLlm("openai/gpt-4o-mini"), tools=[get_weather])
    runner = InMemoryRunner(agent=agent, app_name="e2e")
    await runner.session_service.create_session(app_name="e2e", user_id="ada", session_id="chat-1")
    for question in ("What is the weather in Paris and Oslo?", "Thank you"):
        message = types.Content(role="user", parts=[types.Part(text=question)])
        async for _ in runner.run_async(user_id="ada", session_id="chat-1", new_message=message):
            pass


asyncio.run(main())
