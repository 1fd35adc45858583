"""Where the user said something new, to the main agent or to a sub-agent, in the order of a view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sessions_app.pages.session.outline_tree import PromptsSaid, agent_of, summaries_of
from sessions_app.pages.session.view import View


def new_prompts(shown: View, order: Iterable[int], start: int) -> Mapping[int, str]:
    """By the index of a request, what the user said with it for the first time. `start`: where the page begins."""
    lines = shown.lines.requests
    summaries = summaries_of(lines)
    said = PromptsSaid(lines)
    found: dict[int, str] = {}
    # What was said before the page is not new on it.
    before = [index for index in range(start) if index not in summaries]
    for index in before:
        said.note(index, agent_of(shown.runs, index))
    for index in order:
        if index not in summaries and said.note(index, agent_of(shown.runs, index)):
            found[index] = lines[index].input_preview
    return found
