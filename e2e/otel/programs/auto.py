"""Runs under `opentelemetry-instrument`, which sets up everything: spans, and messages as log records."""

from openai import OpenAI
from opentelemetry import trace
from scenario import everything

with trace.get_tracer("program").start_as_current_span("turn", attributes={"session.id": "chat-1"}):
    everything(OpenAI())
