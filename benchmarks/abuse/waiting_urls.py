"""All URLs of logsui, and a page that waits for updates that never come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

from logsui.urls import urlpatterns as logsui


@login_required
def waiting(request: HttpRequest) -> StreamingHttpResponse:
    """Checks the user in a thread. The waiting itself occupies none."""
    return StreamingHttpResponse(silence(), content_type="text/event-stream")


async def silence() -> AsyncIterator[bytes]:
    yield b": connected\n\n"
    while True:
        await asyncio.sleep(15)
        yield b": still here\n\n"


urlpatterns = [path("waiting", waiting), *logsui]
