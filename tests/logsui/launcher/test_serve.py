"""`manage.py serve` with real processes: started, killed in every way, and started again."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from django.conf import settings

from logsui.launcher import embedded
from logsui.launcher.embedded import EmbeddedServer, connection_fields

pytestmark = pytest.mark.processes

MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))


class Instance:
    """One data folder, and the `serve` that runs on it."""

    def __init__(self, **environment: str) -> None:
        self.folder = Path("/tmp") / f"ls{os.getpid()}-{time.monotonic_ns() % 10**9}"
        self.port = free_port()
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "logsui.settings",
            "LOGSUI_DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "LOGSUI_WEB_WORKERS": "1",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.environment.pop("DATABASE_URL", None) if "DATABASE_URL" not in environment else None
        self.process: subprocess.Popen[str] | None = None
        self.start_as: int | None = None
        self.under_nohup = False
        self.output = ""

    def start(self, *arguments: str) -> str:
        """Start; returns what it printed until it was ready."""
        self.process = self.launch(*arguments)
        lines = threading.Thread(target=self.read, args=(self.process,), daemon=True)
        self.output = ""
        lines.start()
        wait_until(lambda: "Press Ctrl-C to stop" in self.output or not self.is_running())
        assert self.is_running(), self.output
        return self.output

    def launch(self, *arguments: str) -> subprocess.Popen[str]:
        command = (*MANAGE, "serve", *(arguments or ("--no-samples",)))
        return subprocess.Popen(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            user=self.start_as,
            # Of a run under nohup `serve` would inherit that SIGHUP is ignored, and rightly go on.
            preexec_fn=None if self.under_nohup else lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )

    def read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output += line

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def manage(self, *arguments: str) -> str:
        return subprocess.check_output((*MANAGE, *arguments), env=self.environment, text=True).strip()

    def remove(self) -> None:
        if self.is_running():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- its processes -------------------------------------------------------------------------------------------

    def children(self) -> dict[str, psutil.Process]:
        assert self.process is not None
        found = {}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            name = name_of(process)
            if name:
                found.setdefault(name, process)
        return found

    def all(self) -> list[psutil.Process]:
        assert self.process is not None
        serve = psutil.Process(self.process.pid)
        return [serve, *serve.children(recursive=True)]

    # -- what a client does --------------------------------------------------------------------------------------

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        return self.call(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers))

    def post(self, key: str, logs: list[dict[str, Any]]) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        body = json.dumps(logs).encode()
        return self.call(
            urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1/logs", body, headers, method="POST")
        )

    def call(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def ask(self, statement: str) -> Any:
        with psycopg.connect(**connection_fields(self.folder)) as connection:
            return connection.execute(statement).fetchone()[0]


def name_of(process: psutil.Process) -> str | None:
    """Which of our processes it is; None for one that is gone or was just killed."""
    try:
        command, parent = " ".join(process.cmdline()), " ".join(process.parent().cmdline())
    except (psutil.Error, AttributeError):
        return None
    if "gunicorn" in command:
        return "worker" if "gunicorn" in parent else "web"
    if command.endswith("manage.py digest"):
        return "digester"
    return "postgres" if "postgres -D" in command else None


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_until(condition: Callable[[], Any], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def log(request_id: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"Hello from {request_id}"}]
    return {"request_id": request_id, "trace_id": "kept", "model": "m", "request": {"messages": messages}}


def key_in(output: str) -> str:
    return re.search(r"^ +export LOGSUI_KEY=(lsk_\S+)$", output, re.MULTILINE)[1]


class Client(threading.Thread):
    """Sends log after log, again until each is acknowledged, as a client that keeps its promises does."""

    def __init__(self, instance: Instance, key: str) -> None:
        super().__init__(daemon=True)
        self.instance, self.key = instance, key
        self.prefix = "log"
        self.acknowledged: list[str] = []
        self.stopping = False

    def run(self) -> None:
        number = 0
        while not self.stopping:
            number += 1
            while not self.stopping and not self.send(f"{self.prefix}-{number}"):
                time.sleep(0.05)

    def send(self, request_id: str) -> bool:
        try:
            status, _ = self.instance.post(self.key, [log(request_id)])
        except OSError:
            return False
        if status == 202:
            self.acknowledged.append(request_id)
        return status == 202

    def finish(self) -> list[str]:
        self.stopping = True
        self.join(60)
        return self.acknowledged


@pytest.fixture
def instance() -> Iterator[Instance]:
    instance = Instance()
    yield instance
    instance.remove()


@pytest.fixture(scope="module")
def shared() -> Iterator[Instance]:
    instance = Instance()
    instance.start()
    yield instance
    instance.remove()


def test_first_start_shows_a_link_and_a_key(shared: Instance) -> None:
    assert shared.get("/healthz") == (200, "ok\n")
    assert shared.get("/readyz")[0] == 200
    token = re.search(r"/sign-in/(\S+)/$", shared.output, re.MULTILINE)[1]
    assert shared.ask("SELECT username FROM sessions_app_signintoken t JOIN auth_user u ON u.id = user_id") == "admin"
    assert token not in str(shared.ask("SELECT array_agg(hash) FROM sessions_app_signintoken"))
    assert shared.ask("SELECT array_agg(slug ORDER BY slug) FROM sessions_app_project") == ["default", "demo"]
    assert shared.post(key_in(shared.output), [log("first")])[0] == 202


def test_second_instance_on_the_folder_says_who_has_it(shared: Instance) -> None:
    second = shared.launch()
    output, _ = second.communicate(timeout=30)
    assert second.returncode == 1
    assert f"already runs on the data folder {shared.folder} (process {shared.process.pid}, http://" in output
    assert shared.get("/healthz")[0] == 200


def test_port_of_another_program_is_named(shared: Instance, instance: Instance) -> None:
    instance.environment["PORT"] = str(shared.port)
    second = instance.launch()
    output, _ = second.communicate(timeout=30)
    assert second.returncode == 1
    assert f"Port {shared.port} of 127.0.0.1 is in use" in output
    assert not (instance.folder / "postgres").exists()


def test_key_stands_alone_on_stdout(shared: Instance) -> None:
    key = shared.manage("create_api_key", "--project", "default", "--name", "ci", "--scopes", "ingest,read")
    assert re.fullmatch(r"lsk_\S+", key)
    assert shared.ask("SELECT scopes FROM sessions_app_apikey WHERE name = 'ci'") == ["ingest", "read"]
    assert key not in str(shared.ask("SELECT array_agg(hash || prefix) FROM sessions_app_apikey"))


def test_without_a_database_clients_are_told_to_come_back(shared: Instance) -> None:
    """`serve` sleeps while PostgreSQL is killed, so that it stays away."""
    key = shared.manage("create_api_key", "--name", "outage", "--scopes", "ingest,read")
    assert shared.post(key, [log("before-the-outage")])[0] == 202
    shared.process.send_signal(signal.SIGSTOP)
    try:
        shared.children()["postgres"].kill()
        wait_until(lambda: shared.get("/readyz")[0] == 503)
        assert shared.get("/healthz")[0] == 200
        assert "logsui_up 0" in shared.get("/metrics")[1]
        status, body = shared.post(key, [log("during-the-outage")])
        assert (status, json.loads(body)["error"]["type"]) == (503, "unavailable")
        assert shared.get("/p/default/sessions/", Cookie=f"logsui_session={'x' * 32}")[0] == 503
    finally:
        shared.process.send_signal(signal.SIGCONT)
        wait_until(lambda: shared.get("/readyz")[0] == 200)
    wait_until(lambda: shared.post(key, [log("after-the-outage")])[0] == 202)


def assert_stored_once(instance: Instance, acknowledged: list[str]) -> None:
    wait_until(lambda: instance.ask("SELECT count(*) FROM inbox") == 0)
    ids = instance.ask("SELECT array_agg(request_id) FROM request_log")
    assert set(acknowledged) <= set(ids)
    assert len(ids) == len(set(ids))
    assert instance.ask("SELECT request_count FROM session WHERE session_key = 'kept'") == len(ids)


@pytest.mark.usefixtures("initialised")
def test_killed_serve_takes_the_others_along_and_nothing_is_lost(instance: Instance) -> None:
    client = Client(instance, key_in(instance.start()))
    client.start()
    wait_until(lambda: len(client.acknowledged) > 20)
    before = instance.all()
    instance.process.kill()
    output = instance.start()
    assert not [process for process in before if process.is_running() and process.status() != "zombie"]
    # The key of the first start is not shown again, and still works.
    assert "lsk_" not in output
    assert "/sign-in/" in output
    seen = len(client.acknowledged)
    wait_until(lambda: len(client.acknowledged) > seen + 20)

    # Now all at once, as when the machine loses its power, but for what the operating system had still to write.
    for process in instance.all():
        with suppress(psutil.NoSuchProcess):  # one may go because another went
            process.kill()
    instance.process.wait(10)
    instance.start()
    assert_stored_once(instance, client.finish())
    assert instance.stop(signal.SIGHUP) == 0


@pytest.mark.usefixtures("initialised")
def test_under_nohup_it_outlives_its_terminal(instance: Instance) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        instance.under_nohup = True
        instance.start()
    finally:
        signal.signal(signal.SIGHUP, before)
    instance.process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        instance.process.wait(3)
    assert instance.get("/healthz")[0] == 200
    assert instance.stop(signal.SIGTERM) == 0


@pytest.mark.usefixtures("initialised")
def test_it_stops_in_order(instance: Instance) -> None:
    instance.start()
    everything = instance.all()
    assert instance.stop(signal.SIGTERM) == 0
    assert not [process for process in everything if process.is_running()]
    wait_until(lambda: instance.output.rstrip().endswith("Stopped."))
    assert "database system is shut down" in (instance.folder / "postgres" / "server.log").read_text()


@pytest.mark.usefixtures("initialised")
def test_it_can_be_stopped_while_it_starts(instance: Instance) -> None:
    process = instance.launch()
    assert process.stdout is not None
    wait_until(lambda: "PostgreSQL started in" in process.stdout.readline())
    process.terminate()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert output.rstrip().endswith("Stopped.")


@pytest.mark.usefixtures("initialised")
def test_it_stops_with_its_parent(instance: Instance) -> None:
    """As `make` starts it: after a `kill -9` of make nothing may hold the port."""
    command = " ".join((*MANAGE, "serve", "--stop-with-parent", "--no-samples")) + " & wait"
    shell = subprocess.Popen(["sh", "-c", command], env=instance.environment, stdout=subprocess.PIPE, text=True)
    instance.process = shell
    threading.Thread(target=instance.read, args=(shell,), daemon=True).start()
    wait_until(lambda: "Press Ctrl-C to stop" in instance.output)
    below = psutil.Process(shell.pid).children(recursive=True)
    shell.kill()
    shell.wait(10)
    _, alive = psutil.wait_procs(below, timeout=30)
    assert not alive


@pytest.mark.usefixtures("initialised")
def test_samples_are_loaded_once(instance: Instance) -> None:
    instance.start("--stop-with-parent")
    wait_until(lambda: (instance.folder / "samples_loaded").exists())
    demo = "SELECT count(*) FROM session s JOIN sessions_app_project p ON p.id = project_id WHERE slug = 'demo'"
    wait_until(lambda: instance.ask("SELECT count(*) FROM inbox") == 0)
    assert instance.ask(demo) >= 40
    assert instance.stop(signal.SIGINT) == 0


@pytest.fixture
def tcp_server(initialise: Callable[[Path], None]) -> Iterator[str]:
    """A server as an operator runs it: on TCP, with a password. Its URL."""
    folder = Path("/tmp") / f"ls{os.getpid()}-tcp"
    initialise(folder)
    server = EmbeddedServer(folder, durable=False)
    server.prepare()
    port = free_port()
    with open(server.data / "pg_hba.conf", "a") as file:
        file.write("host all all 127.0.0.1/32 scram-sha-256\n")
    text = (server.data / "pg_hba.conf").read_text()
    (server.data / "pg_hba.conf").write_text(re.sub(r"^host .* reject$", "", text, flags=re.MULTILINE))
    with open(server.data / "postgresql.auto.conf", "a") as file:
        file.write(f"listen_addresses = '127.0.0.1'\nport = {port}\n")
    server.start()
    fields = connection_fields(folder) | {"user": embedded.SUPERUSER, "dbname": "postgres", "port": str(port)}
    with psycopg.connect(**fields, autocommit=True) as connection:
        connection.execute("CREATE ROLE ann LOGIN PASSWORD 'p%ss w@rd'")
        connection.execute("CREATE DATABASE logs OWNER ann")
    yield f"postgresql://ann:p%25ss%20w%40rd@127.0.0.1:{port}/logs"
    server.stop(5)
    shutil.rmtree(folder, ignore_errors=True)


def test_server_of_database_url_is_used(tcp_server: str) -> None:
    instance = Instance(DATABASE_URL=tcp_server)
    try:
        key = key_in(instance.start())
        assert "PostgreSQL started in" not in instance.output
        assert not (instance.folder / "postgres").exists()
        assert instance.post(key, [log("over-tcp")])[0] == 202
        with psycopg.connect(tcp_server, autocommit=True) as connection:
            statement = "SELECT array_agg(request_id) FROM request_log"
            wait_until(lambda: connection.execute(statement).fetchone()[0] == ["over-tcp"])
        assert instance.stop() == 0
    finally:
        instance.remove()


def test_server_that_cannot_be_reached_is_no_riddle(instance: Instance) -> None:
    instance.environment["DATABASE_URL"] = f"postgresql://ann:hunter2@127.0.0.1:{free_port()}/logs"
    process = instance.launch()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "The database cannot be used" in output
    assert "Connection refused" in output
    assert "Traceback" not in output
    assert "hunter2" not in output
