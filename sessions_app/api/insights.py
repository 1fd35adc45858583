"""What rules say of a session and of its requests, as answers have it: the same that the pages show."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sessions_app.api.serializers.insights import RequestInsightsSerializer, SessionInsightsSerializer
from sessions_app.content.composition import CLASSES, MEDIA
from sessions_app.queries.cache_losses import CauseLoss, cache_losses
from sessions_app.queries.derived import context_of, cost_of_finding, prompts_of, slow_of, time_of, verdicts_of
from sessions_app.queries.insights import SessionInsights, tool_names
from sessions_app.queries.session import RequestLine
from sessions_app.structure.cache_verdicts import DOCUMENTED, CacheVerdict
from sessions_app.structure.findings.facts import Finding
from sessions_app.structure.time_split import seconds_to_first_token, speed_of
from sessions_app.structure.timeline import duration

# So many findings are listed, and requests of each; the others are counted.
MOST_FINDINGS, MOST_REQUESTS = 500, 100


# --- of a session -----------------------------------------------------------------------------------------------------


def session_insights(found: SessionInsights, between: range | None = None) -> dict[str, Any]:
    """What rules say of a session. `between`: the indices of the requests whose time counts; None: of all."""
    lines = found.lines.requests
    facts = {
        "session_id": found.session.id,
        "request_count": found.session.request_count,
        "looked_at": len(lines),
        "findings": list(_findings(found)),
        "more_findings": max(len(found.findings) - MOST_FINDINGS, 0),
        "prompt_cache": _cache(found),
        "time": _time(found, range(len(lines)) if between is None else between),
    }
    return SessionInsightsSerializer.shared().to_representation(facts)


def _findings(found: SessionInsights) -> Iterator[dict[str, Any]]:
    lines, listed = found.lines.requests, found.findings[:MOST_FINDINGS]
    names = tool_names(found.session, found.lines, listed)
    total = sum((line.cost for line in lines if line.cost), Decimal(0))
    for one in listed:
        cost = cost_of_finding(lines, one)
        yield {
            "rule": one.rule,
            "key": one.key,
            **_requests(one.evidence),
            "count": one.count,
            "size": one.size,
            "tools": [names[tool] for tool in one.tools if tool in names],
            "cost": cost,
            "cost_share": _rounded(cost / total) if cost is not None and total else None,
            "dismissed_by": _dismissed_by(found, one),
        }


def _dismissed_by(found: SessionInsights, finding: Finding) -> str | None:
    return found.dismissed_by.get((finding.rule, finding.key))


def _requests(indices: Any) -> dict[str, Any]:
    """The numbers of requests, and how many are not named."""
    named = [index + 1 for index in indices[:MOST_REQUESTS]]
    return {"requests": named, "more_requests": len(indices) - len(named)}


def _cache(found: SessionInsights) -> dict[str, Any] | None:
    losses = cache_losses(found.project_id, found.lines.requests)
    if losses is None:
        return None
    return {
        "hits": losses.hits,
        "partly": losses.partly,
        "misses": losses.misses,
        "could_not_hit": losses.no_loss,
        "lost_tokens": losses.lost,
        "lost_cost": losses.cost,
        "unpriced": losses.unpriced,
        "by_cause": [_cause(one) for one in losses.by_cause],
    }


def _cause(one: CauseLoss) -> dict[str, Any]:
    facts = {"causes": one.causes, "lost": one.counts, "at_most": one.is_at_most, "tokens": one.lost, "cost": one.cost}
    return facts | _requests(one.requests)


def _time(found: SessionInsights, between: range) -> dict[str, Any] | None:
    split = time_of(found.lines, between)
    if split is None or not split.wall:
        return None
    parts = [
        {"kind": kind, "ms": _milliseconds(length), "share": _rounded(length / split.wall)}
        for kind, length in split.parts.items()
    ]
    return {
        "since": between.start + 1,
        "until": between.stop,
        "wall_ms": _milliseconds(split.wall),
        "parts": parts,
        "first_token_ms": _milliseconds(split.first_token),
        "tokens_per_second": _rounded(split.speed),
        "unknown_requests": split.unknown,
        "slow_requests": sorted(index + 1 for index in slow_of(found.lines.requests) if index in between),
    }


# --- of a request -----------------------------------------------------------------------------------------------------


def request_insights(found: SessionInsights | None, log_id: uuid.UUID) -> dict[str, Any] | None:
    """What rules say of a request; None for a step, a second report of a call, or one that was not looked at."""
    index = found.places.get(log_id) if found else None
    if found is None or index is None:
        return None
    lines = found.lines.requests
    shown = found.findings_at.get(index, ())
    facts = {
        "number": index + 1,
        "context": _context(lines, index),
        "prompt_cache": _verdict(verdicts_of(lines)[index]),
        "findings": [
            {"rule": one.rule, "key": one.key, "dismissed": _dismissed_by(found, one) is not None} for one in shown
        ],
        "time": _time_of_request(found, index),
    }
    return RequestInsightsSerializer.shared().to_representation(facts)


def _context(lines: Sequence[RequestLine], index: int) -> dict[str, Any] | None:
    """What filled the context, by class; those that the prompt does not have are left out."""
    prompt = prompts_of(lines)[index]
    if prompt is None or not any(prompt.chars):
        return None
    known = context_of(lines, index)
    classes = []
    for place, (kind, amount) in enumerate(zip(CLASSES, prompt.chars, strict=True)):
        if amount:
            tokens = known.tokens[place] if known and kind != MEDIA else None
            chars, items = (None, amount) if kind == MEDIA else (amount, None)
            classes.append({"class": kind, "chars": chars, "count": items, "tokens": tokens})
    scaled = known.is_scaled if known else None
    return {"classes": classes, "unknown_tokens": known.unknown if known else None, "scaled": scaled}


def _verdict(verdict: CacheVerdict | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    rule = verdict.rule if not DOCUMENTED.isdisjoint(verdict.causes) else None
    return {
        "verdict": verdict.kind,
        "base": verdict.base + 1,
        "repeated_tokens": verdict.prefix,
        "cached_tokens": verdict.cached,
        "lost": verdict.counts,
        "at_most": verdict.is_at_most,
        "causes": verdict.causes,
        "idle_ms": _milliseconds(verdict.idle),
        "documented_at": rule.source if rule else "",
    }


def _time_of_request(found: SessionInsights, index: int) -> dict[str, Any]:
    line, slow = found.lines.requests[index], slow_of(found.lines.requests).get(index)
    first = seconds_to_first_token(line)
    return {
        "duration_ms": _milliseconds(duration(line)),
        "first_token_ms": None if first is None else round(first * 1000, 3),
        "tokens_per_second": _rounded(speed_of(line)),
        "usual_tokens_per_second": _rounded((line.output_tokens or 0) / slow.usual.total_seconds()) if slow else None,
    }


def _milliseconds(length: timedelta | None) -> float | None:
    return None if length is None else round(length / timedelta(milliseconds=1), 3)


def _rounded(number: float | Decimal | None) -> float | None:
    """Four digits that mean something."""
    return None if number is None else float(f"{number:.4g}")
