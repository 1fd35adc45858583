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


async def main():
    agent = LlmAgent(name="guide", model=LiteLlm("openai/gpt-4o-mini"), instruction="Answer briefly.")
    runner = InMemoryRunner(agent=agent, app_name="my-app")
    await runner.session_service.create_session(app_name="my-app", user_id="ada", session_id="chat-42")
    for question in ("What is the capital of France?", "And of Japan?"):
        message = types.Content(role="user", parts=[types.Part(text=question)])
        async for _ in runner.run_async(user_id="ada", session_id="chat-42", new_message=message):
            pass


asyncio.run(main())
