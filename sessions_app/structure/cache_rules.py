"""What providers document of their prompt caches: how long a prompt must be, and how long it is kept. Plain Python.

Documentation changes: each rule names the provider's page, and until when it is known to hold. Some of it was taken
from what others wrote of these pages. Where they disagree, the lower minimum and the longer lifetime stand here, so
that less is claimed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

_MINUTES, _HOURS = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CacheRule:
    """`minimum`: from so many tokens on a prompt is cached. `lives`: after so much idle time it may be gone; None if
    that is not documented. `lifetime`: the same in words. `is_asked_for`: only what a request marks is cached.
    `caches`: whether the model caches at all.
    """

    minimum: int
    lives: timedelta | None
    lifetime: str
    source: str
    known_on: str
    is_asked_for: bool = False
    caches: bool = True


_ANTHROPIC = "https://platform.claude.com/docs/en/build-with-claude/prompt-caching"
_OPENAI = "https://developers.openai.com/docs/guides/prompt-caching"
_GOOGLE = "https://ai.google.dev/gemini-api/docs/caching"
_DEEPSEEK = "https://api-docs.deepseek.com/guides/kv_cache"
_KNOWN_ON = "2026-11-28"


def _claude(minimum: int) -> CacheRule:
    words = "5 minutes after the last use, or an hour if a request asks for it"
    return CacheRule(minimum, 5 * _MINUTES, words, _ANTHROPIC, _KNOWN_ON, is_asked_for=True)


def _openai(lives: timedelta, lifetime: str) -> CacheRule:
    return CacheRule(1_024, lives, lifetime, _OPENAI, _KNOWN_ON)


_SHORT = _openai(10 * _MINUTES, "5 to 10 minutes after the last use, up to an hour; 24 hours if a request asks for it")
_LONG = _openai(24 * _HOURS, "up to 24 hours")
_NEVER = CacheRule(0, None, "", _OPENAI, _KNOWN_ON, caches=False)
_GEMINI = "not documented"

# The first pattern that is found in a model's name says what holds.
_RULES: tuple[tuple[str, CacheRule], ...] = (
    (r"claude.*(opus-4[-.]?[56]|haiku-4[-.]?5)", _claude(4_096)),
    (r"claude.*(opus-4[-.]?7|3[-.]5-haiku|haiku-3|3-haiku)", _claude(2_048)),
    (r"claude.*(sonnet|opus)-?[34]|claude-[123](?!\d)", _claude(1_024)),
    (r"claude", _claude(512)),
    (r"(^|/)(gpt-3|gpt-4(?!o|\.|-1))", _NEVER),
    (r"(^|/)(gpt-4|gpt-5(?!\.?[5-9])|o[1345](?!\d)|chatgpt-4|codex)", _SHORT),
    (r"(^|/)(gpt-[5-9])", _LONG),
    (r"gemini-2[-.]5", CacheRule(2_048, None, _GEMINI, _GOOGLE, _KNOWN_ON)),
    (r"gemini-[34]", CacheRule(4_096, None, _GEMINI, _GOOGLE, _KNOWN_ON)),
    (r"deepseek", CacheRule(64, None, "hours to days", _DEEPSEEK, _KNOWN_ON)),
)
_COMPILED = tuple((re.compile(pattern), rule) for pattern, rule in _RULES)
_NAME_CHARS = 200


@lru_cache(maxsize=1_000)
def cache_rule(model: str) -> CacheRule | None:
    """What is documented of the prompt cache of a model, its name as it was logged; None if we know nothing."""
    name = model[:_NAME_CHARS].lower()
    return next((rule for pattern, rule in _COMPILED if pattern.search(name)), None)
