"""Measures accept latency, digest rate, storage, page times and memory, compared with a plain table."""
