"""How each API writes a message: one module for each, and `content_blocks` that finds the right one for a block."""
