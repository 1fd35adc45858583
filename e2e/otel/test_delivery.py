"""Delivery: a server that is down, spans that arrive separately, and a call that two libraries report."""

from __future__ import annotations

import os
import subprocess
import time

from apps import PROGRAMS, App, check
from running import Logsui, wait_for

ONE_AFTER_ANOTHER = """
import sys, time
from openai import OpenAI
from openinference.instrumentation import using_session
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=60), schedule_delay_millis=200))
OpenAIInstrumentor().instrument(tracer_provider=provider)
client = OpenAI()
with using_session("chat-1"):
    for number in range(60):
        client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": f"Question {number}"}]
        )
        time.sleep(0.1)
provider.shutdown()
"""


def test_nothing_is_lost_while_logsui_restarts(app: App, logsui: Logsui) -> None:
    """Exports before, during and after some seconds without a server. The exporter retries by itself."""
    environment = app.environment()
    python = environment["PATH"].split(os.pathsep)[0] + "/python"
    command = [python, "-c", ONE_AFTER_ANOTHER]
    client = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        wait_for("the session begins", lambda: app.get("sessions")["results"])
        logsui.stop()
        time.sleep(1.0)
    finally:
        logsui.start()
    _, said = client.communicate(timeout=120)
    assert client.returncode == 0, said
    assert "retrying" in said
    check(app.session("chat-1", 60), app.calls)


TRACES_WITHOUT_A_SESSION = """
from openai import OpenAI
from openinference.instrumentation import OITracer, TraceConfig
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))  # each span in a post of its own, children first
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = OITracer(provider.get_tracer("program"), config=TraceConfig())
client = OpenAI()

def ask(text):
    client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": text}])

@tracer.chain
def turn(name: str) -> str:
    ask(f"{name}, first")
    ask(f"{name}, second")
    return "done"

turn("Trace one")
turn("Trace two")
"""


def test_trace_without_a_session_is_one(app: App) -> None:
    app.run(["python", "-c", TRACES_WITHOUT_A_SESSION], app.environment())
    found = app.sessions(4)
    assert sorted(session["request_count"] for session in found.values()) == [2, 2]
    for key, facts in found.items():
        session = app.contents(facts)
        assert {item["trace_id"] for item in session.items} == {key}
        assert len(session.of("chain")) == 1
        check(session, [call for call in app.calls if call.last_text.startswith(str(facts["title"])[:9])])


TWO_LIBRARIES = """
from openai import OpenAI
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as OpenTelemetry
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from scenario import everything

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
OpenTelemetry().instrument(tracer_provider=provider)
OpenInference().instrument(tracer_provider=provider)
with provider.get_tracer("program").start_as_current_span("turn", attributes={"session.id": "chat-1"}):
    everything(OpenAI())
"""


def test_call_that_two_libraries_report_is_counted_once(app: App) -> None:
    content = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only"}
    app.run(["python", "-c", TWO_LIBRARIES], app.environment(PYTHONPATH=str(PROGRAMS), **content))
    session = app.session("chat-1", 7)
    assert len(session.of("llm", "embedding")) == 14
    check(session, app.calls, failed={"input"})
    assert session.facts["input_tokens"] == sum(call.input_tokens or 0 for call in app.calls)
