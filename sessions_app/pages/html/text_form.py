"""Whether the messages of the page that is being written are formatted, or shown as the text they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

RAW, FORMATTED = "raw", "markdown"

_is_raw: ContextVar[bool] = ContextVar("is_raw", default=False)


@contextmanager
def writing(form: str) -> Iterator[None]:
    """Within it, messages are written in this form."""
    token = _is_raw.set(form == RAW)
    try:
        yield
    finally:
        _is_raw.reset(token)


def is_raw() -> bool:
    return _is_raw.get()
