"""gunicorn's configuration; `manage.py serve` starts it and hands it the listening socket."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import Any

from django.conf import settings

from logsui import in_flight
from logsui.launcher import processes
from logsui.scrub import ScrubbingLogger

wsgi_app = "logsui.asgi:application"
# `serve` holds the socket, so that callers wait, and are not refused, while gunicorn starts again.
bind = (
    f"fd://{os.environ['LOGSUI_LISTEN_FD']}"
    if "LOGSUI_LISTEN_FD" in os.environ
    else (f"{settings.LOGSUI_HOST}:{settings.LOGSUI_PORT}")
)
worker_class = "logsui.web.worker.Worker"
workers = settings.LOGSUI_WEB_WORKERS
threads = settings.LOGSUI_WEB_THREADS
# Loaded once and shared by the workers.
preload_app = True
# Longer than what clients keep idle connections for: a client that sends on one that was just closed loses the log.
keepalive = 75
# A worker whose event loop does not run for so long is killed; threads have LOGSUI_REQUEST_SECONDS.
timeout = settings.LOGSUI_HANG_SECONDS
graceful_timeout = 25
backlog = 1024
# A key or trace id of 10,000 characters gets our own error, not gunicorn's.
limit_request_field_size = 65_536
# As long as gunicorn allows: filters and ids stand in addresses.
limit_request_line = 8190
# Headers with an underscore would stand for others; these two are what gunicorn lets proxies send nevertheless.
forwarder_headers = ""
http_parser = "python"
asgi_lifespan = "off"
asgi_loop = "asyncio"
# A client that left ends the wait for its answer; what runs in a thread goes on.
asgi_disconnect_grace_period = 0
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
loglevel = "warning"
logger_class = ScrubbingLogger


def when_ready(server: Any) -> None:
    # What the workers share stays shared: the collector would write into it.
    gc.collect()
    gc.freeze()


def pre_fork(server: Any, worker: Any) -> None:
    worker.requests_in_flight = in_flight.Requests()


def post_fork(server: Any, worker: Any) -> None:
    follow = processes.die_with_parent(signal.SIGTERM, parent=server.pid)
    if follow is not None:
        follow()
    # A worker's threads, and its own for listening, watching and the like.
    in_flight.start(worker.requests_in_flight, settings.LOGSUI_WEB_MEMORY, settings.LOGSUI_WEB_THREADS + 4)


def child_exit(server: Any, worker: Any) -> None:
    in_flight.report_death(worker.requests_in_flight, worker.pid)
