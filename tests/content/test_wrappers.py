"""What a user wrote, without what a client put around it."""

from __future__ import annotations

import time

import pytest

from sessions_app.content.blocks import Message, TextBlock
from sessions_app.content.wrappers import own_words, said_by_user

REMINDER = "<system-reminder>\nToday is Friday.\n</system-reminder>"
ENVIRONMENT = "<environment_context>\n  <cwd>/app</cwd>\n  <shell>bash</shell>\n</environment_context>"


@pytest.mark.parametrize(
    "text",
    [
        "Fix the build",
        "a < b and b > c",
        "<div>Hello</div> looks wrong",
        "<b>Why?</b>",
        "# Plan\n\n1. Write it",
        "What does <my-element> do?",
        "<unclosed_element> stays",
        "",
    ],
)
def test_text_without_wrappers_stays(text: str) -> None:
    assert own_words(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{REMINDER}\n\nFix it", "Fix it"),
        (f"{REMINDER}\n{ENVIRONMENT}\nFix it", "Fix it"),
        (f"Fix it\n\n{ENVIRONMENT}", "Fix it"),
        ("<ide_opened_file>The user opened a.py</ide_opened_file>Fix it", "Fix it"),
        ('<ide_selection path="a.py">x = 1</ide_selection>\nFix it', "Fix it"),
        (f"<task>\nFix it\n</task>\n\n{ENVIRONMENT}", "Fix it"),
        (f"{ENVIRONMENT}<user_query>\nFix it\n</user_query>", "Fix it"),
        ("<attachments>a</attachments><context>b</context><userRequest>\nFix it\n</userRequest>", "Fix it"),
        ("# AGENTS.md instructions for /app\n\n<INSTRUCTIONS>\nBe brief.\n</INSTRUCTIONS>\nFix it", "Fix it"),
        ("# Context from my IDE setup:\n\n## Open tabs:\n- a.py\n\n## My request for Codex:\nFix it\n", "Fix it"),
        ("<session_context>\nThis is the Gemini CLI. Today is Friday.\n</session_context>\n\nFix it", "Fix it"),
    ],
)
def test_what_a_client_puts_around_it_is_left_out(text: str, words: str) -> None:
    assert own_words(text).strip() == words


@pytest.mark.parametrize(
    "text",
    [
        REMINDER,
        f"{REMINDER}\n{ENVIRONMENT}\n",
        "# AGENTS.md instructions for /app\n\n<INSTRUCTIONS>\nBe brief.\n</INSTRUCTIONS>",
        "This is the Gemini CLI. We are setting up the context for our chat.\nToday's date is Friday.",
        "This is the Qwen Code. We are setting up the context for our chat.\nFolders: /app",
        "<command-name>/compact</command-name>\n<command-message>compact</command-message>",
    ],
)
def test_nothing_remains_of_a_clients_message(text: str) -> None:
    assert own_words(text).strip() == ""


def test_blocks_of_a_message_are_read_one_by_one() -> None:
    message = Message("user", [TextBlock(REMINDER), TextBlock("Fix it"), TextBlock(ENVIRONMENT)])
    assert said_by_user(message) == "Fix it"


@pytest.mark.parametrize("text", ["<a_b>" * 60_000, "<a_b></a_b>" * 60_000, "\n<a_b>" * 60_000, "# x:\n" * 60_000])
def test_hostile_text_costs_little(text: str) -> None:
    started = time.process_time()
    own_words(text)
    assert time.process_time() - started < 0.5
