"""The names of tools that findings are about: a profile has only hashes, and a page has read where the names are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sessions_app.content.blocks import ToolCallBlock
from sessions_app.content.documents import PartKind
from sessions_app.pages.html.tool_definitions import names_of
from sessions_app.queries.session import SessionLines
from sessions_app.queries.window import Window
from sessions_app.structure.findings.facts import Finding
from sessions_app.structure.profiles import name_hash


def names_for(findings: Iterable[Finding], lines: SessionLines, window: Window) -> dict[int, str]:
    """The names of the tools of these findings by their hashes, as far as a page knows them."""
    wanted = {tool for finding in findings for tool in finding.tools}
    found: dict[int, str] = {}
    for name in _names(lines, window) if wanted else ():
        if (hashed := name_hash(name)) in wanted:
            found[hashed] = name
            if len(found) == len(wanted):
                break
    return found


def _names(lines: SessionLines, window: Window) -> Iterator[str]:
    """Names of tools, those that are had for less first. `window`: its messages are those that were written."""
    for line in lines.requests:
        yield from line.failed_tools
    yield from {step.tool_name for step in lines.steps if step.tool_name}
    for message, _ in window.messages.values():
        yield from (block.name for block in message.blocks if isinstance(block, ToolCallBlock))
    for part in window.parts.values():
        if part.kind is PartKind.TOOL:
            yield from names_of(part)
