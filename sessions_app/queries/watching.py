"""Waits in the event loop until a session changes. One statement a second asks for all that wait in this process."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

from django.db import DatabaseError, close_old_connections, connection

from sessions_app.models import Session
from sessions_app.queries.live import Revision

logger = logging.getLogger(__name__)

SECONDS_BETWEEN = 1.0
# Shorter than proxies and browsers let a connection be silent.
HOLD_SECONDS = 25.0


@dataclass(eq=False, slots=True)
class WaitingPage:
    """A page that waits for another revision than `revision`."""

    revision: int
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Revision | None]

    def tell(self, found: Revision | None) -> None:
        """Called in another thread."""
        # The loop may be closed: then nobody waits.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._set, found)

    def _set(self, found: Revision | None) -> None:
        if not self.future.done():
            self.future.set_result(found)


@dataclass(slots=True)
class Watcher:
    """Its thread runs while pages wait."""

    waiting: dict[uuid.UUID, set[WaitingPage]] = field(default_factory=lambda: defaultdict(set))
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_running: bool = False

    async def changed(self, session_id: uuid.UUID, seen: Revision) -> Revision | None:
        """What the session has when it has changed, or after HOLD_SECONDS; None if it is gone."""
        loop = asyncio.get_running_loop()
        one = WaitingPage(seen.revision, loop, loop.create_future())
        self._add(session_id, one)
        try:
            return await asyncio.wait_for(one.future, HOLD_SECONDS)
        except TimeoutError:
            return seen
        finally:
            self._remove(session_id, one)

    def _add(self, session_id: uuid.UUID, one: WaitingPage) -> None:
        with self.lock:
            self.waiting[session_id].add(one)
            if not self.is_running:
                self.is_running = True
                threading.Thread(target=self._run, name="watch", daemon=True).start()

    def _remove(self, session_id: uuid.UUID, one: WaitingPage) -> None:
        with self.lock:
            self.waiting[session_id].discard(one)
            if not self.waiting[session_id]:
                del self.waiting[session_id]

    def _run(self) -> None:
        pause = threading.Event()
        while self._goes_on():
            try:
                close_old_connections()
                self._look()
            except DatabaseError as error:
                # Pages wait on; the next round may find it again.
                logger.warning("Changes of sessions could not be read: %s", str(error).partition("\n")[0])
                connection.close()
            pause.wait(SECONDS_BETWEEN)
        connection.close()

    def _goes_on(self) -> bool:
        with self.lock:
            self.is_running = bool(self.waiting)
            return self.is_running

    def _look(self) -> None:
        with self.lock:
            waiting = {session_id: list(some) for session_id, some in self.waiting.items()}
        rows = Session.objects.filter(id__in=list(waiting))
        columns = ("id", "revision", "request_count", "step_count", "last_at")
        found = {row[0]: Revision(*row[1:]) for row in rows.values_list(*columns)}
        for session_id, some in waiting.items():
            now = found.get(session_id)
            for one in some:
                if now is None or now.revision != one.revision:
                    one.tell(now)


watcher = Watcher()
