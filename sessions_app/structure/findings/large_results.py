"""A tool result takes more than a tenth of the context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sessions_app.content.composition import CLASSES, MEDIA
from sessions_app.structure.findings.facts import Finding, KnownSession

RULE = "large_results"
TENTH = 0.1
# Without a known context window a tenth is one of the prompt, which must not be small.
LEAST_TOKENS = 10_000
# They have tokens, but no characters: of a prompt with media the shares are not known.
_MEDIA = CLASSES.index(MEDIA)


def find(session: KnownSession) -> Iterator[Finding]:
    """One finding a tool. `count`: how many of its results; `size`: about how many tokens the largest has."""
    requests: dict[int, list[int]] = defaultdict(list)
    sizes: dict[int, list[int]] = defaultdict(list)
    for index, profile in enumerate(session.profiles):
        input_tokens = session.rows[index].input_tokens
        if profile is None or not profile.results or not input_tokens or profile.chars[_MEDIA]:
            continue
        least, total = _least(session.windows[index], input_tokens), sum(profile.chars)
        if input_tokens < least or not total:
            continue
        for result in profile.results:
            # Its share of the characters, of the tokens of the whole prompt.
            tokens = round(input_tokens * min(result.chars / total, 1))
            if tokens >= least:
                requests[result.tool].append(index)
                sizes[result.tool].append(tokens)
    for tool, indices in requests.items():
        evidence = tuple(dict.fromkeys(indices))
        yield Finding(RULE, f"{tool:08x}", evidence, evidence, len(indices), max(sizes[tool]), (tool,))


def _least(window: int | None, input_tokens: int) -> float:
    """From how many tokens on a result is large."""
    return TENTH * window if window else max(TENTH * input_tokens, LEAST_TOKENS)
