"""How many attempts a proxy counted for a call. It does not log every one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sessions_app.content.compression import decompress
from sessions_app.content.documents import PartKind
from sessions_app.queries.window import Window

# LiteLLM 1.106, `hidden_params.additional_headers` of a success: each is a number. A quote that is part of a text has a
# backslash before it.
_COUNTER = re.compile(rb'(?<!\\)"x-litellm-attempted-(retries|fallbacks)"\s*:\s*"?(\d{1,4})\b')
_PROXY = "litellm"


def counted_attempts(window: Window, index: int) -> int:
    """How many attempts LiteLLM counted up to and including this request; 1 if it does not say."""
    detail = window.details[index]
    if detail.source != _PROXY or detail.skeleton is None:
        return 1
    counts: dict[bytes, int] = {}
    for text in _texts(window, index, detail.skeleton):
        counts |= {name: int(number) for name, number in _COUNTER.findall(text)}
        if counts:
            break
    return 1 + sum(counts.values())


def _texts(window: Window, index: int, skeleton: bytes) -> Iterator[bytes]:
    """The texts that may hold headers: the small members of a log, or parts of their own if there are many headers."""
    yield decompress(skeleton)
    for digest in window.context(index, PartKind.OTHER):
        part = window.parts[digest]
        if part.content is not None:
            yield part.content
