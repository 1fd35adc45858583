"""Where the user said something new, to the main agent or to a sub-agent, in the order of a view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sessions_app.pages.session.outline_tree import PROMPT_CHARS, summaries_of
from sessions_app.pages.session.view import View

MAIN = -1


def agent_of(shown: View, index: int) -> int:
    """The first request of the run that a request is in; MAIN outside of runs."""
    around = shown.runs.around(index) if shown.runs else []
    return around[-1].first if around else MAIN


def new_prompts(shown: View, order: Iterable[int], start: int) -> Mapping[int, str]:
    """By the index of a request, what the user said with it for the first time. `start`: where the page begins."""
    lines = shown.lines.requests
    summaries = summaries_of(lines)
    said: dict[int, str] = {}
    # What was said before the page is not new on it.
    for index in range(start):
        if (text := lines[index].input_preview[:PROMPT_CHARS]) and index not in summaries:
            said[agent_of(shown, index)] = text
    found: dict[int, str] = {}
    for index in order:
        text, agent = lines[index].input_preview, agent_of(shown, index)
        if text and text[:PROMPT_CHARS] != said.get(agent) and index not in summaries:
            found[index] = text
            said[agent] = text[:PROMPT_CHARS]
    return found
