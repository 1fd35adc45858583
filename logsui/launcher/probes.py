"""Whether a process works, and not only lives: what is asked of each kind, and for how long it may not.

Nothing here waits: sockets and pipes are read as far as they go, as often as the watcher wakes.
"""

from __future__ import annotations

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

# Looks within the patience: each of them has to find the same trouble.
LOOKS = 12
MOST_ANSWER_BYTES = 65_536


@dataclass(frozen=True)
class Trouble:
    """Why a process does not work, and for how many seconds that may last."""

    reason: str
    patience: float


class Probe(Protocol):
    """Asks one kind of process."""

    def begin(self, pid: int) -> None:
        """A new process is to be asked; forget the last one."""

    def poll(self) -> None:
        """Take what has come. Called ten times a second."""

    def look(self) -> Trouble | None:
        """What is wrong since the last look."""


class Watch:
    """Looks at a process and those below it, and says when one of them has not worked for longer than it may.

    Progress is what counts, not speed. A slow machine makes an answer late, and any answer starts the time anew.
    """

    def __init__(self, patience: float, probe: Probe | None = None) -> None:
        """`patience`: seconds without a sign of work; others are derived from it."""
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
        """Why the process has to be started again, or None. Call it often."""
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
            # When we were stopped ourselves (Ctrl-Z, a suspended machine), that time is not held against it.
            self.lasted += min(passed, 2 * self.interval)
        if trouble is None or self.lasted < trouble.patience:
            return None
        return f"{trouble.reason} for {self.lasted:.0f} s" if self.lasted else trouble.reason

    def look(self) -> Trouble | None:
        self.tree = processes.tree(self.pid)
        states = [(process, processes.state(process)) for process in self.tree]
        if any(state == psutil.STATUS_TRACING_STOP for _, state in states):
            # A debugger has it; whoever that is knows why nothing moves.
            self.begin(self.pid)
            return None
        for process, state in states:
            if state == psutil.STATUS_STOPPED:
                return Trouble(f"process {process.pid} ({processes.title(process)[:60]}) is stopped", self.patience / 4)
        return self.probe.look() if self.probe is not None else None


class ProbeConnection:
    """A message to a listening process, and what came back so far."""

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
        """All that came so far; `closed` is set when there will be no more."""
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
            # Not connected yet, as macOS says it.
            if getattr(error, "errno", None) == socket.errno.ENOTCONN:  # type: ignore[attr-defined]
                raise BlockingIOError from None
            self.closed = True
            return None

    def close(self, farewell: bytes = b"") -> None:
        with suppress(OSError):
            if farewell:
                self.socket.send(farewell)
        self.socket.close()


class WebProbe:
    """The web server, asked for /healthz at its own address.

    Each call stays open until it is answered: an answer that is late is an answer. One that never comes while others
    do was taken by a worker that hangs.
    """

    def __init__(self, listening: socket.socket, host: str, patience: float) -> None:
        """`host`: a name under which the application lets itself be called."""
        self.listening = listening
        self.message = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self.patience = patience
        self.calls: list[ProbeConnection] = []
        self.answered = self.works = False

    def begin(self, pid: int) -> None:
        for call in self.calls:
            call.close()
        self.calls = []
        # `works`: it has answered since it was started, which can take minutes on a busy machine.
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
            return Trouble("one of its workers took a request for /healthz and never answers it", 0)
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
    """PostgreSQL, asked for a session over its socket, which reads its catalogs: more than that the port is open.

    While it refuses, because it recovers or shuts down, it must get on with that.
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
        """A recovery may take hours. It is the work of two processes, and one of them is always busy with it."""
        workers = {process: name for process in processes.tree(self.pid) if (name := recovers(process))}
        before, self.work = self.work, {process.pid: processes.work_done(process) for process in workers}
        if self.work != before or any(processes.is_busy(process) for process in workers):
            return None
        if "startup" in workers.values():
            return Trouble("its recovery does not get on", self.patience)
        # Its startup process was killed while it recovered: PostgreSQL 18 then waits for ever, and refuses everybody.
        return Trouble("it refuses connections, and no process of it recovers", self.patience / 2)


def accepts(answer: bytes) -> bool | None:
    """Whether PostgreSQL gave a session, or refused for a reason that will pass; None while that is open."""
    while len(answer) >= 5:
        kind, (length,) = answer[:1], struct.unpack("!I", answer[1:5])
        if kind == b"Z":
            return True
        if kind == b"E" and len(answer) > length:
            # Any other refusal, such as too many connections, is the answer of a server that works.
            return b"\0C" + CANNOT_CONNECT_NOW not in answer[: length + 1]
        answer = answer[length + 1 :]
    return None


def recovers(process: psutil.Process) -> str:
    """The name of a process of PostgreSQL that recovers or shuts down; empty for others."""
    title = processes.title(process)
    return next((name for name in ("startup", "checkpointer") if title.startswith(f"postgres: {name}")), "")


class BeatProbe:
    """A process that says by itself that it gets on, by a byte in a pipe now and then (`heartbeat.py`)."""

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
        return None if beaten else Trouble("it does not get on", (2 if self.works else 5) * self.patience)


def host_allowed(allowed: Sequence[str]) -> str:
    """A host name that Django's ALLOWED_HOSTS lets pass."""
    return next((name.lstrip(".") for name in allowed if name != "*"), "localhost")
