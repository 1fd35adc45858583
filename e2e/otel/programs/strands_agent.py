"""Strands Agents: an agent with a tool, which streams its calls."""

from strands import Agent, tool
from strands.models.openai import OpenAIModel
from strands.telemetry import StrandsTelemetry

StrandsTelemetry().setup_otlp_exporter()


@tool
def get_weather(city: str) -> str:
    """Weather of a city.

    Args:
        city: The city.
    """
    return f"Sunny in {city}"


agent = Agent(
    name="guide",
    model=OpenAIModel(model_id="gpt-4o-mini"),
    tools=[get_weather],
    trace_attributes={"session.id": "chat-1", "user.id": "ada"},
    callback_handler=None,
)
agent("What is the weather in Paris and Oslo?")
agent("Thank you")
