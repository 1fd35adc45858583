"""Find the marks that senders leave in a text where they cut something out or hid it. Plain Python.

Each mark tells who left it, how to switch that off, and mostly how much is missing. Known are the marks of LiteLLM
1.106.2 (and their older forms) and of Claude Code's telemetry (2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BASE64 = "encoded media"
DEPTH = "nested values"
REDACTED = "redacted text"
MIDDLE = "middle of a text"
END = "end of a text"
MASKED = "masked text"


@dataclass(frozen=True, slots=True)
class Cut:
    """One mark: where it stands (`text[start:end]`) and of what kind it is (`what`).

    `sentence` and `switch_off` are for the page: who left out what, and how to receive it next time.
    """

    start: int
    end: int
    what: str
    sentence: str
    switch_off: str


def find_cuts(text: str) -> list[Cut]:
    """All marks in a text, in order. A text without marks costs one search for each kind of mark."""
    found = [cut for signs, find in _FINDERS if any(sign in text for sign in signs) for cut in find(text)]
    return sorted(found, key=lambda cut: cut.start)


# --- LiteLLM --------------------------------------------------------------------------------------------------------

_BASE64_MARK = re.compile(r"\[base64_data truncated: (\d{1,12}(?:\.\d{1,3})?)(B|KB|MB|GB)\]")
# The note after the number contains one pair of brackets: "(OTEL, Datadog, etc.)".
_MIDDLE_MARK = re.compile(
    r"\.\.\. \(litellm_truncated(?: skipped)? (\d{1,15}) chars(?:[^()]{0,400}(?:\([^()]{0,100}\)[^()]{0,300})?)\)"
    r"(?: ?\.\.\.)?"
)
# These marks replace whole values. Inside a sentence they are just words.
_REDACTED_MARK = re.compile(
    r'\A(?:redacted-by-litellm|REDACTED_BY_LITELL?M)\Z|"(?:redacted-by-litellm|REDACTED_BY_LITELL?M)"'
)
_DEPTH_MARK = re.compile(r'\AMaxDepthExceeded\Z|"MaxDepthExceeded"')
_MASK = re.compile(r"\[([A-Z][A-Z0-9_]{0,60})_REDACTED\]")


def _base64(text: str) -> Iterator[Cut]:
    for match in _BASE64_MARK.finditer(text):
        if not _stands_for_data(text, match.start(), match.end()):
            continue
        yield Cut(
            match.start(),
            match.end(),
            BASE64,
            f"LiteLLM left out about {match[1]} {match[2]} of encoded media here.",
            "Set MAX_BASE64_LENGTH_FOR_LOGGING=0 in the environment of the LiteLLM proxy.",
        )


def _stands_for_data(text: str, start: int, end: int) -> bool:
    """Whether a mark stands where base64 was: in a data URL, or as a whole value. Elsewhere somebody speaks of it."""
    if text.startswith("base64,", max(start - len("base64,"), 0)) and start:
        return True
    is_quoted = text[start - 1 : start] == '"' and text[end : end + 1] in ('"', "\\")
    return is_quoted or (not text[:start].strip() and not text[end:].strip())


def _middle(text: str) -> Iterator[Cut]:
    for match in _MIDDLE_MARK.finditer(text):
        count = int(match[1])
        setting = "MAX_STRING_LENGTH_PROMPT_IN_DB"
        if "MAX_STRING_LENGTH_STDOUT_LOG" in match[0]:
            setting = "MAX_STRING_LENGTH_STDOUT_LOG"
        yield Cut(
            match.start(),
            match.end(),
            MIDDLE,
            f"LiteLLM left out {count:,} characters here when it stored its own log.",
            f"Raise {setting} in the environment of the LiteLLM proxy, or log through its generic_api callback, "
            "which sends whole texts.",
        )


def _redacted(text: str) -> Iterator[Cut]:
    for match in _REDACTED_MARK.finditer(text):
        yield Cut(
            match.start(),
            match.end(),
            REDACTED,
            "LiteLLM redacted this text before it logged it.",
            "The proxy has turn_off_message_logging set, or the request asked for it "
            "(header x-litellm-enable-message-redaction).",
        )


def _depth(text: str) -> Iterator[Cut]:
    for match in _DEPTH_MARK.finditer(text):
        yield Cut(
            match.start(),
            match.end(),
            DEPTH,
            "LiteLLM left out what is nested deeper than 100 levels.",
            "Raise DEFAULT_MAX_RECURSE_DEPTH in the environment of the LiteLLM proxy.",
        )


def _masked(text: str) -> Iterator[Cut]:
    for match in _MASK.finditer(text):
        label = match[1].lower().replace("_", " ")
        yield Cut(
            match.start(),
            match.end(),
            MASKED,
            f"A guardrail masked this ({label}); LiteLLM's content filter writes such masks.",
            "The mask was set before the model saw the text: change the guardrail's action to keep it.",
        )


# --- Claude Code ----------------------------------------------------------------------------------------------------

_LONG_MARK = "[TRUNCATED - Content exceeds 60KB limit]"
_HIDDEN_MARK = "<REDACTED>"


def _too_long(text: str) -> Iterator[Cut]:
    for match in re.finditer(re.escape(_LONG_MARK), text):
        yield Cut(
            match.start(),
            match.end(),
            END,
            "Claude Code cut this text off at 60 KB. It does not say how long the text was.",
            "Let Claude Code write bodies to files: OTEL_LOG_RAW_API_BODIES=file:<folder>.",
        )


def _hidden(text: str) -> Iterator[Cut]:
    # Only a whole value is a mark. Inside a text anybody may have written it.
    if text.strip() == _HIDDEN_MARK:
        start = text.index(_HIDDEN_MARK)
        yield Cut(
            start,
            start + len(_HIDDEN_MARK),
            REDACTED,
            "The sender hid this text. Claude Code hides prompts and thinking like this.",
            "For prompts: OTEL_LOG_USER_PROMPTS=1 in Claude Code's environment. Thinking stays hidden.",
        )


# A finder is only called for a text that contains one of its signs.
_FINDERS: tuple[tuple[tuple[str, ...], Callable[[str], Iterator[Cut]]], ...] = (
    (("[base64_data truncated: ",), _base64),
    (("(litellm_truncated",), _middle),
    (("redacted-by-litellm", "REDACTED_BY_LITEL"), _redacted),
    (("MaxDepthExceeded",), _depth),
    (("_REDACTED]",), _masked),
    ((_LONG_MARK,), _too_long),
    ((_HIDDEN_MARK,), _hidden),
)
