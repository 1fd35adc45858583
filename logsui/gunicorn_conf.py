"""gunicorn's configuration; `manage.py serve` starts it and hands it the listening socket."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import Any

from django.conf import settings

from logsui import processes

wsgi_app = "logsui.wsgi:application"
# `serve` holds the socket, so that callers wait, and are not refused, while gunicorn starts again.
bind = (
    f"fd://{os.environ['LOGSUI_LISTEN_FD']}"
    if "LOGSUI_LISTEN_FD" in os.environ
    else (f"{settings.LOGSUI_HOST}:{settings.LOGSUI_PORT}")
)
worker_class = "gthread"
workers = settings.LOGSUI_WEB_WORKERS
threads = settings.LOGSUI_WEB_THREADS
# Loaded once and shared by the workers.
preload_app = True
# Longer than what clients keep idle connections for: a client that sends on one that was just closed loses the log.
keepalive = 75
timeout = 120
graceful_timeout = 25
backlog = 1024
# A key or trace id of 10,000 characters gets our own error, not gunicorn's.
limit_request_field_size = 65_536
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
loglevel = "warning"


def when_ready(server: Any) -> None:
    # What the workers share stays shared: the collector would write into it.
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    follow = processes.die_with_parent(signal.SIGTERM, parent=server.pid)
    if follow is not None:
        follow()
