"""Turns an ASGI scope into the WSGI environment that gunicorn's own WSGI workers would make."""

from __future__ import annotations

import sys
from typing import IO, Any

from gunicorn.util import split_request_uri, unquote_to_wsgi_str

Scope = dict[str, Any]


class Input:
    """`wsgi.input` for a received body. `broken`: why it is incomplete; reading to its end then raises OSError."""

    def __init__(self, file: IO[bytes], broken: str | None) -> None:
        self.file = file
        self.broken = broken

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(-1 if size is None else size)
        if self.broken is not None and (size is None or len(data) < size or size < 0):
            raise OSError(self.broken)
        return data

    def readline(self, size: int = -1) -> bytes:
        return self.file.readline(size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        return self.file.readlines(hint)

    def __iter__(self) -> Input:
        return self

    def __next__(self) -> bytes:
        if line := self.readline():
            return line
        raise StopIteration


def make_environ(scope: Scope, body: Input) -> dict[str, Any]:
    """Raises ValueError for an invalid URL such as `http://[x/`."""
    target = (scope["raw_path"] + b"?" + scope["query_string"] if scope["query_string"] else scope["raw_path"]).decode()
    # It may be `GET http://host/path`, which proxies send.
    parts = split_request_uri(target)
    host, port = scope["server"] or ("", "")
    address, client_port = scope["client"] or ("", "")
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_wsgi_str(parts.path),
        "QUERY_STRING": parts.query,
        "RAW_URI": target,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": address,
        "REMOTE_PORT": str(client_port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    return environ


def add_header(environ: dict[str, Any], name: str, value: str) -> None:
    """Names with an underscore never get here: gunicorn drops them, because they could pose as others."""
    key = name.upper().replace("-", "_")
    if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        key = f"HTTP_{key}"
    environ[key] = f"{environ[key]},{value}" if key in environ else value
