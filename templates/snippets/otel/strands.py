from strands import Agent
from strands.models.openai import OpenAIModel
from strands.telemetry import StrandsTelemetry

StrandsTelemetry().setup_otlp_exporter()

agent = Agent(
    name="guide",
    model=OpenAIModel(model_id="gpt-4o-mini"),
    trace_attributes={"session.id": "chat-42", "user.id": "ada"},
    callback_handler=None,
)
for question in ("What is the capital of France?", "And of Japan?"):
    agent(question)
