"""Recognises messages that stand for a history: summaries of agents, and what providers put in the place of one.

OpenAI (`/responses/compact` and compaction items), Anthropic's compaction blocks, Codex, Claude Code, Gemini CLI, Qwen
Code, Cline and opencode were looked at.
"""

from __future__ import annotations

import re
from typing import Any

from sessions_app.content.json_bytes import DocumentError, loads

CLIENT, PROVIDER = "the client", "the provider"
_ITEMS = frozenset({"compaction", "compaction_summary", "context_compaction"})
_ITEM = re.compile(rb'"type"\s*:\s*"(?:compaction|compaction_summary|context_compaction)"')
_MOST_BLOCKS = 200
# Shorter contents and ids may be the same in two conversations.
_UNIQUE_CHARS = 16
# How summaries begin. Those of the first three are sentences of Claude Code and of Codex.
_CONTINUED = r"This session is being continued from a previous conversation"
_HANDED_OVER = r"Another language model started to solve this problem"
_GIVEN = r"You were originally given instructions from a user over one or more turns"
SUMMARY_TAGS = r"state_snapshot|conversation_summary|context_summary|compacted_context|compaction_summary"
_HEADING = r"\[?(?:Conversation|Context) (?:summary|compacted)"
# The same with what may stand before them, and which agent writes so.
_BEGINNINGS = (
    ("Claude Code", re.compile(_CONTINUED, re.IGNORECASE)),
    ("Codex", re.compile(_HANDED_OVER, re.IGNORECASE)),
    ("Codex", re.compile(_GIVEN, re.IGNORECASE)),
    ("", re.compile(rf"<(?:{SUMMARY_TAGS})>")),
    # Within HTML that a person wrote, it stands in <details>.
    ("", re.compile(r"\A\s*<summary>")),
    ("", re.compile(rf"{_HEADING}\b", re.IGNORECASE)),
    (
        "",
        re.compile(
            r"(?:This is|Here is|Below is) a summary of (?:the|our) (?:previous )?(?:conversation|chat|work|history)",
            re.IGNORECASE,
        ),
    ),
)
# Each of them has one of these words, whose letters no other characters stand for.
_SIGNS = ("from a prev", "another language", "you were or", "<", " summar", " compacted")
_SEARCHED_CHARS = 2_000
# The beginnings of a line that may be a title. The SQL function `is_summary` has them, too: a change needs a migration.
_LINE = re.compile(rf"{_CONTINUED}|{_HANDED_OVER}|{_GIVEN}|<(?:{SUMMARY_TAGS}|summary)>|{_HEADING}")
# How agents ask the model for such a summary, in the user's name: what the instruction begins with.
_INSTRUCTIONS = (
    (
        "Claude Code",
        r"(?:CRITICAL: Respond with TEXT ONLY\b.{0,1000}?\n\s*)?"
        r"Your task is to create a detailed summary of the (?:RECENT portion of the )?conversation\b",
    ),
    ("Codex", r"You are performing a CONTEXT CHECKPOINT COMPACTION\b"),
    ("", r"First, reason in your scratchpad\. Then, generate the <state_snapshot>"),
    ("Cline", r"The current conversation is rapidly running out of context\. Now, your urgent task is to create\b"),
    (
        "opencode",
        r"Provide a detailed (?:but concise summary of|prompt for continuing) our conversation above\. Focus on\b",
    ),
)
_INSTRUCTION = re.compile(r"\s{0,100}(?:" + "|".join(f"({pattern})" for _, pattern in _INSTRUCTIONS) + ")", re.DOTALL)


def is_compaction_item(raw: bytes) -> bool:
    """Whether a message is, or has, the item that a provider puts in the place of a history."""
    if not _ITEM.search(raw):
        return False
    try:
        value = loads(raw)
    except (DocumentError, RecursionError):
        return False
    content = value.get("content") if isinstance(value, dict) else None
    blocks = content[:_MOST_BLOCKS] if isinstance(content, list) else []
    return _is_item(value) or any(map(_is_item, blocks))


def unique_text(item: Any) -> str:
    """The content, else the id, of an item that a provider puts in the place of a history; "" for others."""
    if not _is_item(item):
        return ""
    values = (item.get(name) for name in ("encrypted_content", "content", "summary", "id"))
    return next((value for value in values if isinstance(value, str) and len(value) >= _UNIQUE_CHARS), "")


def words_of_item(item: Any) -> str | None:
    """The summary that a provider put in the place of a history, "" if it is encrypted; None for anything else."""
    if not _is_item(item):
        return None
    found = next((item[name] for name in ("content", "summary", "text") if item.get(name)), "")
    texts = [found] if isinstance(found, (str, dict)) else found if isinstance(found, list) else []
    words = [text.get("text") if isinstance(text, dict) else text for text in texts[:_MOST_BLOCKS]]
    return "\n\n".join(text for text in words if isinstance(text, str))


def _is_item(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str) and value["type"] in _ITEMS


def agent_of_summary(text: str) -> str | None:
    """The agent whose summaries begin like this text, "" if several write so; None if it is no such summary."""
    beginning = text[:_SEARCHED_CHARS]
    # Nearly all texts are none, and a page asks of thousands.
    folded = beginning.casefold()
    for sign in _SIGNS:
        if sign in folded:
            break
    else:
        return None
    for agent, pattern in _BEGINNINGS:
        if (found := pattern.search(beginning)) and _stands_first(beginning[: found.start()]):
            return agent
    return None


def is_summary_line(line: str) -> bool:
    """Whether a line begins as such a summary."""
    return _LINE.match(line) is not None


def agent_that_asks(text: str) -> str | None:
    """The agent that asks for a summary of its conversation with a text like this, "" if several do; else None."""
    found = _INSTRUCTION.match(text[:_SEARCHED_CHARS])
    return _INSTRUCTIONS[found.lastindex - 1][0] if found and found.lastindex else None


def _stands_first(before: str) -> bool:
    """Whether only a heading or the like is before it: a person may quote a summary."""
    return not before.strip() or (len(before) < 200 and before.rstrip()[-1:] in (":", ">", "#", "*"))
