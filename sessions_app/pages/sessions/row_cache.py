"""Rows of the session list that were written a short time ago, in this process.

Most rows of a list are those of a moment before: a session that nothing was added to is written the same way. The key
has all that a row is made of, so a session that changed is written anew. Only its activity strip reads more than that:
it may be as old as SECONDS.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable

from markupsafe import Markup

MOST_BYTES = 4 * 2**20
SECONDS = 30.0


class RowCache:
    """Written rows by their keys; those that were used last stay. It may be used by several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES, seconds: float = SECONDS) -> None:
        self.most_bytes, self.seconds = most_bytes, seconds
        self.lock = threading.Lock()
        self.rows: OrderedDict[Hashable, tuple[float, Markup]] = OrderedDict()
        self.size = 0

    def get(self, key: Hashable) -> Markup | None:
        """The row, unless it is too old."""
        with self.lock:
            found = self.rows.get(key)
            if found is None or found[0] < time.monotonic() - self.seconds:
                return None
            self.rows.move_to_end(key)
            return found[1]

    def put(self, key: Hashable, row: Markup) -> None:
        """Keep a row; the ones that were not used for longest go."""
        with self.lock:
            self._drop(key)
            self.rows[key] = time.monotonic(), row
            self.size += len(row)
            while self.size > self.most_bytes:
                self._drop(next(iter(self.rows)))

    def clear(self) -> None:
        """Forget all rows."""
        with self.lock:
            self.rows.clear()
            self.size = 0

    def _drop(self, key: Hashable) -> None:
        found = self.rows.pop(key, None)
        self.size -= len(found[1]) if found else 0


written = RowCache()
