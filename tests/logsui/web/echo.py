"""An application that says what it got, sleeps, answers at length, or waits for news: for tests of the web server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from logsui.web.bridge import Bridge

MAX_BODY_BYTES = 8 * 2**20


class News:
    """As Django's StreamingHttpResponse over an asynchronous generator."""

    is_async = True

    def __init__(self, times: int) -> None:
        self.times = times

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b": hello\n\n"
        for _ in range(self.times):
            await asyncio.sleep(0.1)
            yield b"data: news\n\n"
        await asyncio.sleep(3600 if self.times == 0 else 0)

    def close(self) -> None:
        pass


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    given = parse_qs(environ["QUERY_STRING"])
    option = {name: float(given[name][-1]) for name in ("bytes", "sleep", "times") if name in given}
    if environ["PATH_INFO"] == "/news":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return News(int(option.get("times", 0)))
    time.sleep(option.get("sleep", 0))
    answer = b"x" * int(option["bytes"]) if "bytes" in option else json.dumps(told(environ)).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]


def told(environ: dict[str, Any]) -> dict[str, Any]:
    names = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "SCRIPT_NAME", "wsgi.url_scheme")
    found = {name: value for name, value in environ.items() if name in names or name.startswith("HTTP_")}
    try:
        return found | {"body": environ["wsgi.input"].read().decode("latin-1")}
    except OSError as error:
        return found | {"broken": str(error)}


bridge = Bridge(application, MAX_BODY_BYTES)
