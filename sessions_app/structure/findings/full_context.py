"""The context is near its limit: a request's input takes nearly all of its model's context window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sessions_app.structure.findings.facts import Finding, KnownSession

RULE = "full_context"
NEAR = 0.9


def find(session: KnownSession) -> Iterator[Finding]:
    """One finding a model. `count`: how many requests; `size`: the window. A model without a known window has none."""
    found: dict[str, list[int]] = defaultdict(list)
    for index, (row, window) in enumerate(zip(session.rows, session.windows, strict=True)):
        if window and row.input_tokens and row.input_tokens >= NEAR * window:
            found[row.model].append(index)
    for model, indices in found.items():
        evidence = tuple(indices)
        yield Finding(RULE, model[:64], evidence, evidence, len(evidence), session.windows[indices[0]] or 0)
