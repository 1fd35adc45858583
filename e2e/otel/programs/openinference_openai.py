"""OpenInference's instrumentation of OpenAI's client, and its decorator for tools."""

from openai import OpenAI
from openinference.instrumentation import OITracer, TraceConfig, using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from scenario import everything, weather

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = OITracer(provider.get_tracer("program"), config=TraceConfig())


@tracer.tool
def get_weather(city: str) -> str:
    return weather(city)


@tracer.chain
def turn(question: str) -> str:
    everything(OpenAI(), lambda name, call_id, arguments: get_weather(**arguments))
    return "done"


with using_attributes(session_id="chat-1", user_id="ada", metadata={"team": "blue"}, tags=["e2e"]):
    turn("Everything please")
