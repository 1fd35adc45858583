"""Divides the tokens of a call into classes with a price each. No token is in two classes.

In `records.Usage` cached and written tokens are part of the input, and reasoning is part of the output. Here they are
taken out of the sums. A class without a price of its own goes back into the class that it was taken from.
"""

from __future__ import annotations

from collections.abc import Container

from sessions_app.records import Usage

INPUT, CACHED, CACHE_WRITE, CACHE_WRITE_1H = "input", "cached", "cache_write", "cache_write_1h"
OUTPUT, REASONING, AUDIO_INPUT, AUDIO_OUTPUT = "output", "reasoning", "audio_input", "audio_output"
IMAGE_OUTPUT = "image_output"
REQUEST = "request"
# Each class, and the one to which its tokens go if it has no price.
_BASE = {
    AUDIO_INPUT: INPUT,
    CACHED: INPUT,
    CACHE_WRITE_1H: CACHE_WRITE,
    CACHE_WRITE: INPUT,
    AUDIO_OUTPUT: OUTPUT,
    IMAGE_OUTPUT: OUTPUT,
    REASONING: OUTPUT,
}
# In the order in which they are shown.
CLASSES = (
    *(INPUT, CACHED, CACHE_WRITE, CACHE_WRITE_1H, AUDIO_INPUT, OUTPUT, REASONING, AUDIO_OUTPUT, IMAGE_OUTPUT),
    REQUEST,
)


def tokens_by_class(usage: Usage, priced: Container[str]) -> dict[str, int]:
    """The tokens of each class that has some. They add up to the input and the output.

    If the details say more than their sum, the sum counts.
    """
    found = _input_classes(usage) | _output_classes(usage)
    for name, base in _BASE.items():
        if name in found and name not in priced:
            found[base] = found.get(base, 0) + found.pop(name)
    return {name: found[name] for name in CLASSES if found.get(name)}


def _input_classes(usage: Usage) -> dict[str, int]:
    cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    left = cached + written if usage.input_tokens is None else usage.input_tokens
    cached = min(cached, left)
    left -= cached
    written = min(written, left)
    left -= written
    hour = min(usage.cache_write_1h_tokens or 0, written)
    audio = min(usage.input_audio_tokens or 0, left)
    return {
        CACHED: cached,
        CACHE_WRITE: written - hour,
        CACHE_WRITE_1H: hour,
        AUDIO_INPUT: audio,
        INPUT: left - audio,
    }


def _output_classes(usage: Usage) -> dict[str, int]:
    reasoning = usage.reasoning_tokens or 0
    left = reasoning if usage.output_tokens is None else usage.output_tokens
    reasoning = min(reasoning, left)
    left -= reasoning
    audio = min(usage.output_audio_tokens or 0, left)
    images = min(usage.output_image_tokens or 0, left - audio)
    return {REASONING: reasoning, AUDIO_OUTPUT: audio, IMAGE_OUTPUT: images, OUTPUT: left - audio - images}
