"""Logs out of files."""

from __future__ import annotations

import gzip
import io

import pytest
import zstandard

from sessions_app.wire.files import FoundLog, decompressed, logs_of

LOG = b'{"request": {"messages": []}}'
PAYLOAD = b'{"call_type": "acompletion", "startTime": 1.0, "endTime": 2.0}'


def read(text: bytes) -> list[FoundLog]:
    return list(logs_of(io.BytesIO(text)))


def test_it_works() -> None:
    assert read(LOG + b"\n" + PAYLOAD + b"\n") == [
        FoundLog("line 1", LOG, "native"),
        FoundLog("line 2", PAYLOAD, "litellm"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"[" + LOG + b",\n " + LOG + b"]",
        b'{"logs": [' + LOG + b", " + LOG + b"]}",
        b'{\n "logs": [\n' + LOG + b",\n" + LOG + b"]\n}\n",
        b"\xef\xbb\xbf\n\n[" + LOG + b"," + LOG + b"]",
    ],
)
def test_arrays_in_every_wrapping(text: bytes) -> None:
    assert [(log.place, log.raw) for log in read(text)] == [("item 0", LOG), ("item 1", LOG)]


def test_one_object_over_several_lines() -> None:
    text = b'{\n  "request": {\n    "messages": []\n  }\n}\n'
    assert [log.raw for log in read(text)] == [text.strip()]


def test_a_broken_line_is_named_and_the_others_are_found() -> None:
    found = read(LOG + b"\n{broken\n\n" + LOG)
    assert [(log.place, bool(log.error)) for log in found] == [("line 1", False), ("line 2", True), ("line 4", False)]


def test_a_broken_first_line_does_not_hide_the_others() -> None:
    found = read(b"{broken\n" + LOG + b"\n")
    assert [(log.place, bool(log.error)) for log in found] == [("line 1", True), ("line 2", False)]


def test_what_is_no_json_is_one_error() -> None:
    assert [bool(log.error) for log in read(b"<html>\n<body>\n")] == [True]


def test_empty_files_have_no_logs() -> None:
    assert read(b"") == read(b" \n\n") == []


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress), ("", bytes)])
def test_compressed(suffix: str, pack: type[bytes]) -> None:
    stream = decompressed(io.BytesIO(pack(LOG + b"\n" + LOG)), suffix)
    assert [log.raw for log in logs_of(stream)] == [LOG, LOG]
