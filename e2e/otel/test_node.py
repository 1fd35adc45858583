"""OpenTelemetry's exporters for Node, in each encoding and compression, and libraries of JavaScript."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

import pytest
from apps import HERE, App, Session, check, check_tools

NODE = HERE / "node"
pytestmark = pytest.mark.skipif(not shutil.which("node") and not os.environ.get("CI"), reason="there is no node")


def run(app: App, folder: str, program: Iterable[str], **environment: str) -> None:
    app.run(["node", *program], app.environment(**environment), NODE / folder)


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_exporters(app: App, encoding: str, compression: str) -> None:
    """Chunked bodies without a length. Any output of the exporter would be a complaint."""
    run(app, "exporters", ["export.mjs", encoding, "chat-1"], OTEL_EXPORTER_OTLP_COMPRESSION=compression)
    assert app.output == ""
    session = app.session("chat-1", 2)
    seen = [(call["model"], call["provider"], call["input_tokens"], call["output_tokens"]) for call in session.requests]
    assert seen == [("gpt-4o", "openai", 12, 3)] * 2


def check_ai_sdk(app: App) -> Session:
    session = app.session("chat-1", 4)
    check(session, app.calls)
    check_tools(session, app.calls)
    assert session.facts["users"] == ["ada"]
    return session


def test_ai_sdk_6(app: App) -> None:
    run(app, "ai-sdk-6", ["program.mjs"])
    check_ai_sdk(app)


def test_ai_sdk_7(app: App) -> None:
    run(app, "ai-sdk-7", ["program.mjs"])
    check_ai_sdk(app)
