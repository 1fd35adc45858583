"""Bytes of one wire format in, records out. No database, no Django."""

from sessions_app.wire.formats import WireFormat, WireItem, documents_of, format_of, read_copy

__all__ = ["WireFormat", "WireItem", "documents_of", "format_of", "read_copy"]
