from openai import OpenAI
from opentelemetry import trace

client = OpenAI()
tracer = trace.get_tracer("my-app")
for question in ("What is the capital of France?", "And of Japan?"):
    with tracer.start_as_current_span("turn", attributes={"session.id": "chat-42"}):
        client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": question}],
        )
