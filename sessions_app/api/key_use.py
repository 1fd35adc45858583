"""When API keys were last used: noted at most once a minute each, and after the answer."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.signals import request_finished
from django.db import DatabaseError, connections, transaction

from sessions_app.models import ApiKey

NOTE_USE_EVERY = timedelta(minutes=1)
LOG = logging.getLogger(__name__)


class UsedKeys:
    """Which keys were used and are not yet written to the table."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: set[int] = set()
        self._written_at: dict[int, float] = {}

    def note(self, key_id: int, last_used_at: datetime | None) -> None:
        recent = last_used_at is not None and datetime.now(UTC) - last_used_at < NOTE_USE_EVERY
        if recent:
            return
        now = time.monotonic()
        with self._lock:
            # The table may be behind: its row is locked, or many threads read it at once. One try a minute is enough.
            if now - self._written_at.get(key_id, -1e9) >= NOTE_USE_EVERY.total_seconds():
                self._written_at[key_id] = now
                self._pending.add(key_id)

    def write(self, **_: Any) -> None:
        """Receiver of `request_finished`, which comes when the client has its answer. Never waits for a lock."""
        if not self._pending:
            return
        if _is_in_event_loop():
            # There a stream ends. It must not wait for the database.
            threading.Thread(target=self._write_apart, name="key-use", daemon=True).start()
        else:
            self._write()

    def _write_apart(self) -> None:
        try:
            self._write()
        finally:
            connections.close_all()

    def _write(self) -> None:
        with self._lock:
            ids, self._pending = list(self._pending), set()
        try:
            with transaction.atomic():
                unlocked = ApiKey.objects.select_for_update(skip_locked=True).filter(id__in=ids)
                free = list(unlocked.values_list("id", flat=True))
                ApiKey.objects.filter(id__in=free).update(last_used_at=datetime.now(UTC))
        except DatabaseError:
            LOG.warning("The last use of API keys could not be written", exc_info=True)


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


USED_KEYS = UsedKeys()
request_finished.connect(USED_KEYS.write, dispatch_uid="sessions_app.api.used_keys")
