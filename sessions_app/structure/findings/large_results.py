"""A tool result takes more than a tenth of the context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sessions_app.content.composition import CLASSES, MEDIA
from sessions_app.structure.findings.facts import Finding, KnownSession
from sessions_app.structure.profiles import NewResult, Profile

RULE = "large_results"
TENTH = 0.1
# Without a known context window a tenth is one of the prompt, which must not be small.
LEAST_TOKENS = 10_000
_MEDIA = CLASSES.index(MEDIA)


def find(session: KnownSession) -> Iterator[Finding]:
    """One finding a tool. `count`: how many of its results; `size`: about how many tokens the largest has."""
    requests: dict[int, list[int]] = defaultdict(list)
    sizes: dict[int, list[int]] = defaultdict(list)
    for index, profile in enumerate(session.profiles):
        if profile is None or not profile.results:
            continue
        least = _least(session.windows[index], session.rows[index].input_tokens)
        for result in profile.results:
            tokens = _tokens(result, profile, session.rows[index].input_tokens)
            if least and tokens >= least:
                requests[result.tool].append(index)
                sizes[result.tool].append(tokens)
    for tool, indices in requests.items():
        evidence = tuple(dict.fromkeys(indices))
        yield Finding(RULE, f"{tool:08x}", evidence, evidence, len(indices), max(sizes[tool]), (tool,))


def _least(window: int | None, input_tokens: int | None) -> float:
    """From how many tokens on a result is large; 0 if that is not known."""
    if window:
        return TENTH * window
    return max(TENTH * input_tokens, LEAST_TOKENS) if input_tokens else 0


def _tokens(result: NewResult, profile: Profile, input_tokens: int | None) -> int:
    """About how many tokens a result has: its share of the characters. Media have tokens, too, but no characters."""
    total = sum(count for place, count in enumerate(profile.chars) if place != _MEDIA)
    if not input_tokens or not total or profile.chars[_MEDIA]:
        return 0
    return round(input_tokens * min(result.chars / total, 1))
