"""How full the inbox is, for each project and in total, and when there will be room again."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field

from django.conf import settings

from sessions_app.storage import sql
from sessions_app.storage.connections import binary_cursor

CHECK_SECONDS = 1.0
# The period over which the digester's rate is measured.
RATE_SECONDS = 30.0
LEAST_RETRY_SECONDS, MOST_RETRY_SECONDS = 1, 300
# While the rate is unknown.
FIRST_RETRY_SECONDS = 5


class InboxFull(Exception):
    """More bytes wait for the digester than a setting allows. The message names the setting. Try again later."""

    def __init__(self, message: str = "too much waits to be digested", retry_after: int = FIRST_RETRY_SECONDS) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after


@dataclass(slots=True)
class Level:
    """How many bytes wait (before compression), and how fast they are digested, since they began to wait."""

    waiting: int = 0
    digested: deque[tuple[float, int]] = field(default_factory=deque)

    def note(self, now: float, waiting: int, digested: int) -> None:
        """Note how many bytes wait now, and how many have been digested ever."""
        self.waiting = waiting
        if not waiting:
            self.digested.clear()
        # Keep the last look before progress was seen: it shows for how long there was none.
        if len(self.digested) > 1 and self.digested[-1][1] == self.digested[-2][1] == digested:
            self.digested.pop()
        self.digested.append((now, digested))
        while len(self.digested) > 2 and now - self.digested[1][0] > RATE_SECONDS:
            self.digested.popleft()

    def retry_after(self, most_bytes: int) -> int:
        """Seconds until at most this much waits. While nothing is digested: for how long nothing has been."""
        if len(self.digested) < 2:
            return FIRST_RETRY_SECONDS
        (since, before), (now, digested) = self.digested[0], self.digested[-1]
        if digested > before:
            seconds = (self.waiting - most_bytes) * (now - since) / (digested - before)
        else:
            seconds = max(FIRST_RETRY_SECONDS, now - since)
        return min(max(math.ceil(seconds), LEAST_RETRY_SECONDS), MOST_RETRY_SECONDS)


class Fullness:
    """Each process looks once a second, and counts in between what it puts into the inbox itself.

    So what other processes put there within a second may exceed the limits.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Look again at the next check, and forget the rates."""
        self._checked_at = float("-inf")
        self._total = Level()
        self._projects: dict[int, Level] = {}

    def check(self, project_id: int) -> None:
        """Raises InboxFull."""
        now = time.monotonic()
        if now - self._checked_at >= CHECK_SECONDS:
            self._checked_at = now
            self._look(now)
        most = settings.LOGSUI_INBOX_MAX_BYTES
        percent = settings.LOGSUI_INBOX_PROJECT_PERCENT
        project = self._projects.get(project_id, Level())
        if project.waiting >= most * percent // 100:
            share = f"{percent} % (LOGSUI_INBOX_PROJECT_PERCENT) of LOGSUI_INBOX_MAX_BYTES"
            raise _full("of this project", share, most * percent // 100, project)
        if self._total.waiting >= most:
            raise _full("of all projects", "LOGSUI_INBOX_MAX_BYTES", most, self._total)

    def note_put(self, project_id: int, size: int) -> None:
        """This process has put so many bytes into the inbox."""
        self._total.waiting += size
        self._projects.setdefault(project_id, Level()).waiting += size

    def _look(self, now: float) -> None:
        usage = waiting_bytes()
        for project_id in self._projects.keys() - usage.keys():
            del self._projects[project_id]
        for project_id, (waiting, digested) in usage.items():
            self._projects.setdefault(project_id, Level()).note(now, waiting, digested)
        self._total.note(now, sum(row[0] for row in usage.values()), sum(row[1] for row in usage.values()))


FULLNESS = Fullness()


def waiting_bytes() -> dict[int, tuple[int, int]]:
    """For each project, the bytes (before compression) that wait for the digester, and those digested ever."""
    with binary_cursor() as cursor:
        cursor.execute(sql.load("inbox_usage"))
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def _full(whose: str, setting: str, most: int, level: Level) -> InboxFull:
    seconds = level.retry_after(most)
    message = (
        f"{level.waiting:,} bytes {whose} wait to be digested, and {setting} allows {most:,}: "
        f"send this again in {seconds} s. Is the digester running?"
    )
    return InboxFull(message, seconds)
