"""What is computed from all requests of a session, each once for those that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sessions_app.content.composition import InTokens, in_tokens
from sessions_app.pricing.context_windows import context_window
from sessions_app.queries.kept import once
from sessions_app.queries.session import RequestLine, SessionLines, structure_of
from sessions_app.structure import timeline
from sessions_app.structure.cache_verdicts import CacheVerdict, verdicts
from sessions_app.structure.findings.facts import Finding, KnownSession
from sessions_app.structure.findings.rules import find_all
from sessions_app.structure.profiles import Profile, unpack
from sessions_app.structure.time_split import SlowRequest, TimeSplit, slow_requests, time_split
from sessions_app.structure.whole_prompts import WholePrompt, whole_prompts


def costs_of(lines: Sequence[RequestLine]) -> Sequence[Decimal | None]:
    """The cost so far at each request."""
    return once(lines, "costs", lambda: timeline.running_costs(line.cost for line in lines))


def start_of(lines: Sequence[RequestLine]) -> datetime | None:
    """When the first request began; None without requests."""
    return once(lines, "start", lambda: min(map(timeline.sane_start, lines), default=None))


def profiles_of(lines: Sequence[RequestLine]) -> Sequence[Profile | None]:
    return once(lines, "profiles", lambda: [unpack(line.profile) for line in lines])


def verdicts_of(lines: Sequence[RequestLine]) -> Sequence[CacheVerdict | None]:
    """What the prompt cache did for each request."""
    return once(lines, "verdicts", lambda: verdicts(lines, profiles_of(lines), structure_of(lines)))


def slow_of(lines: Sequence[RequestLine]) -> Mapping[int, SlowRequest]:
    """The requests that were slower than usual, by index."""
    return once(lines, "slow", lambda: slow_requests(lines))


def findings_of(lines: Sequence[RequestLine]) -> Sequence[Finding]:
    """What rules find, whatever was dismissed."""
    return once(lines, "findings", lambda: find_all(_known(lines)))


def _known(lines: Sequence[RequestLine]) -> KnownSession:
    windows: dict[tuple[str, str], int | None] = {}
    for line in lines:
        key = (line.provider, line.model)
        if key not in windows:
            windows[key] = context_window(*key)
    sizes = [windows[line.provider, line.model] for line in lines]
    return KnownSession(lines, profiles_of(lines), sizes, structure_of(lines))


def cost_of_finding(lines: Sequence[RequestLine], finding: Finding) -> Decimal | None:
    """What the requests of a finding cost, without the first of a repetition; None if no one's cost is known."""
    costs = [cost for index in finding.costly if (cost := lines[index].cost) is not None]
    return sum(costs, Decimal(0)) if costs else None


def time_of(lines: SessionLines, between: range) -> TimeSplit | None:
    """Where the time between two requests went; the last answer is kept."""
    requests = lines.requests
    return lines.derived.for_state(
        "split", between, lambda: time_split(requests, lines.steps, profiles_of(requests), lines.structure, between)
    )


def prompts_of(lines: Sequence[RequestLine]) -> Sequence[WholePrompt | None]:
    """What the prompts consist of, from the stored profiles."""
    return once(lines, "prompts", lambda: whole_prompts(lines, profiles_of(lines), structure_of(lines)))


def context_of(lines: Sequence[RequestLine], index: int) -> InTokens | None:
    """What filled the context of a request, in tokens; None if that is not known."""
    prompt = prompts_of(lines)[index]
    # Of a call that failed, providers report 0 tokens, whatever its prompt was.
    return in_tokens(prompt.chars, lines[index].input_tokens or None, prompt.is_whole) if prompt else None
