"""Stored content: what was written can be read for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content import compression


@given(st.binary(max_size=3000))
def test_content_comes_back(content: bytes) -> None:
    assert compression.decompress(compression.compress(content)) == content


@pytest.mark.parametrize("size", [0, 1, 31, 32, 64 * 1024, 64 * 1024 + 1, 5_000_000])
def test_content_of_any_size_comes_back(size: int) -> None:
    content = b"The quick brown fox. " * (size // 21 + 1)
    packed = compression.compress(content[:size])
    assert compression.decompress(packed) == content[:size]
    assert len(packed) <= size + 1


def test_dictionary_is_the_one_that_content_was_written_with() -> None:
    text = (Path(compression.__file__).parent / "dictionary_1.txt").read_bytes()
    assert hashlib.sha256(text).hexdigest() == "8605c5b641650d63d20a2fab0c161e8e1e635f32c6984bf6cbd6db198e922218", (
        "stored content can only be read with the dictionary it was written with: make a new one instead"
    )


def test_unknown_form_is_named() -> None:
    with pytest.raises(ValueError, match="unknown form"):
        compression.decompress(b"\x7fabc")
