"""What rules say of a session and of its requests, for programs: the same that its page shows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sessions_app.content.blocks import ToolCallBlock
from sessions_app.content.documents import PartKind
from sessions_app.content.messages import read_message
from sessions_app.content.packed_digests import BUNDLE_DIGESTS, packed_count, unpack_digests
from sessions_app.queries.content import load_parts
from sessions_app.queries.derived import findings_of
from sessions_app.queries.session import (
    MOST_LINES,
    SessionFacts,
    SessionLines,
    find_session,
    load_all_lines,
    load_details,
)
from sessions_app.storage.dismissals import dismissed
from sessions_app.structure.findings.facts import Finding
from sessions_app.structure.profiles import name_hash

# The names of tools are looked for in the answers of so many requests, and in so many bytes of them.
MOST_READ, MOST_READ_BYTES = 100, 2_000_000
_MOST_OF_FINDING = 2


@dataclass(frozen=True)
class SessionInsights:
    """`lines`: the requests that were looked at, which are the first ones of a very long session. `dismissed_by`: who
    dismissed which findings, by rule and key.
    """

    project_id: int
    session: SessionFacts
    lines: SessionLines
    dismissed_by: Mapping[tuple[str, str], str]

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """Those that were not dismissed come first."""
        return sorted(findings_of(self.lines.requests), key=lambda one: (one.rule, one.key) in self.dismissed_by)

    @cached_property
    def places(self) -> Mapping[uuid.UUID, int]:
        """The index of each request."""
        return {line.id: index for index, line in enumerate(self.lines.requests)}

    @cached_property
    def findings_at(self) -> Mapping[int, Sequence[Finding]]:
        """The findings that a request shows, by its index."""
        found: dict[int, list[Finding]] = {}
        for finding in self.findings:
            for index in finding.evidence:
                found.setdefault(index, []).append(finding)
        return found


def insights_of(project_id: int, session_id: uuid.UUID) -> SessionInsights | None:
    """At most three statements, whatever the length; None if the session is gone."""
    session = find_session(project_id, session_id)
    if session is None:
        return None
    lines = load_all_lines(session, MOST_LINES)
    found = findings_of(lines.requests)
    return SessionInsights(project_id, session, lines, dismissed(project_id, session_id) if found else {})


# --- the names of tools ----------------------------------------------------------------------------------------------


def tool_names(session: SessionFacts, lines: SessionLines, findings: Sequence[Finding]) -> dict[int, str]:
    """The names of the tools of findings, by their hashes: a profile has only these. At most two statements, to read
    what called them. A name that was not found is left out.
    """
    wanted = {tool for finding in findings for tool in finding.tools}
    found = _named(_names_in_lines(lines), wanted) if wanted else {}
    missing = [finding for finding in findings if not found.keys() >= set(finding.tools)]
    return found | _named(_names_called(session, lines, missing), wanted - found.keys()) if missing else found


def _named(names: Iterator[str], wanted: set[int]) -> dict[int, str]:
    return {hashed: name for name in names if (hashed := name_hash(name)) in wanted}


def _names_in_lines(lines: SessionLines) -> Iterator[str]:
    for line in lines.requests:
        yield from line.failed_tools
    yield from (step.tool_name for step in lines.steps if step.tool_name)


def _names_called(session: SessionFacts, lines: SessionLines, findings: Sequence[Finding]) -> Iterator[str]:
    """The tools that were called in the answers of these findings' requests, and of those that they continue."""
    continues = lines.structure.continues
    indices: dict[int, None] = {}
    for finding in findings:
        for index in finding.evidence[:_MOST_OF_FINDING]:
            before = continues[index]
            indices |= dict.fromkeys([index] if before is None else [index, before])
    chosen = [lines.requests[index] for index in list(indices)[:MOST_READ]]
    answers = [one.output_parts for one in load_details(session, chosen).values()]
    # An answer of more items is in bundles, which would have to be read, too.
    digests = [
        digest for packed in answers if packed_count(packed) < BUNDLE_DIGESTS for digest in unpack_digests(packed, {})
    ]
    for part in load_parts(session.id, session.buckets, digests, budget=MOST_READ_BYTES).values():
        if part.kind is PartKind.MESSAGE and part.content is not None:
            blocks = read_message(part.content, "assistant").blocks
            yield from (block.name for block in blocks if isinstance(block, ToolCallBlock) and block.name)
