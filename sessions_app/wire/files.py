"""Read logs from files: a JSON array, one JSON object, `{"logs": […]}` or NDJSON; plain, .gz or .zst."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import zstandard

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, object_fields

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Every payload of LiteLLM's generic_api callback has these members, and no native log has them.
LITELLM_MEMBERS = ("call_type", "startTime", "endTime")


@dataclass(frozen=True, slots=True)
class FoundLog:
    """One log of a file: where it is, its exact bytes and its format; or `error`, if it is not a log."""

    place: str
    raw: bytes = b""
    source: str = "native"
    error: str = ""


def decompressed(raw: BinaryIO, suffix: str) -> BinaryIO:
    """The contents of a file with this name suffix, as a stream."""
    if suffix in (".gz", ".gzip"):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw))
    if suffix in (".zst", ".zstd"):
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))
    return raw


def logs_of(stream: BinaryIO) -> Iterator[FoundLog]:
    """The logs of a file. NDJSON is read line by line. Other forms are read as a whole, so they have to fit into
    memory.
    """
    first = first_line(stream)
    if not first:
        return
    members = members_of(first)
    if members is None or wraps_logs(members):
        yield from whole_file(first + stream.read())
        return
    yield found("line 1", first)
    for number, line in enumerate(stream, 2):
        if line.strip():
            yield found(f"line {number}", line)


def first_line(stream: BinaryIO) -> bytes:
    """The first line that is not empty; b"" at the end of the file."""
    for line in stream:
        text = line.removeprefix(BYTE_ORDER_MARK)
        if text.strip():
            return text
    return b""


def members_of(raw: bytes) -> dict[str, JsonBytes] | None:
    try:
        return object_fields(raw)
    except DocumentError:
        return None


def wraps_logs(members: Mapping[str, JsonBytes]) -> bool:
    return "logs" in members and not members.keys() & {"request", "response", "error"}


def whole_file(text: bytes) -> Iterator[FoundLog]:
    """The logs of an array or of an object over several lines. Other files may be NDJSON with a broken first line."""
    try:
        if kind_of(text.strip()) == "array":
            yield from (found(f"item {index}", bytes(item)) for index, item in enumerate(array_items(text)))
            return
        members = object_fields(text)
    except DocumentError as error:
        yield from broken_file(text, str(error))
        return
    if wraps_logs(members) and kind_of(members["logs"]) == "array":
        yield from whole_file(bytes(members["logs"]))
    else:
        yield found("line 1", text)


def broken_file(text: bytes, error: str) -> Iterator[FoundLog]:
    lines = [(number, line) for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]
    if not any(members_of(line) for _, line in lines[1:]):
        yield FoundLog("line 1", error=error)
        return
    yield from (found(f"line {number}", line) for number, line in lines)


def found(place: str, raw: bytes) -> FoundLog:
    raw = raw.strip()
    try:
        return FoundLog(place, raw, source_of(object_fields(raw)))
    except DocumentError as error:
        return FoundLog(place, error=str(error))


def source_of(members: Mapping[str, JsonBytes]) -> str:
    """The format of a log. LiteLLM's payloads are known by their times, which are named in camel case."""
    return "litellm" if all(name in members for name in LITELLM_MEMBERS) else "native"
