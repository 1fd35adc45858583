"""Read logs from files: a JSON array, one JSON object, `{"logs": […]}`, NDJSON or an export; plain, .gz or .zst."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import zstandard

from sessions_app.content.json_bytes import DocumentError, JsonBytes, array_items, kind_of, object_fields
from sessions_app.wire import exported

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Every payload of LiteLLM's generic_api callback has these members, and no native log has them.
LITELLM_MEMBERS = ("call_type", "startTime", "endTime")


@dataclass(frozen=True, slots=True)
class FoundLog:
    """One log of a file: where it is, its bytes and its format; or `error`, if it is not a log. `is_left_out`: an
    export has it, and logs cannot say it.
    """

    place: str
    raw: bytes = b""
    source: str = "native"
    error: str = ""
    is_left_out: bool = False


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
    yield from found("line 1", first)
    for number, line in enumerate(stream, 2):
        if line.strip():
            yield from found(f"line {number}", line)


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
            for index, item in enumerate(array_items(text)):
                yield from found(f"item {index}", bytes(item))
            return
        members = object_fields(text)
    except DocumentError as error:
        yield from broken_file(text, str(error))
        return
    if wraps_logs(members) and kind_of(members["logs"]) == "array":
        yield from whole_file(bytes(members["logs"]))
    else:
        yield from found("line 1", text)


def broken_file(text: bytes, error: str) -> Iterator[FoundLog]:
    lines = [(number, line) for number, line in enumerate(text.split(b"\n"), 1) if line.strip()]
    if not any(members_of(line) for _, line in lines[1:]):
        yield FoundLog("line 1", error=error)
        return
    for number, line in lines:
        yield from found(f"line {number}", line)


def found(place: str, raw: bytes) -> Iterator[FoundLog]:
    """The log of a place in a file, or those of a session that was exported."""
    raw = raw.strip()
    try:
        members = object_fields(raw)
        requests = exported.requests_of(members)
        if requests is not None:
            for number, request in enumerate(requests, 1):
                yield _found(f"{place}, request {number}", request, object_fields(request))
        else:
            yield _found(place, raw, members)
    except DocumentError as error:
        yield FoundLog(place, error=str(error))


def _found(place: str, raw: bytes, members: Mapping[str, JsonBytes]) -> FoundLog:
    if not exported.is_exported(members):
        return FoundLog(place, raw, source_of(members))
    return FoundLog(place, exported.as_log(members), is_left_out=not exported.is_log(members))


def source_of(members: Mapping[str, JsonBytes]) -> str:
    """The format of a log. LiteLLM's payloads are known by their times, which are named in camel case."""
    return "litellm" if all(name in members for name in LITELLM_MEMBERS) else "native"
