"""Checks whether a process works, and does not just exist: one probe for each kind of process.

Nothing here blocks. Whenever the watcher wakes up, it reads whatever sockets and pipes have.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from logsui.launcher import processes

# How many checks there are within the patience. All of them must find the same trouble.
LOOKS = 12
MOST_ANSWER_BYTES = 65_536


@dataclass(frozen=True)
class Trouble:
    """Why a process does not work, and for how many seconds that is tolerated."""

    reason: str
    patience: float


class Probe(Protocol):
    """Checks one kind of process."""

    def begin(self, pid: int) -> None:
        """Forget the last process, and check a new one."""

    def poll(self) -> None:
        """Read what has arrived. Called ten times a second."""

    def look(self) -> Trouble | None:
        """What has been wrong since the last look."""


class Watch:
    """Watches a process and its descendants, and reports when one of them has not worked for too long.

    What counts is progress, not speed. On a slow machine a response is late, but any response resets the time.
    """

    def __init__(self, patience: float, probe: Probe | None = None) -> None:
        """`patience`: tolerated seconds without a sign of work. Other limits are derived from it."""
        self.patience = patience
        self.interval = patience / LOOKS
        self.probe = probe
        self.tree: list[psutil.Process] = []
        self.begin(0)

    def begin(self, pid: int) -> None:
        self.pid = pid
        self.reason, self.lasted = "", 0.0
        self.looked_at = time.monotonic()
        if self.probe is not None:
            self.probe.begin(pid)

    def tick(self) -> str | None:
        """Why the process must be restarted, or None. Call it often."""
        if self.probe is not None:
            self.probe.poll()
        passed = time.monotonic() - self.looked_at
        if passed < self.interval:
            return None
        self.looked_at += passed
        trouble = self.look()
        if trouble is None or trouble.reason != self.reason:
            self.reason, self.lasted = trouble.reason if trouble else "", 0.0
        else:
            # Time during which we were stopped ourselves (Ctrl-Z, a suspended machine) does not count.
            self.lasted += min(passed, 2 * self.interval)
        if trouble is None or self.lasted < trouble.patience:
            return None
        return f"{trouble.reason} for {self.lasted:.0f} s" if self.lasted else trouble.reason

    def look(self) -> Trouble | None:
        self.tree = processes.tree(self.pid)
        states = [(process, processes.state(process)) for process in self.tree]
        if any(state == psutil.STATUS_TRACING_STOP for _, state in states):
            # A debugger has stopped it on purpose.
            self.begin(self.pid)
            return None
        for process, state in states:
            if state == psutil.STATUS_STOPPED:
                return Trouble(f"process {process.pid} ({processes.title(process)[:60]}) is stopped", self.patience / 4)
        return self.probe.look() if self.probe is not None else None


class ProbeConnection:
    """A connection to a listening process: the message it gets, and the response so far."""

    def __init__(self, family: int, address: Any, message: bytes) -> None:
        self.unsent = message
        self.answer = b""
        self.closed = False
        self.looks = 0
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        with suppress(BlockingIOError):
            self.attempt(self.socket.connect, address)

    def poll(self) -> bytes:
        """The response so far; `closed` is set when nothing more will come."""
        try:
            if self.unsent and not self.closed:
                self.unsent = self.unsent[self.attempt(self.socket.send, self.unsent) or 0 :]
            while not self.closed and len(self.answer) < MOST_ANSWER_BYTES:
                piece = self.attempt(self.socket.recv, 4096)
                self.answer += piece or b""
                self.closed = self.closed or not piece
        except BlockingIOError:
            pass
        return self.answer

    def attempt(self, act: Any, argument: Any) -> Any:
        try:
            return act(argument)
        except BlockingIOError:
            raise
        except OSError as error:
            # macOS reports this way that it is not connected yet.
            if error.errno == errno.ENOTCONN:
                raise BlockingIOError from None
            self.closed = True
            return None

    def close(self, farewell: bytes = b"") -> None:
        with suppress(OSError):
            if farewell:
                self.socket.send(farewell)
        self.socket.close()


class WebProbe:
    """Asks the web server for /healthz at its own address.

    Each connection stays open until it is answered, because a late response is a response. If one is never answered
    while others are, a worker that hangs has accepted it.
    """

    def __init__(self, listening: socket.socket, host: str, patience: float) -> None:
        """`host`: a host name that the application accepts."""
        self.listening = listening
        self.message = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self.patience = patience
        self.calls: list[ProbeConnection] = []
        self.answered = self.works = False

    def begin(self, pid: int) -> None:
        for call in self.calls:
            call.close()
        self.calls = []
        # `works`: it has answered since its start, which can take minutes on a busy machine.
        self.answered = self.works = False
        if pid:
            self.ask()

    def poll(self) -> None:
        for call in list(self.calls):
            if call.poll().startswith(b"HTTP/"):
                self.answered = self.works = True
            elif not call.closed:
                continue
            call.close()
            self.calls.remove(call)

    def look(self) -> Trouble | None:
        answered, self.answered = self.answered, False
        for call in self.calls:
            call.looks += 1
        most_looks = 2 * LOOKS if self.works else 5 * LOOKS
        hangs = any(call.looks >= most_looks for call in self.calls)
        self.ask()
        if hangs:
            return Trouble("one of its workers accepted a request for /healthz and never answered", 0)
        if answered:
            return None
        return Trouble("it does not answer", self.patience if self.works else 5 * self.patience)

    def ask(self) -> None:
        self.calls.append(ProbeConnection(self.listening.family, self.listening.getsockname(), self.message))


def postgres_message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


PROTOCOL = struct.pack("!I", 196_608)
CANNOT_CONNECT_NOW = b"57P03"


class PostgresProbe:
    """Asks PostgreSQL for a session over its socket. That reads its catalogs, so it shows more than an open port.

    While PostgreSQL refuses because it is recovering or shutting down, it must make progress with that.
    """

    def __init__(self, path: Path, user: str, patience: float) -> None:
        self.path = str(path)
        fields = (b"user", user.encode(), b"database", b"postgres", b"application_name", b"logsui serve", b"")
        self.message = postgres_message(b"", PROTOCOL + b"\0".join(fields) + b"\0")
        self.patience = patience
        self.call: ProbeConnection | None = None
        self.begin(0)

    def begin(self, pid: int) -> None:
        self.pid = pid
        self.hang_up()
        self.verdict: bool | None = None
        self.work: object = None

    def hang_up(self) -> None:
        if self.call is not None:
            self.call.close(postgres_message(b"X", b""))
            self.call = None

    def poll(self) -> None:
        if self.call is None:
            return
        verdict = accepts(self.call.poll())
        if verdict is not None:
            self.verdict = verdict
        if verdict is not None or self.call.closed:
            self.hang_up()

    def look(self) -> Trouble | None:
        verdict, self.verdict = self.verdict, None
        if self.call is None:
            self.call = ProbeConnection(socket.AF_UNIX, self.path, self.message)
        if verdict is None:
            return Trouble("it does not answer", self.patience)
        return None if verdict else self.look_at_recovery()

    def look_at_recovery(self) -> Trouble | None:
        """A recovery may take hours. Two processes do it, and one of them is always busy."""
        workers = {process: name for process in processes.tree(self.pid) if (name := recovers(process))}
        before, self.work = self.work, {process.pid: processes.work_done(process) for process in workers}
        if self.work != before or any(processes.is_busy(process) for process in workers):
            return None
        if "startup" in workers.values():
            return Trouble("its recovery makes no progress", self.patience)
        # If its startup process was killed during recovery, PostgreSQL 18 waits forever and refuses all connections.
        return Trouble("it refuses connections, and none of its processes is recovering", self.patience / 2)


def accepts(answer: bytes) -> bool | None:
    """True if PostgreSQL works, False if it refuses because it is recovering or stopping, None while unknown."""
    while len(answer) >= 5:
        kind, (length,) = answer[:1], struct.unpack("!I", answer[1:5])
        if kind == b"Z":
            return True
        if kind == b"E" and len(answer) > length:
            # Any other refusal, for example too many connections, comes from a server that works.
            return b"\0C" + CANNOT_CONNECT_NOW not in answer[: length + 1]
        answer = answer[length + 1 :]
    return None


def recovers(process: psutil.Process) -> str:
    """The name of a PostgreSQL process that recovers or shuts down; "" for others."""
    title = processes.title(process)
    return next((name for name in ("startup", "checkpointer") if title.startswith(f"postgres: {name}")), "")


class BeatProbe:
    """A process that reports its progress itself, by writing bytes to a pipe (`heartbeat.py`)."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.reader, self.writer = os.pipe()
        for descriptor in (self.reader, self.writer):
            os.set_blocking(descriptor, False)
        self.beaten = self.works = False

    def begin(self, pid: int) -> None:
        self.poll()
        self.beaten = self.works = False

    def poll(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self.reader, 65_536):
                self.beaten = self.works = True

    def look(self) -> Trouble | None:
        beaten, self.beaten = self.beaten, False
        return None if beaten else Trouble("it makes no progress", (2 if self.works else 5) * self.patience)


def host_allowed(allowed: Sequence[str]) -> str:
    """A host name that Django's ALLOWED_HOSTS accepts."""
    return next((name.lstrip(".") for name in allowed if name != "*"), "localhost")
