"""Password hashes, which cost much CPU on purpose, so that many at once leave the rest of the server its share.

Each process hashes one password at a time, in a thread that the system runs after all others; a few more may wait, and
for the rest the answer is 429. The hash itself is Django's, computed without Python's lock.
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

# Those that wait hold a thread of the web server each.
MOST_WAITING = 2
RETRY_SECONDS = 2
MOST_CHARS = 4096
NICENESS = 10

P = ParamSpec("P")
T = TypeVar("T")


class HashingBusy(Exception):
    """More passwords are to be checked than this process will: the answer is 429, try again in RETRY_SECONDS."""


class _Hashing:
    """The thread that hashes, made when it is first needed: a pool does not survive the fork of a web worker."""

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
    """Whether one more password would be refused: asked first, so that refusing costs next to nothing."""
    if not _hashing.places.acquire(blocking=False):
        return True
    _hashing.places.release()
    return False


def _give_way() -> None:
    # Linux knows a priority for each thread; elsewhere the number would name a process.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


_hashing = _Hashing()


def _start_anew() -> None:
    global _hashing
    _hashing = _Hashing()


os.register_at_fork(after_in_child=_start_anew)


class BoundedPBKDF2Hasher(PBKDF2PasswordHasher):
    """Django's hasher, whose hashes are its own; only a few at a time. Raises HashingBusy.

    It stands below all that takes a password: signing in as somebody who is there or is not, and changing a password.
    """

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        return _hashing.run(super().encode, password, salt, iterations)


class MaximumLengthValidator:
    """Refuses passwords longer than can be sent when signing in."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MOST_CHARS:
            raise ValidationError(f"This password has more than {MOST_CHARS:,} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"Your password can have at most {MOST_CHARS:,} characters."
