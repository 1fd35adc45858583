"""Bytes of one wire format in, records out. No database, no Django."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from sessions_app.records import Documents

_MODULES = {
    "native": "sessions_app.wire.native",
    "litellm": "sessions_app.wire.litellm",
    "otlp": "sessions_app.wire.otlp",
}


def format_of(source: str) -> ModuleType:
    """The module that reads a source's format: `split_body`, `check_log`, `read_log` and `documents_of`.

    Raises KeyError for an unknown source.
    """
    # Imported late: the format modules import their neighbours from this package.
    return import_module(_MODULES[source])


def documents_of(source: str, log: bytes) -> Documents:
    """The documents that a stored log entry holds, for reading."""
    return format_of(source).documents_of(log)
