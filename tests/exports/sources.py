"""Sessions of real payloads in several formats, and what their messages say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sessions_app.content.blocks import ContentBlock, ToolCallBlock, text_of
from sessions_app.content.compression import decompress
from sessions_app.content.documents import PartKind
from sessions_app.content.messages import read_message
from sessions_app.ingest.accept import accept_body, accept_export
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Part, Project, Session
from sessions_app.wire import otlp
from tests.wire.genai.captures import CAPTURES

PAYLOADS = Path(__file__).parents[1] / "payloads"
LITELLM = (
    "litellm/anthropic-v1-messages.json",
    "litellm/embeddings.json",
    "litellm/failures-429-500-401-404.json",
    "litellm/image-input-base64-data-url.json",
    "litellm/langchain-tool-agent-loop.json",
    "agents/08_codex_compaction.json",
    "agents/09_sub_agent.json",
)


def store_litellm(project: Project, name: str) -> list[Session]:
    logs = json.loads((PAYLOADS / name).read_bytes())
    logs = logs["payloads"] if isinstance(logs, dict) and "payloads" in logs else logs
    logs = [log.get("payload", log) for log in (logs if isinstance(logs, list) else [logs])]
    accept_body(project.pk, "litellm", json.dumps(logs).encode())
    digest_until_empty()
    return list(Session.objects.filter(project_id=project.pk))


def store_otlp(project: Project, folder: str) -> list[Session]:
    for path in sorted((CAPTURES / folder).glob("*.pb")):
        signal = otlp.LOGS if "-logs" in path.stem else otlp.TRACES
        accept_export(project.pk, path.read_bytes(), otlp.content_type_of(otlp.PROTOBUF, signal))
    digest_until_empty()
    return list(Session.objects.filter(project_id=project.pk))


def texts_of(session: Session) -> Iterator[str]:
    """Every text that a message of a session has, but arguments of tools, which are written as JSON."""
    for part in Part.objects.filter(session_id=session.pk, kind=PartKind.MESSAGE):
        yield from filter(None, map(_text, read_message(decompress(part.content), part.role).blocks))


def _text(block: ContentBlock) -> str:
    return "" if isinstance(block, ToolCallBlock) else text_of(block)
