"""What an agent was asked: the text that is compared with what tool calls ask."""

from __future__ import annotations

import pytest

from sessions_app.content.blocks import Message, TextBlock
from sessions_app.content.tasks import task_of

TASK = "Count the lines of the note and say how many there are."


@pytest.mark.parametrize(
    "text",
    [
        TASK,
        TASK.replace(" of ", "\n  of "),
        f"You are an agent named counter.\n---\nTask:\n{TASK}\n---\nYou help your manager with more than that.",
        f"Who you are:\n\n=====\n{TASK}\n=====\n",
    ],
)
def test_task_stands_alone_or_between_rules(text: str) -> None:
    assert task_of(Message(role="user", blocks=(TextBlock(text),))) == TASK


@pytest.mark.parametrize(
    "text",
    [
        f"---\ntitle: A note that has a head\n---\n{TASK}",  # the head of a document is no task
        f"{TASK}\n---\nA rule alone is the end of nothing.",
        f"Too short between rules:\n---\nCount them\n---\n{TASK}",
    ],
)
def test_other_rules_leave_the_text_whole(text: str) -> None:
    assert task_of(Message(role="user", blocks=(TextBlock(text),))) == " ".join(text.split())
