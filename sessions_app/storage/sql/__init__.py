"""Statements, one a file, loaded once. Nothing is ever formatted into one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def load(name: str) -> str:
    """The text of `<name>.sql`. Raises FileNotFoundError."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
