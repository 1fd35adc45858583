"""What the product costs: accept latency, digest rate, bytes stored, page times and memory, against a plain table."""
