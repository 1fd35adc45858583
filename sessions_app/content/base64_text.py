"""Base64 in places where nobody says that it is: recognised by its look, so that it is not read as text."""

from __future__ import annotations

import re

from sessions_app.content.json_values import to_json

# So long a run of these characters, with small and large letters and digits, is no word and no path.
LONG_RUN = 256
# How the base64 of well-known kinds of files begins, and their media types.
_BEGINNINGS = (
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("JVBERi0", "application/pdf"),
    ("UEsDBB", "application/zip"),
    ("H4sIA", "application/gzip"),
    ("SUQz", "audio/mpeg"),
    ("T2dnUw", "audio/ogg"),
    ("ZkxhQ", "audio/flac"),
    ("GkXfo", "video/webm"),
)
# An MP4 file begins with the length of its first box.
_MP4 = r"AAAA[A-Za-z0-9+/]{2}Z0eX"
_RUN = re.compile(
    rf"(?<![A-Za-z0-9+/=_-])(?:[A-Za-z0-9+/_-]{{{LONG_RUN},}}+"
    r"|(?:iVBORw0KGgo|JVBERi0|UEsDBB)[A-Za-z0-9+/]{4,}+"
    rf"|(?:/9j/|R0lGOD|UklGR|H4sIA|SUQz|T2dnUw|ZkxhQ|GkXfo|{_MP4})[A-Za-z0-9+/]{{16,}}+)={{0,2}}"
)
_ALPHABET = re.compile(r"[A-Za-z0-9+/_-]+={0,2}\s*")
# Each byte of the alphabet as "a", any other as a space.
_BY_ALPHABET = bytes(ord("a") if re.match(r"[A-Za-z0-9+/_-]", chr(code)) else 32 for code in range(256))
_LONG = b"a" * LONG_RUN
_FIRST = ("AAAA", *(begin for begin, _ in _BEGINNINGS))
_SIGNS = (*(begin for begin, _ in _BEGINNINGS), "Z0eX")
_KINDS = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))
_BEGINNING = 3_000
# How the name of a run ends.
NAMED = " of base64 data)"
# Enough to see what characters a run consists of.
_LOOKED_AT = 2_000


def is_base64(text: str) -> bool:
    """Whether a text could be base64 by its characters."""
    return _ALPHABET.fullmatch(text) is not None if len(text) < 1_000 else _ALPHABET.match(text[:900]) is not None


def media_type_of(data: str) -> str:
    """The media type of base64 data that begins like a well-known kind of file; "" for any other."""
    if not data.startswith(_FIRST):
        return ""
    if data.startswith("UklGR") and data[10:16] == "BXQVZF":
        return "audio/wav"
    if re.match(_MP4, data):
        return "video/mp4"
    return next((media_type for begin, media_type in _BEGINNINGS if data.startswith(begin)), "")


def shortened(text: str) -> str:
    """A text in which long runs of base64 are named by their size: `(12,345 bytes of base64 data)`."""
    return _RUN.sub(_named, text) if _may_hold_runs(text) else text


def readable(text: str) -> str:
    """The same, for a text whose beginning is shown: what begins with words is not searched through."""
    return _RUN.sub(_named, text) if _may_hold_runs(text[:_BEGINNING]) else text


def removed(text: str) -> str:
    """A text without its long runs of base64."""
    return _RUN.sub(lambda run: " " if _is_mixed(run[0]) else run[0], text)


def json_without_base64(value: object) -> str:
    """The JSON text of a value, shortened."""
    return shortened(to_json(value))


def _may_hold_runs(text: str) -> bool:
    """A quick look before the slow one."""
    if len(text) >= LONG_RUN and _LONG in text.encode("utf-8", "surrogatepass").translate(_BY_ALPHABET):
        return True
    return any(begin in text for begin in _SIGNS)


def _named(run: re.Match[str]) -> str:
    if not _is_mixed(run[0]):
        return run[0]
    size = len(run[0]) * 3 // 4 - run[0][-2:].count("=")
    return f"({size:,} bytes{NAMED}" if size < 1_000 else f"({size / 1000:,.1f} kB{NAMED}"


def _is_mixed(run: str) -> bool:
    if len(run) < LONG_RUN:
        return True
    return all(kind.search(run, 0, _LOOKED_AT) for kind in _KINDS)
