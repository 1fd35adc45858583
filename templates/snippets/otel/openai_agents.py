from agents import Agent, Runner
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)

agent = Agent(name="guide", instructions="Answer briefly.", model="gpt-4o-mini")
for question in ("What is the capital of France?", "And of Japan?"):
    with using_attributes(session_id="chat-42", user_id="ada"):
        Runner.run_sync(agent, question)
