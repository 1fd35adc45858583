"""Which messages stand for a history."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions_app.content.summaries import agent_of_summary, agent_that_asks, is_compaction_item


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("This session is being continued from a previous conversation that ran out of context.", "Claude Code"),
        ("THIS SESSION IS BEING CONTINUED FROM A PREVIOUS CONVERSATION", "Claude Code"),
        ("You were originally given instructions from a user over one or more turns.", "Codex"),
        ("[Context compacted] We fixed it.", ""),
        ("Conversation summary: we fixed it.", ""),
        ("Another language model started to solve this problem and produced a summary of its work.", "Codex"),
        ("<state_snapshot><overall_goal>Fix it</overall_goal></state_snapshot>", ""),
        ("## Summary:\n<conversation_summary>We fixed it.</conversation_summary>", ""),
        ("Here is a summary of our previous conversation: it works.", ""),
        ("<summary>\nThe user wants the build fixed.\n</summary>", ""),
        ("<details><summary>Log</summary>It fails.</details>", None),
        ("Fix it", None),
        ("Why does it say 'This session is being continued from a previous conversation'?", None),
        ("", None),
    ],
)
def test_summaries_are_told_by_how_they_begin(text: str, agent: str | None) -> None:
    assert agent_of_summary(text) == agent


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        (
            "Your task is to create a detailed summary of the conversation so far, paying close attention to",
            "Claude Code",
        ),
        ("Your task is to create a detailed summary of the RECENT portion of the conversation", "Claude Code"),
        (
            "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\n\n- No Read.\n\n"
            "Your task is to create a detailed summary of the conversation so far",
            "Claude Code",
        ),
        ("You are performing a CONTEXT CHECKPOINT COMPACTION. Create a handoff summary", "Codex"),
        ("\nFirst, reason in your scratchpad. Then, generate the <state_snapshot>.", ""),
        ("Provide a detailed prompt for continuing our conversation above. Focus on information", "opencode"),
        ("Provide a detailed but concise summary of our conversation above. Focus on what matters.", "opencode"),
        (
            "The current conversation is rapidly running out of context. Now, your urgent task is to create a "
            "comprehensive detailed summary of the conversation so far.",
            "Cline",
        ),
        # What a person may ask, too.
        ("Give me a summary of our conversation", None),
        ("Provide a detailed summary of our conversation above.", None),
        ("Your task is to create a detailed summary of the report", None),
        ("What does 'Your task is to create a detailed summary of the conversation' do?", None),
        ("CRITICAL: Respond with TEXT ONLY. What is 2 + 2?", None),
        ("", None),
    ],
)
def test_agents_ask_for_summaries_in_their_own_words(text: str, agent: str | None) -> None:
    assert agent_that_asks(text) == agent


@pytest.mark.parametrize(
    ("message", "is_item"),
    [
        ({"type": "compaction", "encrypted_content": "abc"}, True),
        ({"id": "c", "type": "compaction_summary"}, True),
        ({"type": "context_compaction", "encrypted_content": None}, True),
        ({"role": "assistant", "content": [{"type": "compaction", "content": "We fixed it."}]}, True),
        ({"role": "user", "content": 'What is "type": "compaction"?'}, False),
        ({"role": "user", "content": [{"type": "text", "text": "x", "meta": {"type": "compaction"}}]}, False),
        ({"type": ["compaction"]}, False),
        (["compaction"], False),
    ],
)
def test_items_of_providers(message: Any, is_item: bool) -> None:
    assert is_compaction_item(json.dumps(message).encode()) is is_item
