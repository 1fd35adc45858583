"""Images and files inside messages: what may be shown, and their bytes. Nothing is fetched from elsewhere."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from dataclasses import dataclass

from sessions_app.content.blocks import MediaBlock

# Images are recognised by their first bytes, whatever their sender calls them. SVG is not among them: a browser may run
# scripts in it.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_DATA_URL = re.compile(r"data:([\w.+-]{1,60}/[\w.+-]{1,60})?((?:;[\w=.+-]{1,60})*),", re.IGNORECASE)
_HEAD_CHARS = 64_000


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that can be shown. Its type is told by its bytes; width and height are None where they are not known."""

    media_type: str
    byte_size: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class DataUrl:
    """A `data:` URL in base64: the type that it claims, and its payload."""

    media_type: str
    payload: str

    @property
    def byte_size(self) -> int:
        return len(self.payload) * 3 // 4 - self.payload[-2:].count("=")


def data_url(url: str) -> DataUrl | None:
    """The parts of a base64 `data:` URL; None for any other address."""
    match = _DATA_URL.match(url)
    if match is None or not match[2].lower().endswith(";base64"):
        return None
    return DataUrl((match[1] or "text/plain").lower(), url[match.end() :])


def picture(block: MediaBlock) -> Picture | None:
    """The image of a block, if it can be shown; None for a remote, broken or unsupported one."""
    data = data_url(block.url)
    head = decode(data.payload[:_HEAD_CHARS]) if data else None
    media_type = image_type(head) if head else None
    if data is None or head is None or media_type is None:
        return None
    return Picture(media_type, data.byte_size, *_dimensions(head, media_type))


def inline(url: str, found: Picture) -> str:
    """The `data:` URL of an image that can be shown, with the type of its bytes; "" if its payload is broken."""
    data = data_url(url)
    content = decode(data.payload) if data else None
    return f"data:{found.media_type};base64,{base64.b64encode(content).decode()}" if content else ""


def decode(payload: str) -> bytes | None:
    """The bytes of base64 text, also with white space or without padding; None when it is no base64."""
    compact = "".join(payload.split()).translate(_URL_SAFE)
    compact = compact[: len(compact) - len(compact) % 4] if len(compact) % 4 == 1 else compact
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


_URL_SAFE = str.maketrans("-_", "+/")


def image_type(content: bytes) -> str | None:
    """The media type of an image that browsers show, told by its first bytes."""
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if content[4:12] in (b"ftypavif", b"ftypavis") else None


def _dimensions(head: bytes, media_type: str) -> tuple[int | None, int | None]:
    if media_type == "image/png" and len(head) >= 24:
        width, height = struct.unpack(">II", head[16:24])
        return _plausible(width, height)
    if media_type == "image/gif" and len(head) >= 10:
        width, height = struct.unpack("<HH", head[6:10])
        return _plausible(width, height)
    if media_type == "image/jpeg":
        return _jpeg_dimensions(head)
    return None, None


def _plausible(width: int, height: int) -> tuple[int | None, int | None]:
    return (width, height) if 0 < width <= 100_000 and 0 < height <= 100_000 else (None, None)


def _jpeg_dimensions(head: bytes) -> tuple[int | None, int | None]:
    """From the frame header (ITU-T T.81, B.2.2), which other segments precede."""
    position = 2
    while position + 9 <= len(head) and head[position] == 0xFF:
        marker, length = head[position + 1], int.from_bytes(head[position + 2 : position + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[position + 5 : position + 9])
            return _plausible(width, height)
        position += 2 + max(length, 2)
    return None, None
