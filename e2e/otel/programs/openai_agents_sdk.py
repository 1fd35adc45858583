"""OpenAI's Agents SDK (Responses API) through OpenInference."""

from agents import Agent, Runner, function_tool
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)


@function_tool
def get_weather(city: str) -> str:
    """Weather of a city."""
    return f"Sunny in {city}"


agent = Agent(name="guide", instructions="Be brief.", tools=[get_weather], model="gpt-4o-mini")
with using_attributes(session_id="chat-1", user_id="ada"):
    Runner.run_sync(agent, "What is the weather in Paris and Oslo?")
    Runner.run_sync(agent, "Thank you")
