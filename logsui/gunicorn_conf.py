"""gunicorn's configuration; `manage.py serve` starts it and hands it the listening socket."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import gunicorn.util
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
timeout = settings.LOGSUI_HANG_SECONDS
graceful_timeout = 25
backlog = 1024
# A key or trace id of 10,000 characters gets our own error, not gunicorn's.
limit_request_field_size = 65_536
# As long as gunicorn allows: filters and ids stand in addresses.
limit_request_line = 8190
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
loglevel = "warning"


def write_error(sock: socket.socket, status: int, reason: str, message: str) -> None:
    """What gunicorn itself refuses, before the application sees it: in JSON, as the API's errors are."""
    error = {"error": {"type": reason.lower().replace(" ", "_"), "message": f"{reason}. {message}".strip()}}
    body = json.dumps(error).encode()
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    gunicorn.util.write_nonblock(sock, f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body)


gunicorn.util.write_error = write_error


def when_ready(server: Any) -> None:
    # What the workers share stays shared: the collector would write into it.
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    follow = processes.die_with_parent(signal.SIGTERM, parent=server.pid)
    if follow is not None:
        follow()
