"""OpenTelemetry's instrumentation of OpenAI's client, with session and user as baggage and a span for the tool."""

from openai import OpenAI
from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.baggage import set_baggage
from opentelemetry.context import attach
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from opentelemetry.processor.baggage import ALLOW_ALL_BAGGAGE_KEYS, BaggageSpanProcessor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from scenario import everything, weather

provider = TracerProvider()
provider.add_span_processor(BaggageSpanProcessor(ALLOW_ALL_BAGGAGE_KEYS))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
logger_provider = LoggerProvider()
logger_provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
set_logger_provider(logger_provider)
OpenAIInstrumentor().instrument()
tracer = trace.get_tracer("program")


def run_tool(name: str, call_id: str, arguments: dict[str, str]) -> str:
    named = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.call.id": call_id}
    with tracer.start_as_current_span(f"execute_tool {name}", attributes=named) as span:
        result = weather(**arguments)
        span.set_attribute("gen_ai.tool.call.arguments", f'{{"city": "{arguments["city"]}"}}')
        span.set_attribute("gen_ai.tool.call.result", result)
        return result


attach(set_baggage("user.id", "ada", set_baggage("session.id", "chat-1")))
with tracer.start_as_current_span("turn"):
    everything(OpenAI(), run_tool)
