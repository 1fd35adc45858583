"""The listening socket. `serve` keeps it open while web workers come and go."""

from __future__ import annotations

import errno
import socket

BACKLOG = 1024


class ListenError(Exception):
    """The address cannot be used. The message is for the operator."""


def listen(host: str, port: int) -> socket.socket:
    """A bound and listening TCP socket. Raises ListenError."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
    except socket.gaierror as error:
        raise ListenError(f"HOST is {host!r}, which is not an address of this machine ({error.strerror}).") from None
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(_explain(error, host, port)) from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return listener


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program. Choose another port: PORT={port + 1} make run"
    if error.errno == errno.EACCES:
        return f"Port {port} is only for root. Choose one above 1023: PORT=8000 make run"
    return f"logsui cannot listen on {host}:{port}: {error.strerror}. HOST and PORT set the address."


def browser_url(host: str, port: int) -> str:
    """The URL to open on this machine."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
