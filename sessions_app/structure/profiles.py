"""The profile of a request: what pages must know of its content without reading it.

It is written when a request is stored, and read with its line. So the context, the prompt cache and repeated tool calls
of thousands of requests are known without a look at their documents. Hashes are 32 bits of what they stand for: within
one session two different things rarely share one, and what a page says of a few requests it reads again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import msgspec

# The first calls of an answer and the first results of an input are kept, so many.
MOST_KEPT = 64

_VERSION = 1
_MASK = 0xFFFF_FFFF


class ToolCall(NamedTuple):
    """A tool call of an answer: hashes of the tool's name, and of its name and arguments in one spelling."""

    tool: int
    call: int


class NewResult(NamedTuple):
    """A result that a request brought: hashes of the tool's name, of the call that it answers (0: unknown) and of what
    came back, and how many characters that has.
    """

    tool: int
    call: int
    content: int
    chars: int


class Profile(NamedTuple):
    """`chars`: what the whole prompt consists of, its history too, by `content.composition.CLASSES`. `system`, `tools`:
    hashes of the system prompts and of the tool definitions, 0 if there are none. `calls` are in the answer, `results`
    are new in the input. `adds`: what the messages of the input and the answer consist of, which is what a request has
    before it that only names this response; None if the profile is older. `ran_tools`: whether the provider itself ran
    tools during the answer.
    """

    chars: tuple[int, ...]
    system: int = 0
    tools: int = 0
    calls: tuple[ToolCall, ...] = ()
    results: tuple[NewResult, ...] = ()
    adds: tuple[int, ...] | None = None
    ran_tools: bool = False


def name_hash(name: str) -> int:
    """The hash of a tool's name in a profile."""
    return crc32(name.encode("utf-8", "surrogatepass"))


def pack(profile: Profile) -> bytes:
    """A profile as it is stored."""
    calls = [number for call in profile.calls[:MOST_KEPT] for number in call]
    results = [number for result in profile.results[:MOST_KEPT] for number in result]
    known = [_VERSION, profile.chars, profile.system, profile.tools, calls, results]
    return msgspec.msgpack.encode([*known, profile.adds, profile.ran_tools])


@lru_cache(maxsize=8192)
def unpack(stored: bytes) -> Profile | None:
    """A stored profile; None if there is none: the request is older than profiles, or of a kind that has none."""
    if not stored:
        return None
    try:
        version, chars, system, tools, calls, results, *more = msgspec.msgpack.decode(stored)
    except (msgspec.MsgspecError, ValueError, TypeError):
        return None
    if version != _VERSION:
        return None
    adds, ran_tools = more or (None, False)
    return Profile(
        tuple(chars),
        system & _MASK,
        tools & _MASK,
        tuple(map(ToolCall._make, zip(*[iter(calls)] * 2, strict=True))),
        tuple(map(NewResult._make, zip(*[iter(results)] * 4, strict=True))),
        adds and tuple(adds),
        ran_tools,
    )
