"""What a finding is, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from sessions_app.pages.html.components import joined, sentence
from sessions_app.pages.html.formats import NARROW_SPACE, exact, tokens
from sessions_app.pages.html.pieces import code
from sessions_app.pages.thread.wording import counted
from sessions_app.structure.findings import (
    cut_answers,
    failing_tools,
    full_context,
    large_results,
    read_again,
    repeated_calls,
    repeated_errors,
    withheld_answers,
)
from sessions_app.structure.findings.facts import Finding

TITLES = {
    repeated_calls.RULE: "Repeated calls",
    failing_tools.RULE: "Failing tool",
    repeated_errors.RULE: "Error retried unchanged",
    withheld_answers.RULE: "Answer withheld",
    cut_answers.RULE: "Cut answer used",
    full_context.RULE: "Context nearly full",
    large_results.RULE: "Large tool result",
    read_again.RULE: "Read again unchanged",
}
_NAME_CHARS = 80
_MOST_NAMED = 4

# The names of tools by their hashes.
Names = Mapping[int, str]


def title(finding: Finding) -> str:
    return TITLES[finding.rule]


def words(finding: Finding, names: Names) -> Markup:
    """What a rule found."""
    tools = _tools(finding.tools, names)
    count = exact(finding.count)
    match finding.rule:
        case repeated_calls.RULE if finding.size == 1:
            return sentence("{} was called {} times with the same arguments.", tools, count)
        case repeated_calls.RULE:
            return sentence(
                "{} calls came again with the same arguments, {} calls in all: {}.", exact(finding.size), count, tools
            )
        case failing_tools.RULE if finding.size < finding.count:
            return sentence(
                "{} failed {} times, up to {} in a row without a success.", tools, count, exact(finding.size)
            )
        case failing_tools.RULE:
            return sentence("{} failed {} times, without a success in between.", tools, count)
        case repeated_errors.RULE:
            status = sentence("HTTP {}: ", finding.size) if finding.size else ""
            return sentence("{}{} failed, and the same was sent again.", status, counted(finding.count, "attempt"))
        case withheld_answers.RULE:
            verb = "was" if finding.count == 1 else "were"
            return sentence("{} {} refused by the model or filtered.", counted(finding.count, "answer"), verb)
        case cut_answers.RULE:
            verb = "was" if finding.count == 1 else "were"
            return sentence("{} {} cut at the greatest length, and used.", counted(finding.count, "answer"), verb)
        case full_context.RULE:
            verb = "fills" if finding.count == 1 else "fill"
            share = f"{100 * full_context.NEAR:.0f}{NARROW_SPACE}%"
            return sentence(
                "{} {} at least {} of the context window of {}, {} tokens.",
                *(counted(finding.count, "request"), verb, share, code(finding.key), tokens(finding.size)),
            )
        case large_results.RULE:
            verb = "takes" if finding.count == 1 else "take"
            return sentence(
                "{} of {} {} more than a tenth of the context: up to about {} tokens.",
                *(counted(finding.count, "result"), tools, verb, tokens(finding.size)),
            )
    return sentence(
        "{} of {} came again unchanged: {} characters that were in the context already.",
        *(counted(finding.count, "result"), tools, exact(finding.size)),
    )


def _tools(tools: Sequence[int], names: Names) -> Markup:
    if not tools:
        return Markup("a tool")
    named = [code(names[tool][:_NAME_CHARS]) if names.get(tool) else Markup("a tool") for tool in tools]
    more = [f"{exact(len(named) - _MOST_NAMED)} more"] if len(named) > _MOST_NAMED else []
    return joined([*dict.fromkeys(named[:_MOST_NAMED]), *more], ", ")
