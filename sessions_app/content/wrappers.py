"""What a person wrote in a message of the user, without what a client put around it. For titles and previews.

Coding agents send their environment, rules and open files as messages of the user: as elements such as
`<environment_context>`, or under headings. They are told by their shape: an element with a name of several words.
"""

from __future__ import annotations

import re

from sessions_app.content.blocks import Message, RefusalBlock, TextBlock

# Elements whose content is what the user wrote.
_SAID = frozenset({"task", "feedback", "answer", "prompt", "question", "request"})
_SAID_NAMES = re.compile(r"user[_-]?(?:message|query|request|prompt|input|task|text|instruction)", re.IGNORECASE)
# Elements around it whose names are a single word.
_AROUND = frozenset({"instructions", "context", "attachments", "environment", "workspace", "rules", "memory", "cwd"})
_ELEMENT = re.compile(r"\s*<([A-Za-z][A-Za-z0-9]{0,40}(?:[_-][A-Za-z0-9]{1,40}){0,8})(?:\s[^<>]{0,500})?>")
_LATER_ELEMENT = re.compile(
    r"\n\s{0,100}(?=<[A-Za-z][A-Za-z0-9]{0,40}(?:[_-][A-Za-z0-9]{1,40}){1,8}(?:\s[^<>]{0,500})?>)"
)
_CAMEL = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+")
# A heading right before such an element belongs to it: "# AGENTS.md instructions for /app".
_HEADING = re.compile(r"\s{0,100}#{1,4} [^\n]{1,300}\n(?=\s{0,100}<)")
# Codex's editors put files under headings, and the user's words under the last one.
_LAST_HEADING = re.compile(r"\n#{1,3} My request for [^\n]{1,40}:[ \t]*(?=\n)")
_UNDER_HEADINGS = re.compile(
    r"\s{0,100}# (?:Context from my IDE setup|Files mentioned by the user|[A-Z][^\n]{1,80}):[ \t]*\n"
)
# Gemini CLI, and those made from it, begin a conversation with a message about the folder.
_SETUP = re.compile(r"\s{0,100}This is (?:the )?[^\n.]{0,60}\. We are setting up the context for our chat")
MOST_ELEMENTS = 40
# Commands and their output stand in the user's name. A title would tell nothing about them.
_COMMAND = re.compile(r"\s{0,100}<(?:local-)?command-[a-z]{1,20}>")


def said_by_user(message: Message) -> str:
    """The texts of a message without the wrappers around them; "" if it has nothing else."""
    said = [own_words(block.text) for block in message.blocks if isinstance(block, (TextBlock, RefusalBlock))]
    return "\n".join(filter(None, said))


def is_of_client(message: Message) -> bool:
    """Whether a message only tells of a command of the client."""
    first = message.blocks[0] if message.blocks else None
    return isinstance(first, TextBlock) and _COMMAND.match(first.text) is not None and not said_by_user(message)


def own_words(text: str) -> str:
    """A text without the elements before and after what its author wrote."""
    if "<" not in text and "#" not in text[:200]:
        return "" if _SETUP.match(text) else text
    for _ in range(MOST_ELEMENTS):
        text = _after_headings(text)
        found = _ELEMENT.match(text)
        end = text.find(f"</{found[1]}>", found.end()) if found else -1
        if found is None or end < 0:
            break
        inner, name = text[found.end() : end], found[1]
        if _is_said(name):
            if inner.strip():
                return inner
        elif not _is_wrapper(name):
            break
        text = text[end + len(name) + 3 :]
    return "" if not text.strip() or _SETUP.match(text) else _before_elements(text)


def _after_headings(text: str) -> str:
    if found := _HEADING.match(text):
        element = _ELEMENT.match(text, found.end())
        return text[found.end() :] if element and _is_wrapper(element[1]) else text
    if _UNDER_HEADINGS.match(text) and (last := _LAST_HEADING.search(text)):
        return text[last.end() :]
    return text


def _before_elements(text: str) -> str:
    """A text up to the first wrapper that follows on a line of its own."""
    for found in _LATER_ELEMENT.finditer(text):
        element = _ELEMENT.match(text, found.end())
        if element and text.find(f"</{element[1]}>", element.end()) >= 0 and text[: found.start()].strip():
            return text[: found.start()]
        break
    return text


def _is_said(name: str) -> bool:
    return name in _SAID or _SAID_NAMES.fullmatch(name) is not None


def _is_wrapper(name: str) -> bool:
    """Whether an element of this name is put around what a user writes; HTML has no such names."""
    return "_" in name or "-" in name or name.lower() in _AROUND or _CAMEL.fullmatch(name) is not None
