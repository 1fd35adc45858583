"""Statements, one a file, loaded once. No value is ever formatted into one.

What several statements have in common stands in a file whose name begins with an underscore; a comment line
`-- include _name.sql` stands for its text.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_INCLUDE = re.compile(r"^ *-- include (_\w+)\.sql$", re.MULTILINE)


@cache
def load(name: str) -> str:
    """The text of `<name>.sql`. Raises FileNotFoundError."""
    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: load(found[1]).rstrip(), text)
