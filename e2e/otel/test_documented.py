"""Runs the snippets of docs/opentelemetry.md unchanged. Each asks two questions in session chat-42."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from apps import HERE, App, check
from running import ROOT

PAGE = ROOT / "docs" / "opentelemetry.md"
SECTION = re.compile(r"^### (.+?)\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(sh|python|js)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Snippets that need another environment than the first; see run.sh.
OPENAI2 = {"Without code, by OpenTelemetry's command", "LiteLLM", "Strands Agents", "Google ADK"}
NODE = {"Vercel's AI SDK 7": "ai-sdk-7", "Vercel's AI SDK 6": "ai-sdk-6", "OpenLLMetry for Node": "traceloop"}
# Snippets that do not report the user, as the page says.
WITHOUT_USER = {
    "OpenTelemetry's instrumentation of OpenAI",
    "Without code, by OpenTelemetry's command",
    "Pydantic AI",
    "LiteLLM",
    "Google ADK",
}


@dataclass(frozen=True)
class Snippet:
    title: str
    shell: str
    code: str

    def write(self, folder: Path, app: App) -> None:
        """The files that a reader would create, with this server's URL and a key."""
        shell = self.shell.replace("http://127.0.0.1:8000", app.logsui.url).replace("YOUR_KEY", app.api_key)
        # Everything is installed, see the requirements.
        (folder / "app.sh").write_text(f"pip() {{ :; }}\nnpm() {{ :; }}\n{shell}")
        node = NODE.get(self.title)
        (folder / ("app.mjs" if node else "app.py")).write_text(self.code)
        if node:
            (folder / "node_modules").symlink_to(HERE / "node" / node / "node_modules")


def snippets() -> list[Snippet]:
    found = []
    programs = PAGE.read_text().partition("\n## Coding agents\n")[0]  # agents are programs of others
    for title, section in SECTION.findall(programs):
        blocks = [text for _, text in BLOCK.findall(section)]
        assert len(blocks) == 2, f"{title}: what to set, and a program"
        found.append(Snippet(title, *blocks))
    return found


@pytest.mark.parametrize("snippet", snippets(), ids=lambda snippet: snippet.title)
def test_snippet(app: App, snippet: Snippet, tmp_path: Path) -> None:
    if snippet.title in NODE and not shutil.which("node") and not os.environ.get("CI"):
        pytest.skip("there is no node")
    snippet.write(tmp_path, app)
    environment = app.environment("openai2" if snippet.title in OPENAI2 else "openai3")
    kept = {name: value for name, value in environment.items() if not name.startswith("OTEL_")}
    app.run(["sh", "-e", "app.sh"], kept, tmp_path)
    session = app.session("chat-42", 2)
    check(session, app.calls)
    assert session.facts["title"] == "What is the capital of France?"
    assert session.facts["users"] == ([] if snippet.title in WITHOUT_USER else ["ada"])
