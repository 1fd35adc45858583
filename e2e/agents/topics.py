"""What agents are asked in the two conversations: different tasks, and then the same words."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from pathlib import Path

FOLLOW_UP = "Thanks. Add a line to that file that says when you read it, then look at it again."
FOLLOWED_UP = "Done: the line stands at the end of the file."


@dataclass(frozen=True)
class Topic:
    file: str
    content: str
    question: str
    answer: str
    marker: str

    @property
    def task(self) -> str:
        return f"Please read {self.file} and tell me {self.question}. It is about ticket {self.marker}."

    @property
    def sub_task(self) -> str:
        """What a sub-agent is told, or a second agent."""
        return f"Count the lines of {self.file} and say how many there are, for ticket {self.marker}."

    @property
    def sub_answer(self) -> str:
        return f"There are {len(self.content.splitlines())} lines in {self.file}."

    def write(self, folder: Path) -> None:
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.content)


def topics(agent: str, seed: object) -> list[Topic]:
    """Two of them, with markers that no other has."""
    chosen = random.Random(f"{seed} {agent}")

    def marker() -> str:
        return "".join(chosen.choices(string.ascii_uppercase, k=3)) + "-" + "".join(chosen.choices(string.digits, k=5))

    return [
        Topic(
            "notes/harbor.md",
            "# Harbor\n\nThe Marigold is late: she was due on Monday.\nThe Heron left on time.\n",
            "which ship is late",
            "The Marigold is late: she was due on Monday and has not been seen since she left the last port.",
            marker(),
        ),
        Topic(
            "notes/orchard.md",
            "# Orchard\n\nThe plum bears first, in July.\nThe quince is last.\nThe pears were sold.\n",
            "which tree bears first",
            "The plum bears first, in July, and the quince is the last of them; what the pears gave was sold.",
            marker(),
        ),
    ]
