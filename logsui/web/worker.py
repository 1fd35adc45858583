"""gunicorn's asyncio worker: accepts connections, closes slow ones, and ends itself when a thread is stuck."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import sys
import time
from contextlib import suppress
from heapq import nsmallest
from operator import attrgetter
from typing import TYPE_CHECKING

from django.conf import settings

from logsui.web.connection import Connection, HoldingWorker, Limits
from logsui.web.spool import Spool
from logsui.web.threads import Threads

if TYPE_CHECKING:
    from gunicorn.config import Config
    from gunicorn.glogging import Logger

    from logsui.web.bridge import Bridge

logger = logging.getLogger(__name__)

# File descriptors reserved for databases, logs, static files and spooled bodies.
SPARE_DESCRIPTORS = 256
# For this long, a worker without a free thread leaves new connections to other workers.
YIELD_SECONDS = 0.005
LEFT_BY_OTHERS = 64
MEMORY_BYTES = 32 * 2**20
# Linux doubles it. Without it, Linux would buffer up to 4 MB of a response that nobody reads.
SEND_BUFFER_BYTES = 128 * 2**10
# Replaces LOGSUI_STALL_SECONDS while a worker ends.
HURRIED_SECONDS = 2
SWITCH_SECONDS = 0.000_5


class Worker(HoldingWorker):
    asgi: Bridge

    @classmethod
    def check_config(cls, cfg: Config, log: Logger) -> None:
        """Does nothing: gunicorn's own would warn that `threads` is not used, but it is used here."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self.connections = set()
        self.head_bytes = 0
        self.yielded = False
        self.limits = Limits(
            settings.LOGSUI_STALL_SECONDS, settings.LOGSUI_STALL_BYTES, settings.LOGSUI_TRANSFER_SECONDS
        )

    def init_process(self) -> None:
        # A connection may also need a descriptor for its body.
        descriptors = max(32, raise_descriptor_limit() - SPARE_DESCRIPTORS)
        self.max_connections = min(settings.LOGSUI_WEB_CONNECTIONS, descriptors // 2)
        super().init_process()

    def start_bridge(self) -> None:
        # After each read and write, the event loop waits for threads that compute: 5 ms with Python's default interval.
        sys.setswitchinterval(SWITCH_SECONDS)
        self.threads = Threads(self.cfg.threads, settings.LOGSUI_WEB_QUEUE)
        file_bytes = settings.LOGSUI_SPOOL_MAX_BYTES // self.cfg.workers
        settings.LOGSUI_SPOOL_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.asgi.start(self.threads, Spool(settings.LOGSUI_SPOOL_DIR, MEMORY_BYTES, file_bytes))

    async def _serve(self) -> None:
        self.start_bridge()
        for listener in self.sockets:
            listener.sock.setblocking(False)
            self.listen(listener.sock)
        self.stopping = asyncio.Event()
        while self.alive and self.ppid == os.getppid():
            self.notify()
            self.end_slow_connections(self.limits)
            self.leave_when_stuck()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1)
        await self._shutdown()

    def handle_exit_signal(self) -> None:
        super().handle_exit_signal()
        self.stopping.set()

    def handle_quit_signal(self) -> None:
        super().handle_quit_signal()
        self.stopping.set()

    # -- connections -----------------------------------------------------------------------------------------------

    def listen(self, listener: socket.socket) -> None:
        if self.alive:
            self.loop.add_reader(listener, self.accept, listener)

    def pause(self, listener: socket.socket, seconds: float) -> None:
        self.loop.remove_reader(listener)
        self.loop.call_later(seconds, self.listen, listener)

    def accept(self, listener: socket.socket) -> None:
        """Accept one at a time, so that workers share a burst. A worker without a free thread lets the others go first
        and takes what is left."""
        self.yielded = self.threads.are_all_busy and not self.yielded
        if self.yielded:
            self.pause(listener, YIELD_SECONDS)
            return
        for _ in range(LEFT_BY_OTHERS if self.threads.are_all_busy else 1):
            try:
                client, _ = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                logger.error("Connections cannot be accepted: %s", error)
                self.make_room()
                self.pause(listener, 1)
                return
            self.take(client)

    def take(self, client: socket.socket) -> None:
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.loop.create_task(self.loop.connect_accepted_socket(lambda: Connection(self), client))

    def admit(self, connection: Connection) -> None:
        """Counted here, not when it was accepted: of a burst, many are accepted before the first has its protocol."""
        if len(self.connections) >= self.max_connections:
            self.make_room()
        self.connections.add(connection)

    def make_room(self) -> None:
        """Close the connections that have waited longest: idle ones, then unfinished heads, never those being answered.
        A few at a time, because finding them is slow."""
        waiting = [each for each in self.connections if not each._closed and not each.is_served]
        order = attrgetter("is_in_use", "waits_since")
        for connection in nsmallest(len(waiting) // 50 + 1, waiting, key=order):
            connection.refuse(503, "Too many connections are open.")

    def end_slow_connections(self, limits: Limits) -> None:
        now = self.loop.time()
        for connection in list(self.connections):
            connection.enforce(now, limits)

    # -- the end ---------------------------------------------------------------------------------------------------

    def leave_when_stuck(self) -> None:
        """If a thread is stuck, finish the other requests and end, so that a new worker starts."""
        limit = settings.LOGSUI_REQUEST_SECONDS
        for job in self.threads.longer_than(limit):
            seconds = time.monotonic() - job.started
            logger.error(
                "%s has run for %.0f s, longer than LOGSUI_REQUEST_SECONDS. Its worker ends", job.title, seconds
            )
            self.alive = False

    async def _shutdown(self) -> None:
        """Finish what has begun within graceful_timeout. The sockets stay open for other workers."""
        for listener in self.sockets:
            self.loop.remove_reader(listener.sock)
        self.asgi.end_streams()
        deadline = self.loop.time() + self.cfg.graceful_timeout
        # Gives requests that have just arrived a moment to be read.
        await asyncio.sleep(0.05)
        # Do not wait for clients that stall.
        hurried = Limits(HURRIED_SECONDS, self.limits.stall_bytes // 10, self.limits.transfer_seconds)
        while self.loop.time() < deadline and not self._quick_shutdown and self.is_serving():
            self.notify()
            self.end_slow_connections(hurried)
            await asyncio.sleep(0.05)

    def is_serving(self) -> bool:
        for connection in list(self.connections):
            if connection.waits_for_head and not connection._closed:
                connection.end()
        stuck = self.threads.longer_than(settings.LOGSUI_REQUEST_SECONDS)
        running = [job for job in self.threads.running if job is not None and job not in stuck]
        return bool(running) or len(self.connections) > len(stuck)


def raise_descriptor_limit() -> int:
    """Allow as many open files as the system permits, and return that number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2**20 if hard == resource.RLIM_INFINITY else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError):  # macOS has its own lower limit.
        return soft
    return wanted
