"""Rows of the session list that this process has written.

Most rows of a list are those of a moment before: a session that nothing was added to is written the same way. The key
has the session's revision, which grows with what its requests say, so that its activity strip is not older than it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from markupsafe import Markup

MOST_BYTES = 4 * 2**20


class RowCache:
    """Written rows by their keys; those that were used last stay. It may be used by several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.lock = threading.Lock()
        self.rows: OrderedDict[Hashable, Markup] = OrderedDict()
        self.size = 0

    def get(self, key: Hashable) -> Markup | None:
        """The row, if it is kept."""
        with self.lock:
            found = self.rows.get(key)
            if found is not None:
                self.rows.move_to_end(key)
            return found

    def put(self, key: Hashable, row: Markup) -> None:
        """Keep a row; the ones that were not used for longest go."""
        with self.lock:
            self._drop(key)
            self.rows[key] = row
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
        self.size -= len(found) if found else 0


written = RowCache()
