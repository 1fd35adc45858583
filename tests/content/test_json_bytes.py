"""JSON is cut into its values; what is not JSON is named."""

from __future__ import annotations

import pytest

from sessions_app.content.json_bytes import DocumentError, check_utf8, object_fields


@pytest.mark.parametrize("levels", [2_000, 10_000, 1_000_000])
def test_nesting_beyond_the_limit_is_named(levels: int) -> None:
    with pytest.raises(DocumentError, match="nested too deeply"):
        object_fields(b'{"a":' + b"[" * levels + b"]" * levels + b"}")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not valid JSON"),
        (b'{"a":', "not valid JSON"),
        (b'{"a":1}}', "not valid JSON"),
        (b"[1]", "expected a JSON object, got array"),
        (b"null", "expected a JSON object, got null"),
    ],
)
def test_what_is_no_object_is_named(raw: bytes, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        object_fields(raw)


@pytest.mark.parametrize("raw", [b'{"a":"\xff"}', b"\xed\xa0\xbd", b"x" * 2**20 + b"\xc3", b"\xc3" + b"x" * 2**20])
def test_what_is_not_utf8_is_named(raw: bytes) -> None:
    with pytest.raises(DocumentError, match="not UTF-8"):
        check_utf8(raw)


def test_utf8_across_the_checked_pieces_is_fine() -> None:
    check_utf8(b"x" * (2**20 - 1) + "é".encode() + b"y")
