"""Starts logsui, lets Node's exporters send to it in every way, and looks for what they sent: see run.sh."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("export.mjs")
START_SECONDS, DIGEST_SECONDS = 120, 30


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory(prefix="logsui-e2e-") as folder, server(Path(folder)) as (url, key):
        ways = [(encoding, compression) for encoding in ("json", "protobuf") for compression in ("none", "gzip")]
        for encoding, compression in ways:
            problem = send_and_look(url, key, encoding, compression)
            print(f"{encoding}, compression {compression}: {problem or 'fine'}")
            failed += bool(problem)
    print(f"{len(ways) - failed} passed, {failed} failed")
    return 1 if failed else 0


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, str]]:
    """A logsui of its own: its address and a key."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", int(os.environ.get("E2E_PORT", "0"))))
        port = found.getsockname()[1]
    environment = os.environ | {"LOGSUI_DATA_DIR": str(folder), "HOST": "127.0.0.1", "PORT": str(port)}
    environment.pop("DATABASE_URL", None)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--no-samples"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        create = [sys.executable, "manage.py", "create_api_key", "--project", "default", "--name", "e2e"]
        command = [*create, "--scopes", "ingest,read"]
        key = subprocess.check_output(command, cwd=ROOT, env=environment, text=True).strip()
        yield f"http://127.0.0.1:{port}", key
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("logsui does not start")


def send_and_look(url: str, key: str, encoding: str, compression: str) -> str:
    """What is wrong; "" when all is as it should be."""
    session = f"node-{encoding}-{compression}"
    environment = os.environ | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization={quote(f'Bearer {key}')}",
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
        "OTEL_SERVICE_NAME": "e2e",
    }
    command = ["node", str(SCRIPT), encoding, session]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode or done.stdout or done.stderr:
        return f"the exporter says: {done.stdout}{done.stderr}"[:2000]
    return session_problem(url, key, session)


def session_problem(url: str, key: str, session: str) -> str:
    deadline = time.monotonic() + DIGEST_SECONDS
    problem = "not asked"
    while problem and time.monotonic() < deadline:
        time.sleep(0.5)
        problem = look(url, key, session)
    return problem


def look(url: str, key: str, session: str) -> str:
    found = get(url, key, f"/api/v1/sessions?{urlencode({'trace_id': session})}")["results"]
    if len(found) != 1:
        return f"{len(found)} sessions {session}"
    requests = get(url, key, f"/api/v1/sessions/{found[0]['id']}/requests")["results"]
    calls = [request for request in requests if request["kind"] == "llm"]
    seen = [(call["model"], call["provider"], call["input_tokens"], call["output_tokens"]) for call in calls]
    wanted = [("gpt-4o", "openai", 12, 3)] * 2
    return "" if seen == wanted else f"the session has {seen}"


def get(url: str, key: str, path: str) -> Any:
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
