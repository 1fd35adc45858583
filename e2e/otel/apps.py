"""Runs a program as a user would set it up, and reads its sessions back through the API."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import Call, ModelServer
from running import Logsui, wait_for

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
# Interpreters with the libraries: some need version 2 of OpenAI's client, others version 3. See run.sh.
PYTHONS = {name: Path(os.environ.get(f"E2E_{name.upper()}", "")) / "bin" for name in ("openai2", "openai3")}
RUN_SECONDS = 120.0
# Telemetry settings of this machine must not affect the programs.
TELEMETRY = ("OTEL_", "TRACELOOP_", "LANGFUSE_", "LOGFIRE_", "LITELLM_")


@dataclass
class App:
    """A separate project in logsui and separate models, without anything from other tests."""

    name: str
    api_key: str
    logsui: Logsui
    models: ModelServer
    output: str = field(default="", init=False)

    @property
    def calls(self) -> list[Call]:
        """The program's calls to its models, in order."""
        return self.models.calls(self.name)

    def environment(self, venv: str = "openai3", **more: str) -> dict[str, str]:
        """The environment that a user would export, and the URL of the models."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(TELEMETRY)}
        return kept | {
            "PATH": f"{PYTHONS[venv]}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(PROGRAMS),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.logsui.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{self.api_key}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OPENAI_BASE_URL": self.models.base_url(self.name),
            "OPENAI_API_KEY": "none-needed",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            **more,
        }

    def run(self, command: list[str], environment: Mapping[str, str], folder: Path = HERE) -> None:
        """Run a program. It must succeed, and its exporter must report no problem."""
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
        )
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, self.output
        for complaint in ("Failed to export", "Transient error", "partial_success", "rejected", "StatusCode."):
            assert complaint not in self.output, self.output

    def get(self, path: str, **parameters: Any) -> Any:
        return self.logsui.get(path, key=self.api_key, **parameters)

    def sessions(self, count: int) -> dict[str, Any]:
        """The sessions by key, once they have this many requests in total, and still no more a moment later."""

        def look() -> list[Any] | None:
            found = self.get("sessions")["results"]
            return found if sum(session["request_count"] for session in found) >= count else None

        wait_for(f"{count} requests of {self.name} are stored\n{self.output}", look, 30.0)
        time.sleep(1.0)
        found = {session["session_key"]: session for session in self.get("sessions")["results"]}
        assert sum(session["request_count"] for session in found.values()) == count, found
        return found

    def session(self, key: str, count: int) -> Session:
        """The only session."""
        found = self.sessions(count)
        assert list(found) == [key]
        return self.contents(found[key])

    def contents(self, session: Any) -> Session:
        path = f"sessions/{session['id']}/requests"
        rows = list(self.logsui.get_all(path, key=self.api_key, include="steps"))
        items = [row | self.get(f"requests/{row['id']}") for row in rows]
        return Session(session, items)


@dataclass(frozen=True)
class Session:
    """A session of the read API with its requests and steps, documents included, in the API's order."""

    facts: dict[str, Any]
    items: list[dict[str, Any]]

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [item for item in self.items if item["counted"]]

    @property
    def tools(self) -> list[dict[str, Any]]:
        return self.of("tool")

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        return [item for item in self.items if item["kind"] in kinds]


# --- what a request must say -----------------------------------------------------------------------------------------


def check(session: Session, calls: list[Call], **unknown: set[str]) -> None:
    """The requests of the session are the calls that the models received, in order.

    `unknown`: for a kind of call (`embeddings`, `failed`, `streamed`, `all`): what the library does not report.
    """
    assert [request["kind"] for request in session.requests] == [
        "embedding" if call.path == "embeddings" else "llm" for call in calls
    ]
    for request, call in zip(session.requests, calls, strict=True):
        missing = set().union(*(unknown.get(kind, set()) for kind in kinds_of(call)))
        problems = [problem for problem in differences(request, call) if problem.partition(":")[0] not in missing]
        assert not problems, (problems, call, json.dumps(request)[:3000])
    assert session.facts["error_count"] == sum(call.status != 200 for call in calls)


def kinds_of(call: Call) -> list[str]:
    kinds = ["all", call.path]
    kinds += ["failed"] if call.status != 200 else []
    return kinds + (["streamed"] if call.is_streamed else [])


def differences(request: dict[str, Any], call: Call) -> list[str]:
    """The differences from the model's calls, each as `what: found`."""
    asked, answered = written(request["request"]), written(request["response"])
    wanted = {
        "model": (request["model"].removeprefix("openai/") if request["model"] else None, call.model),
        "input_tokens": (request["input_tokens"], call.input_tokens),
        "output_tokens": (request["output_tokens"] or None, call.output_tokens),
        "status": (request["status"], "success" if call.status == 200 else "error"),
        "input": (call.last_text.replace("\\", "") in asked, True),
        "output": (call.output.replace("\\", "") in answered, True),
    }
    if call.status != 200:
        wanted["error"] = ("told to fail" in written(request["error"]), True)
    if call.is_streamed:
        wanted["first_token"] = (request["first_token_at"] is not None, True)
    for call_id, name, arguments in call.tool_calls:
        said = (call_id in answered, name in answered, arguments["city"] in answered)
        wanted[f"tool call {name}"] = (said, (True, True, True))
    return [f"{what}: {found!r}, not {expected!r}" for what, (found, expected) in wanted.items() if found != expected]


def written(document: Any) -> str:
    """All texts in a document, including those in JSON texts."""
    return json.dumps(document, ensure_ascii=False).replace("\\", "")


def check_tools(session: Session, calls: list[Call], with_ids: bool = True) -> None:
    """There is a tool run for each tool call, with its arguments and result, after the model call that requested it.

    `with_ids`: whether the library reports the tool call of a run.
    """
    wanted = [(call_id, arguments["city"]) for call in calls for call_id, _, arguments in call.tool_calls]
    assert len(session.tools) == len(wanted) > 0, [item["kind"] for item in session.items]
    asked = min(item["started_at"] for item in session.requests if wanted[0][1] in written(item["response"]))
    for call_id, city in wanted:
        (run,) = [item for item in session.tools if f'"{city}"' in written(item["request"])]
        assert f"Sunny in {city}" in written(run["response"]), run
        assert (run["name"], run["status"]) == ("get_weather", "success")
        assert run["tool_call_id"] == (call_id if with_ids else None)
        assert run["started_at"] > asked
