"""What is looked for on the page that is being written: then long texts reach as far as it stands in them.

Writers ask `reach` how much of a text they must show, and mark with `part` where a stored part begins, for `marking`.
Without anything to find, both cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content.needles import Needle, Original

# A text is shown up to a place that is no further from its beginning, and so many characters beyond that.
MOST_CHARS, CHARS_AFTER = 200_000, 400
NOTHING = Markup("")

_needles: ContextVar[Sequence[Needle]] = ContextVar("needles", default=())


@contextmanager
def finding(needles: Sequence[Needle]) -> Iterator[None]:
    """Within it, pages are written to show where these are."""
    token = _needles.set(tuple(needles))
    try:
        yield
    finally:
        _needles.reset(token)


def reach(text: str, shown: int) -> int:
    """How many characters of a text to show: `shown`, or as many as reach beyond the last place that is looked for."""
    if bounds.is_whole():
        return len(text)
    needles = _needles.get()
    if not needles or shown >= len(text):
        return shown
    original = Original(text[:MOST_CHARS])
    found = [span for needle in needles for span in needle.spans(original.normal)]
    last = max((end for _, end in original.spans(found)), default=0)
    return shown if last <= shown else min(last + CHARS_AFTER, len(text))


def is_looking() -> bool:
    """Whether anything is looked for, or all is to be shown: then nothing may be drawn in part."""
    return bool(_needles.get()) or bounds.is_whole()


def part(digest: bytes) -> Markup:
    """Before the HTML of a stored part, b"" for what is none: a comment that `marking` reads and takes out."""
    return Markup("<!--part {}-->").format(digest.hex()) if _needles.get() else NOTHING
