"""The arrays of messages that were split last. A client sends its history again and again; comparing bytes is faster
than reading it again.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import Any

# Roughly what a remembered array takes in memory beside its text.
KNOWN_ARRAY_BYTES = 500


@dataclass(slots=True)
class KnownArray:
    """An array of messages that was split before: its JSON text without the closing bracket, and its items' digests.

    `facts` belongs to the code that reads conversations: it keeps there what it learnt from these items.
    """

    text: bytes
    digests: list[bytes]
    facts: Any = None


class ArrayMemory:
    """The last arrays of messages of each conversation, up to a number of bytes.

    The conversation that was used longest ago is forgotten first. Threads may share a memory: lists are replaced and
    never changed.
    """

    MOST_BYTES = 16 * 2**20
    MOST_BRANCHES = 3
    # A larger array holds media or whole files: copying it would cost more than reading it again.
    MOST_ARRAY_BYTES = 2 * 2**20

    def __init__(self) -> None:
        self._arrays: dict[str, list[KnownArray]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def longest_start(self, key: str, text: bytes) -> KnownArray | None:
        """The longest remembered array whose items this array begins with."""
        fitting = [known for known in self._arrays.get(key, ()) if _begins_with(text, known.text)]
        return max(fitting, key=lambda known: len(known.text), default=None)

    def remember(self, key: str, array: KnownArray, instead_of: KnownArray | None) -> None:
        """Keep an array in place of the one that it continues."""
        with self._lock:
            before = self._arrays.pop(key, [])
            kept = [array, *(known for known in before if known is not instead_of)][: self.MOST_BRANCHES]
            self._bytes += _size(kept) - _size(before)
            while self._bytes > self.MOST_BYTES and self._arrays:
                self._bytes -= _size(self._arrays.pop(next(iter(self._arrays))))
            self._arrays[key] = kept


def _size(arrays: list[KnownArray]) -> int:
    return sum(len(known.text) + KNOWN_ARRAY_BYTES for known in arrays)


_ANSWERS = (b'"assistant"', b'"model"', b'"function_call"', b'"reasoning"')
_SPACES = b" \t\r\n"
_MOST_GUESSES = 8


def opening_key(caller: str, text: bytes) -> str:
    """A key for a conversation without an id: its caller, and its messages before the first answer.

    The array is not read yet, so where the first answer begins is a guess. After a wrong guess the array is read again,
    and nothing worse happens.
    """
    opening = memoryview(text)[: _end_of_opening(text)]
    return f"{caller}\x00{hashlib.blake2b(opening, digest_size=16).hexdigest()}"


def _end_of_opening(text: bytes) -> int:
    end = len(text)
    for mark in _ANSWERS:
        found = text.find(mark, 0, end)
        end = found if found >= 0 else end
    if end == len(text):
        return _before(text, text.rfind(b"]")) + 1
    for _ in range(_MOST_GUESSES):
        end = text.rfind(b"{", 0, end)
        comma = _before(text, end)
        if text[comma : comma + 1] == b",":
            return _before(text, comma) + 1
    return 0


def _before(text: bytes, index: int) -> int:
    """The index of the last character before `index` that is not white space; -1 if there is none."""
    index -= 1
    while index >= 0 and text[index] in _SPACES:
        index -= 1
    return index


def _begins_with(text: bytes, start: bytes) -> bool:
    # A comma or bracket must follow: the last item could be the first digits of a longer number.
    return text.startswith(start) and text[len(start) : len(start) + 1] in (b",", b"]")
