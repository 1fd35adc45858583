"""OpenLLMetry: Traceloop's SDK with its decorators."""

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from scenario import everything, weather
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import tool, workflow

Traceloop.init(app_name="e2e", exporter=OTLPSpanExporter(), telemetry_enabled=False)


@tool(name="get_weather")
def get_weather(city: str) -> str:
    return weather(city)


@workflow(name="turn")
def turn() -> None:
    everything(OpenAI(), lambda name, call_id, arguments: get_weather(**arguments))


Traceloop.set_association_properties({"session_id": "chat-1", "user_id": "ada", "team": "blue"})
turn()
