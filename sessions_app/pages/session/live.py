"""Whether a session has changed: what its open pages ask (docs/decisions/0019-live-pages.md)."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

from sessions_app.models import Project
from sessions_app.pages.shell import project_page
from sessions_app.queries.live import Revision, revision_of
from sessions_app.queries.watching import watcher


@project_page
def session_live(request: HttpRequest, project: Project, session_id: uuid.UUID) -> HttpResponse:
    """The session's `revision` and what it has now. With `wait`, the answer comes when that is another one than the
    page knows, or after a while.

    A session that was merged into another one leads there, and the page tells by the `id`.
    """
    found = revision_of(project.pk, session_id)
    if found is None:
        raise Http404
    if "wait" in request.GET and request.GET.get("revision") == str(found.revision):
        return cast(HttpResponse, _Wait(_changed(session_id, found)))
    return JsonResponse(_told(session_id, found))


class _Wait(StreamingHttpResponse):
    """It waits in the event loop, and does no work that the server need know of."""

    only_waits = True

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        super().__init__(pieces, content_type="application/json")


async def _changed(session_id: uuid.UUID, seen: Revision) -> AsyncIterator[bytes]:
    yield json.dumps(_told(session_id, await watcher.changed(session_id, seen))).encode()


def _told(session_id: uuid.UUID, found: Revision | None) -> dict[str, Any]:
    """Without a revision, the session has just gone: the page asks again, and learns where to."""
    if found is None:
        return {"id": str(session_id)}
    counts = {"requests": found.request_count, "steps": found.step_count}
    return {"id": str(session_id), "revision": found.revision, **counts}
