"""Small PNG pictures, drawn pixel by pixel: a chart, a receipt, a floor plan. No file, no imaging library."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
INK: Colour = (33, 37, 41)
GREY: Colour = (206, 212, 218)
PALETTE: tuple[Colour, ...] = (
    (66, 99, 235),
    (47, 158, 68),
    (240, 140, 0),
    (214, 51, 108),
    (12, 133, 153),
    (121, 80, 242),
)

# Rows of three pixels, top to bottom, each an octal digit.
GLYPHS = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711", "5": "74717", "6": "74757", "7": "71122",
    "8": "75757", "9": "75717", "A": "25755", "B": "65656", "C": "34443", "D": "65556", "E": "74647", "F": "74644",
    "G": "34553", "H": "55755", "I": "72227", "J": "11152", "K": "55655", "L": "44447", "M": "57755", "N": "65555",
    "O": "25552", "P": "65644", "Q": "25563", "R": "65655", "S": "34216", "T": "72222", "U": "55557", "V": "55552",
    "W": "55775", "X": "55255", "Y": "55222", "Z": "71247", ".": "00002", ",": "00024", ":": "02020", "-": "00700",
    "/": "11244", "%": "51245", "#": "57575", " ": "00000",
}  # fmt: skip


class Canvas:
    """A grid of coloured pixels."""

    def __init__(self, width: int, height: int, colour: Colour = WHITE) -> None:
        self.width, self.height = width, height
        self.rows = [bytearray(bytes(colour) * width) for _ in range(height)]

    def box(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        """Fill a rectangle; what lies outside is left away."""
        first, last = max(0, left), min(self.width, left + width)
        for row in self.rows[max(0, top) : max(0, top + height)]:
            row[first * 3 : last * 3] = bytes(colour) * max(0, last - first)

    def write(self, left: int, top: int, text: str, colour: Colour = INK, scale: int = 2) -> None:
        """Capitals and digits of three by five pixels, enlarged by `scale`."""
        for place, character in enumerate(text.upper()):
            for line, bits in enumerate(GLYPHS.get(character, "00000")):
                for column in range(3):
                    if int(bits) & (4 >> column):
                        self.box(left + (place * 4 + column) * scale, top + line * scale, scale, scale, colour)

    def png(self) -> bytes:
        """The picture as PNG (W3C PNG specification, second edition): 8 bits, RGB, no filter."""
        header = struct.pack("!2I5B", self.width, self.height, 8, 2, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in self.rows), 9)
        chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def bar_chart(title: str, bars: Sequence[tuple[str, int]]) -> bytes:
    """Vertical bars with their labels and values."""
    canvas = Canvas(48 + 56 * len(bars), 220)
    canvas.write(16, 12, title)
    highest = max(value for _, value in bars)
    for line in range(4):
        canvas.box(24, 50 + line * 38, canvas.width - 40, 1, GREY)
    for place, (label, value) in enumerate(bars):
        height, left = value * 140 // highest, 36 + place * 56
        canvas.box(left, 190 - height, 36, height, PALETTE[place % len(PALETTE)])
        canvas.write(left, 180 - height, str(value), scale=1)
        canvas.write(left, 198, label)
    return canvas.png()


def receipt(shop: str, lines: Sequence[tuple[str, str]]) -> bytes:
    """A till receipt: one line an item, the price to the right."""
    canvas = Canvas(300, 90 + 22 * len(lines), (250, 248, 240))
    canvas.write(20, 16, shop, scale=3)
    for place, (item, price) in enumerate(lines):
        top = 56 + place * 22
        canvas.write(20, top, item)
        canvas.write(280 - 8 * len(price), top, price)
    canvas.box(20, 56 + 22 * (len(lines) - 1) - 8, 260, 1, INK)
    return canvas.png()


def floor_plan(rooms: Sequence[tuple[str, int, int, int, int]]) -> bytes:
    """Rooms as (name, left, top, width, height)."""
    canvas = Canvas(360, 260, (248, 249, 250))
    for place, (name, left, top, width, height) in enumerate(rooms):
        canvas.box(left, top, width, height, INK)
        tint = tuple((channel + 255 * 3) // 4 for channel in PALETTE[place % len(PALETTE)])
        canvas.box(left + 2, top + 2, width - 4, height - 4, tint)  # type: ignore[arg-type]
        canvas.write(left + 10, top + 10, name)
    return canvas.png()


def badge(colour: Colour, letter: str) -> bytes:
    """A square icon with one letter, as an image model might return it."""
    canvas = Canvas(96, 96, (241, 243, 245))
    for inset, tint in ((8, colour), (14, WHITE), (18, colour)):
        canvas.box(inset, inset, 96 - 2 * inset, 96 - 2 * inset, tint)
    canvas.write(33, 24, letter, WHITE, scale=10)
    return canvas.png()
