"""Stored content: what was written can be read for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content import compression

MESSAGE = (
    b'{"role":"user","content":"Why does the export of 19 September stop at page 7? It worked before the upgrade."}'
)
WITH_DICTIONARY_1 = (
    "0228b52ffd206d250200d85768796578662031392053373f20496564757067726164652e227d0c005f0550a12bc13db50e7ddd7a3027ab017d"
    "6110466a838e6295df5811b549b5c13fd661dc9e40"
)
WITH_DICTIONARY_2 = (
    "03206ded0100d3010617737c6319979819881bf9f080a8a8105e81ee43bd3242240bfc153a462383bca74efe387735ff859100d7f186c5b1cd"
    "8792bc5d13073eabd173"
)


@given(st.binary(max_size=3000))
def test_content_comes_back(content: bytes) -> None:
    assert compression.decompress(compression.compress(content)) == content


@pytest.mark.parametrize("size", [0, 1, 31, 32, 64 * 1024, 64 * 1024 + 1, 5_000_000])
def test_content_of_any_size_comes_back(size: int) -> None:
    content = b"The quick brown fox. " * (size // 21 + 1)
    packed = compression.compress(content[:size])
    assert compression.decompress(packed) == content[:size]
    assert len(packed) <= size + 1


@pytest.mark.parametrize(
    ("file", "sha256"),
    [
        ("dictionary_1.txt", "8605c5b641650d63d20a2fab0c161e8e1e635f32c6984bf6cbd6db198e922218"),
        ("dictionary_2.zstd_dict", "7a7c65dd3a17960afa2bb14a730bcfe4b9292c8b2e1717f8603cc44d32d8075b"),
    ],
)
def test_dictionary_is_the_one_that_content_was_written_with(file: str, sha256: str) -> None:
    content = (Path(compression.__file__).parent / file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == sha256, (
        "stored content can only be read with the dictionary it was written with: make a new one instead"
    )


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(b"\x00" + MESSAGE, id="plain"),
        pytest.param(b"\x01" + zstandard.compress(MESSAGE), id="zstd"),
        pytest.param(bytes.fromhex(WITH_DICTIONARY_1), id="dictionary 1"),
        pytest.param(bytes.fromhex(WITH_DICTIONARY_2), id="dictionary 2"),
    ],
)
def test_what_earlier_versions_wrote_is_read(stored: bytes) -> None:
    assert compression.decompress(stored) == MESSAGE


def test_a_short_message_takes_two_thirds() -> None:
    assert len(compression.compress(MESSAGE)) < len(MESSAGE) * 0.67


def test_unknown_form_is_named() -> None:
    with pytest.raises(ValueError, match="unknown form"):
        compression.decompress(b"\x7fabc")
