"""gunicorn's configuration. `manage.py serve` starts gunicorn and passes it the listening socket."""

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
# `serve` keeps the socket open, so that clients wait instead of being refused while gunicorn restarts.
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
# Longer than clients keep idle connections: a client that sends on a connection just closed would lose the log.
keepalive = 75
# A worker whose event loop is stuck for this long is killed. For threads, see LOGSUI_REQUEST_SECONDS.
timeout = settings.LOGSUI_HANG_SECONDS
graceful_timeout = 25
backlog = 1024
# So that a key or trace id of 10,000 characters gets our own error instead of gunicorn's.
limit_request_field_size = 65_536
# URLs contain filters and ids, and what somebody pasted into a search box: that gets the error of the query.
limit_request_line = 60_000
# No header with an underscore is let through, since it could pose as another one. gunicorn allows two by default.
forwarder_headers = ""
http_parser = "python"
asgi_lifespan = "off"
asgi_loop = "asyncio"
# When a client leaves, nothing waits for its response any more. A thread that has begun finishes.
asgi_disconnect_grace_period = 0
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
loglevel = "warning"
logger_class = ScrubbingLogger


def when_ready(server: Any) -> None:
    # Keeps the workers' shared memory shared: the garbage collector would write to it.
    gc.collect()
    gc.freeze()
    # A page makes thousands of objects, hardly any in cycles: with the defaults a fifth of its time went to looking.
    gc.set_threshold(10_000, 20, 20)


def pre_fork(server: Any, worker: Any) -> None:
    worker.requests_in_flight = in_flight.Requests()


def post_fork(server: Any, worker: Any) -> None:
    follow = processes.die_with_parent(signal.SIGTERM, parent=server.pid)
    if follow is not None:
        follow()
    # Its request threads, and a few for the event loop, the memory watch and the like.
    in_flight.start(worker.requests_in_flight, settings.LOGSUI_WEB_MEMORY, settings.LOGSUI_WEB_THREADS + 4)


def child_exit(server: Any, worker: Any) -> None:
    in_flight.report_death(worker.requests_in_flight, worker.pid)
