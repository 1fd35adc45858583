"""Starts and stops a real logsui with its own port and data directory. All end-to-end tests use it."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[1]
LOGSUI_PYTHON = os.environ.get("LOGSUI_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
FIRST_PORT, LAST_PORT = 8120, 8139
START_SECONDS = 120.0
STOP_SECONDS = 30.0

MAKE_PROJECTS = """
import json
from sessions_app.access.keys import create_key
from sessions_app.models import Project
projects = [Project.objects.create(slug=name) for name in {names}]
print("KEYS", json.dumps([create_key(project, "e2e", ["ingest", "read"])[1] for project in projects]))
"""

Found = TypeVar("Found")


def free_port() -> int:
    """A free port in the tests' range; any, so that two runs beside each other seldom choose the same."""
    for port in random.sample(range(FIRST_PORT, LAST_PORT + 1), LAST_PORT + 1 - FIRST_PORT):
        if port not in _given_ports and not is_listening(port):
            _given_ports.add(port)
            return port
    raise RuntimeError(f"all ports from {FIRST_PORT} to {LAST_PORT} are taken")


_given_ports: set[int] = set()


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1.0)
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_for(what: str, look: Callable[[], Found | None], seconds: float = 30.0) -> Found:
    """The first true result of `look`. Fails after `seconds`, and names what did not happen."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:g} s still not true: {what}")
        time.sleep(0.1)
    return found


@dataclass
class Server:
    """A process group with a port and a log file."""

    command: list[str]
    environment: Mapping[str, str]
    port: int
    health_path: str
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=dict(self.environment), stdout=log, stderr=log, start_new_session=True
            )
        try:
            wait_for(f"{self.url}{self.health_path} answers", self._is_healthy, START_SECONDS)
        except BaseException as error:
            self.stop()
            raise AssertionError(f"{' '.join(self.command)} did not start ({error}):\n{self.log_end()}") from error

    def _is_healthy(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"ended with code {self.process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url + self.health_path, timeout=5) as answer:
            return answer.status == 200
        return False

    def stop(self) -> None:
        """Stop it with SIGTERM, then kill what is left of the group."""
        if self.process is None:
            return
        process, self.process = self.process, None
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)

    def log_end(self, characters: int = 4000) -> str:
        return self.log.read_text(errors="replace")[-characters:]


class Logsui(Server):
    """A logsui with its own data directory, and a key that may ingest and read."""

    api_key: str

    def __init__(self, folder: Path) -> None:
        port = free_port()
        environment = os.environ | {
            "LOGSUI_DATA_DIR": str(folder / "data"),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "PYTHONUNBUFFERED": "1",
        }
        environment.pop("DATABASE_URL", None)
        super().__init__([LOGSUI_PYTHON, "manage.py", "serve"], environment, port, "/readyz", folder / "logsui.log")

    @property
    def endpoint(self) -> str:
        return f"{self.url}/api/v1/litellm"

    def create_key(self) -> None:
        command = "manage.py create_api_key --project default --name e2e --scopes ingest,read"
        done = subprocess.run(
            [LOGSUI_PYTHON, *command.split()],
            cwd=ROOT, env=dict(self.environment), capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.api_key = done.stdout.strip()

    def shell(self, source: str, mark: str) -> Any:
        """Run source in its Django shell: the document that it prints after `mark`."""
        command = [LOGSUI_PYTHON, "manage.py", "shell", "-v", "0", "-c", source]
        environment = dict(self.environment)
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.partition(f"{mark} ")[2])

    def create_projects(self, names: Sequence[str]) -> list[str]:
        """Make these projects: a key of each that may ingest and read."""
        keys: list[str] = self.shell(MAKE_PROJECTS.format(names=list(names)), "KEYS")
        return keys

    def get(self, path: str, key: str = "", **parameters: Any) -> Any:
        """A JSON document of the read API, with the shared key or another. Raises HTTPError unless it is 200."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        headers = {"Authorization": f"Bearer {key or self.api_key}"}
        request = urllib.request.Request(f"{self.url}/api/v1/{path}{query}", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def get_all(self, path: str, key: str = "", **parameters: Any) -> Iterator[Any]:
        """All results of a list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, key, **parameters, **cursor)
            yield from page["results"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def sessions(self, trace_id: str) -> list[Any]:
        return list(self.get_all("sessions", trace_id=trace_id))

    def wait_for_session(self, trace_id: str, request_count: int, seconds: float = 30.0) -> Any:
        """The session with this id, once it has this many requests.

        Waits a little longer to see that no more arrive, so that a request stored twice is noticed.
        """

        def look() -> Any:
            found = self.sessions(trace_id)
            return found if sum(session["request_count"] for session in found) >= request_count else None

        wait_for(f"session {trace_id} has {request_count} requests", look, seconds)
        time.sleep(0.5)
        (session,) = self.sessions(trace_id)
        assert session["request_count"] == request_count
        return session

    def wait_for_session_to_begin(self, trace_id: str) -> None:
        wait_for(f"session {trace_id} begins", lambda: self.sessions(trace_id))

    def requests(self, session: Any) -> list[Any]:
        return list(self.get_all(f"sessions/{session['id']}/requests"))
