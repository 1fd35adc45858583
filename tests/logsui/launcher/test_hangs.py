"""`manage.py serve` whose processes die or hang in odd ways: it serves again, with all that was accepted."""

from __future__ import annotations

import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from logsui.launcher import processes
from logsui.launcher.embedded import SUPERUSER, connection_fields
from tests.logsui.launcher.test_serve import (
    Client,
    Instance,
    assert_stored_once,
    key_in,
    log,
    tcp_server,  # noqa: F401
    wait_until,
)

pytestmark = pytest.mark.processes

# Shorter than anyone would set it, so that the tests do not take an hour.
HANG_SECONDS = "4"
BACKGROUND = ("checkpointer", "background writer", "walwriter", "autovacuum launcher")
# PostgreSQL starts all of its own again when any of them dies, and each is watched in the same way: one stands for all.
KINDS = ("web", "worker", "digester", "sibling", "postgres", "backend", BACKGROUND[0])


class Customer:
    """An instance, a key for it, and all that it acknowledged."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.key = key_in(instance.start())
        self.acknowledged: list[str] = []

    def sends_while(self) -> Client:
        client = Client(self.instance, self.key)
        client.prefix = f"log-{len(self.acknowledged)}"
        client.start()
        wait_until(lambda: client.acknowledged)
        return client

    def is_served_again(self, client: Client) -> None:
        """New logs are acknowledged and digested, and of the earlier ones none is lost or doubled."""
        seen = len(client.acknowledged)
        wait_until(lambda: len(client.acknowledged) > seen + 5)
        self.acknowledged += client.finish()
        wait_until(lambda: self.instance.get("/readyz")[0] == 200)
        assert_stored_once(self.instance, self.acknowledged)

    def find(self, kind: str) -> psutil.Process:
        found: list[psutil.Process] = []
        wait_until(lambda: found.extend(self.all_of(kind)) or found)
        return found[0]

    def all_of(self, kind: str) -> list[psutil.Process]:
        children = self.instance.children()
        if kind in children:
            return [children[kind]]
        if kind == "sibling":
            return children["digester"].children() if "digester" in children else []
        title = "postgres: " + {"backend": "logsui logsui"}.get(kind, kind)
        below = processes.tree(children["postgres"].pid) if "postgres" in children else []
        return [process for process in below if processes.title(process).startswith(title)]

    def superuser(self) -> psycopg.Connection:
        fields = connection_fields(self.instance.folder) | {"user": SUPERUSER, "dbname": "postgres"}
        return psycopg.connect(**fields, autocommit=True)


@pytest.fixture(scope="module")
def customer(initialise: Callable[[Path], None]) -> Iterator[Customer]:
    instance = Instance(LOGSUI_HANG_SECONDS=HANG_SECONDS)
    initialise(instance.folder)
    yield Customer(instance)
    instance.remove()


def is_there(process: psutil.Process) -> bool:
    return process.is_running() and processes.state(process) not in ("", psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize("kind", KINDS)
def test_killed_process_is_replaced(customer: Customer, kind: str) -> None:
    client = customer.sends_while()
    postmaster, victim = customer.find("postgres"), customer.find(kind)
    said = len(customer.instance.output)
    victim.kill()
    wait_until(lambda: not is_there(victim))
    customer.is_served_again(client)
    if kind in (*BACKGROUND, "backend"):
        # PostgreSQL starts all of its own again by itself, and nobody does it a second time.
        assert is_there(postmaster)
        assert "Restarting it" not in customer.instance.output[said:]


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_process_is_replaced(customer: Customer, kind: str) -> None:
    client = customer.sends_while()
    victim = customer.find(kind)
    said = len(customer.instance.output)
    victim.send_signal(signal.SIGSTOP)
    wait_until(lambda: not is_there(victim))
    customer.is_served_again(client)
    owner = {"web": "web", "worker": "web", "digester": "digester", "sibling": "digester"}.get(kind, "PostgreSQL")
    lines = re.findall(r"(\S+) does not work: (.*)", customer.instance.output[said:])
    assert [name for name, _ in lines] == [owner]
    assert f"process {victim.pid} (" in lines[0][1]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_recovery_that_does_not_get_on_is_begun_again(customer: Customer, number: signal.Signals) -> None:
    """PostgreSQL itself would stay "in recovery mode" for ever, and clients would get 503 as long."""
    client = customer.sends_while()
    said = len(customer.instance.output)
    with customer.superuser() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS heavy AS SELECT 1 AS id, '' AS text")
        connection.execute("INSERT INTO heavy SELECT n, repeat('x', 400) FROM generate_series(1, 600000) n")
        backend = psutil.Process(connection.info.backend_pid)
        with suppress(psycopg.OperationalError):
            backend.kill()
            connection.execute("SELECT 1")
    startup: list[psutil.Process] = []
    wait_until(lambda: startup.extend(customer.all_of("startup")) or startup)
    startup[0].send_signal(number)
    customer.is_served_again(client)
    assert "PostgreSQL does not work: " in customer.instance.output[said:]


def test_worker_that_outlives_its_master_and_hangs_is_ended(customer: Customer) -> None:
    client = customer.sends_while()
    worker, master = customer.find("worker"), customer.find("web")
    # In this order it is not noticed before its master is gone.
    worker.send_signal(signal.SIGSTOP)
    master.kill()
    wait_until(lambda: not is_there(worker))
    customer.is_served_again(client)


@pytest.fixture(scope="module")
def restarted(initialise: Callable[[Path], None]) -> Iterator[Instance]:
    instance = Instance()
    initialise(instance.folder)
    yield instance
    instance.remove()


@pytest.mark.parametrize("kind", ["web", "worker", "digester", "sibling", "postgres", "checkpointer"])
def test_it_can_be_stopped_while_one_hangs(restarted: Instance, kind: str) -> None:
    restarted.start()
    customer_of(restarted).find(kind).send_signal(signal.SIGSTOP)
    everything = restarted.all()
    assert restarted.stop() == 0
    assert not [process for process in everything if is_there(process)]


def customer_of(instance: Instance) -> Customer:
    customer = Customer.__new__(Customer)
    customer.instance = instance
    return customer


def test_preparation_that_hangs_is_begun_again() -> None:
    instance = Instance(LOGSUI_HANG_SECONDS=HANG_SECONDS)
    try:
        thread = threading.Thread(target=instance.start)
        thread.start()
        wait_until(lambda: preparations(instance))
        preparations(instance)[0].send_signal(signal.SIGSTOP)
        thread.join()
        assert instance.is_running()
        assert "The preparation does not work" in instance.output
    finally:
        instance.remove()


def preparations(instance: Instance) -> list[psutil.Process]:
    below = processes.tree(instance.process.pid) if instance.process is not None else []
    return [process for process in below if processes.title(process).endswith("manage.py prepare --give-up-root")]


# -- a digester that stands ------------------------------------------------------------------------------------------


class Proxy(threading.Thread):
    """A TCP proxy in front of a server; what it froze is silent from then on, as after a failure of the network."""

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.frozen: set[int] = set()

    def run(self) -> None:
        while True:
            client, address = self.listener.accept()
            server = socket.create_connection(self.target)
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(source, target, address[1]), daemon=True).start()

    def pump(self, source: socket.socket, target: socket.socket, port: int) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                while port in self.frozen:
                    threading.Event().wait(0.2)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


def test_digester_that_stands_is_replaced(tcp_server: str) -> None:  # noqa: F811
    """Its sessions at the database are silent, and so nothing fails; web's are not, and the inbox would grow."""
    port = int(re.search(r":(\d+)/", tcp_server)[1])
    proxy = Proxy(("127.0.0.1", port))
    proxy.start()
    instance = Instance(
        DATABASE_URL=tcp_server.replace(f":{port}/", f":{proxy.port}/"), LOGSUI_HANG_SECONDS=HANG_SECONDS
    )
    try:
        key = key_in(instance.start())
        with psycopg.connect(tcp_server, autocommit=True) as connection:

            def is_stored(request_id: str) -> bool:
                statement = "SELECT count(*) FROM request_log WHERE request_id = %s"
                return connection.execute(statement, [request_id]).fetchone()[0] == 1

            assert instance.post(key, [log("before")])[0] == 202
            wait_until(lambda: is_stored("before"))
            digester = instance.children()["digester"]
            siblings = digester.children()
            proxy.frozen |= {link.laddr.port for one in siblings for link in one.net_connections() if link.raddr}
            assert proxy.frozen
            assert instance.post(key, [log("meanwhile")])[0] == 202
            wait_until(lambda: not is_there(digester))
            wait_until(lambda: is_stored("meanwhile"))
        assert "digester does not work: it makes no progress" in instance.output
    finally:
        instance.remove()
