"""Limits password hashing. It needs much CPU on purpose, and must not slow down the rest of the server.

Each process hashes one password at a time, in a thread of low priority. A few more may wait; any others get the
response 429. The hash is Django's own, and is computed without Python's global lock.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.exceptions import ValidationError

# Each one that waits occupies a thread of the web server.
MOST_WAITING = 2
RETRY_SECONDS = 2
MOST_CHARS = 4096
NICENESS = 10

P = ParamSpec("P")
T = TypeVar("T")


class HashingBusy(Exception):
    """This process has too many passwords to check. The response is 429, with a retry after RETRY_SECONDS."""


class _Hashing:
    """The hashing thread. It starts when first needed, because threads do not survive the fork of a web worker."""

    def __init__(self) -> None:
        self.places = threading.BoundedSemaphore(1 + MOST_WAITING)
        self.pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="passwords", initializer=_give_way)

    def run(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        if not self.places.acquire(blocking=False):
            raise HashingBusy
        try:
            return self.pool.submit(function, *arguments, **options).result()
        finally:
            self.places.release()


def is_busy() -> bool:
    """Whether another password would be refused. Asked first, so that a refusal costs almost nothing."""
    if not _hashing.places.acquire(blocking=False):
        return True
    _hashing.places.release()
    return False


def _give_way() -> None:
    # Only Linux has a priority for each thread; elsewhere the number would mean a process.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


_hashing = _Hashing()


def _start_anew() -> None:
    global _hashing
    _hashing = _Hashing()


os.register_at_fork(after_in_child=_start_anew)


class BoundedPBKDF2Hasher(PBKDF2PasswordHasher):
    """Django's hasher with a limit on how many passwords are hashed at once. Raises HashingBusy.

    Everything that takes a password uses it: changing one, and signing in, whether or not the user exists.
    """

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        return _hashing.run(super().encode, password, salt, iterations)


class MaximumLengthValidator:
    """Refuses passwords that are too long for the sign-in form."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MOST_CHARS:
            raise ValidationError(f"This password has more than {MOST_CHARS:,} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"Your password can have at most {MOST_CHARS:,} characters."
