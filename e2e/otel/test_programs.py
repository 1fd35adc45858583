"""Unmodified libraries with a model server and a running logsui: the sessions that they produce."""

from __future__ import annotations

from apps import App, Session, check, check_tools


def run(app: App, program: str, venv: str = "openai3", **environment: str) -> None:
    app.run(["python", f"programs/{program}.py"], app.environment(venv, **environment))


def everything(app: App, unseen: str = "", **unknown: set[str]) -> Session:
    """The only session of a program that ran programs/scenario.py. `unseen`: an API that the library ignores."""
    calls = [call for call in app.calls if call.path != unseen]
    session = app.session("chat-1", len(calls))
    check(session, calls, **unknown)
    assert len(app.calls) == 7
    assert session.facts["title"] == "Hello out there"
    return session


def test_opentelemetry(app: App) -> None:
    run(app, "opentelemetry_genai", OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="span_only")
    session = everything(app, embeddings={"input"})
    check_tools(session, app.calls)
    assert {request["user"] for request in session.requests} == {"ada"}


def test_opentelemetry_with_messages_in_log_records(app: App) -> None:
    """Spans and log records arrive in two POSTs, in either order."""
    run(app, "opentelemetry_genai", OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="event_only")
    session = everything(app, embeddings={"input"})
    check_tools(session, app.calls)


def test_opentelemetry_without_content(app: App) -> None:
    """By default, the instrumentation reports no messages. Requests, models and tokens are there nevertheless."""
    run(app, "opentelemetry_genai")
    check(app.session("chat-1", 7), app.calls, all={"input", "output", "tool call get_weather"})


def test_opentelemetry_set_up_by_its_command(app: App) -> None:
    """openai-v2 under `opentelemetry-instrument`: each message is a log record."""
    environment = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true", "OTEL_METRICS_EXPORTER": "otlp"}
    command = ["opentelemetry-instrument", "python", "programs/auto.py"]
    app.run(command, app.environment("openai2", **environment))
    everything(app, unseen="responses", embeddings={"input"}, streamed={"first_token"})


def test_openinference(app: App) -> None:
    run(app, "openinference_openai")
    session = everything(app)
    check_tools(session, app.calls, with_ids=False)
    assert session.facts["users"] == ["ada"]
    assert session.facts["tags"] == ["e2e"]
    assert [item["name"] for item in session.of("chain")] == ["turn"]


def test_openllmetry(app: App) -> None:
    run(app, "openllmetry")
    session = everything(app, embeddings={"input"})
    check_tools(session, app.calls, with_ids=False)
    assert session.facts["users"] == ["ada"]


def test_langfuse(app: App) -> None:
    run(app, "langfuse_openai", **langfuse_environment(app))
    session = everything(app)
    check_tools(session, app.calls, with_ids=False)
    assert session.facts["users"] == ["ada"]


def langfuse_environment(app: App) -> dict[str, str]:
    address = {"LANGFUSE_BASE_URL": app.logsui.url, "LANGFUSE_SECRET_KEY": app.api_key}
    return address | {"LANGFUSE_PUBLIC_KEY": "any", "LANGFUSE_MEDIA_UPLOAD_ENABLED": "false"}


def test_logfire(app: App) -> None:
    run(app, "logfire_openai")
    session = everything(app, embeddings={"input"}, streamed={"first_token"})
    assert session.facts["users"] == ["ada"]


def test_pydantic_ai(app: App) -> None:
    run(app, "pydantic_agent")
    session = app.session("chat-1", 4)
    check(session, app.calls, failed={"input"})
    check_tools(session, app.calls)
    assert {item["status"] for item in session.of("agent")} == {"success", "error"}


def test_strands(app: App) -> None:
    run(app, "strands_agent", "openai2")
    session = app.session("chat-1", 3)
    check(session, app.calls)
    check_tools(session, app.calls)
    assert session.facts["users"] == ["ada"]


def test_openai_agents(app: App) -> None:
    run(app, "openai_agents_sdk")
    session = app.session("chat-1", 3)
    check(session, app.calls)
    check_tools(session, app.calls, with_ids=False)
    assert session.facts["users"] == ["ada"]


def test_google_adk(app: App) -> None:
    content = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"}
    run(app, "adk_agent", "openai2", OTEL_SEMCONV_STABILITY_OPT_IN="gen_ai_latest_experimental", **content)
    session = app.session("chat-1", 3)
    check(session, app.calls)
    check_tools(session, app.calls)


def test_litellm(app: App) -> None:
    content = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only"}
    run(app, "litellm_sdk", "openai2", LITELLM_OTEL_V2="true", **content)
    check(app.session("chat-1", 4), app.calls)
