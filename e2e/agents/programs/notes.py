"""The tools that all programs give to their agents, and what the agents are asked."""

import os
from pathlib import Path

MODEL = os.environ["MODEL"]
TASK = os.environ["TASK"]
FOLLOW_UP = os.environ["FOLLOW_UP"]
SUB_TASK = os.environ["SUB_TASK"]
BE_BRIEF = "You look after a folder of notes. Read before you answer, and be brief."


def list_notes(folder: str) -> str:
    """List the files in a folder.

    Args:
        folder: The folder's path.
    """
    return "\n".join(sorted(str(path) for path in Path(folder).iterdir()))


def read_note(path: str) -> str:
    """Read a note.

    Args:
        path: The note's path.
    """
    return Path(path).read_text()


def add_line(path: str, line: str) -> str:
    """Add a line to the end of a note.

    Args:
        path: The note's path.
        line: The line, without its end.
    """
    with Path(path).open("a") as note:
        note.write(f"{line}\n")
    return "added"


def count_lines(path: str) -> str:
    """Count the lines of a note.

    Args:
        path: The note's path.
    """
    return str(len(Path(path).read_text().splitlines()))
