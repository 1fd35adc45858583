from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from traceloop.sdk import Traceloop

Traceloop.init(app_name="my-app", exporter=OTLPSpanExporter(), telemetry_enabled=False)

client = OpenAI()
Traceloop.set_association_properties({"session_id": "chat-42", "user_id": "ada"})
for question in ("What is the capital of France?", "And of Japan?"):
    client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": question}],
    )
