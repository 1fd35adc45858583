"""Loads everything that a model saw for one request, in order: two statements, one more for a history elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessions_app.content.compression import decompress
from sessions_app.content.documents import PartKind, join
from sessions_app.content.packed_digests import packed_count
from sessions_app.models import RequestLog
from sessions_app.queries.content import MAX_PAGE_BYTES, StoredPart, load_bundles, load_parts
from sessions_app.queries.session import RequestLine, SessionFacts, load_details
from sessions_app.queries.window import MOST_CONTEXT
from sessions_app.records import RULE_PREVIOUS_RESPONSE, Documents
from sessions_app.structure.histories import PackedLists
from sessions_app.structure.timeline import Structure
from sessions_app.wire import documents_of

# A history that the provider keeps is put together from so many earlier requests.
MOST_EARLIER = 300
ALL_BYTES = 2**40


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A part of a prompt: a system prompt, a tool definition or a message. `role`: that of a message without one.

    `owner`: the index of the request whose log has it.
    """

    stored: StoredPart
    role: str
    owner: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model saw, in order. `answer`: what it answered then.

    `earlier`: the requests whose messages come before, because the request only names the response that it goes on
    from. `has_history`: nothing of that is missing. `unread`: how many values beside the messages were not looked at.
    """

    parts: Sequence[PromptPart]
    answer: Sequence[StoredPart]
    earlier: Sequence[int]
    has_history: bool
    parameters: Mapping[str, Any] = field(default_factory=dict)
    is_withheld: bool = False
    unread: int = 0


def load_prompt(
    session: SessionFacts,
    lines: Sequence[RequestLine],
    index: int,
    log: RequestLog,
    structure: Structure,
    most_bytes: int = MAX_PAGE_BYTES,
) -> Prompt:
    """The prompt of a request. Parts beyond `most_bytes` come without content, the largest ones first."""
    earlier, has_history = earlier_requests(lines, index, structure)
    details = load_details(session, [lines[one] for one in earlier]) if earlier else {}
    known = [one for one in earlier if lines[one].id in details]
    own = [bytes(packed) for packed in (log.context_parts, log.input_parts, log.output_parts)]
    before = [(one, details[lines[one].id]) for one in known]
    packed = [*own, *(part for _, detail in before for part in (detail.input_parts, detail.output_parts))]
    lists = PackedLists(load_bundles(session.id, session.buckets, packed))
    beside, sent, answered = lists.digests(own[0], 0, MOST_CONTEXT), lists.digests(own[1]), lists.digests(own[2])
    messages = [(digest, "user", index) for digest in sent]
    history = [
        (digest, role, one)
        for one, detail in before
        for part_list, role in ((detail.input_parts, "user"), (detail.output_parts, "assistant"))
        for digest in lists.digests(part_list)
    ]
    wanted = [*beside, *answered, *(digest for digest, _, _ in (*history, *messages))]
    stored = load_parts(session.id, session.buckets, wanted, budget=most_bytes)
    documents = _small_documents(log, beside, stored)
    return Prompt(
        parts=[*_beside(beside, stored, index), *_messages([*history, *messages], stored)],
        answer=[stored[digest] for digest in answered if digest in stored],
        earlier=known,
        has_history=has_history and len(known) == len(earlier),
        parameters=documents.parameters if documents else {},
        is_withheld=documents is not None and documents.is_input_withheld,
        unread=max(packed_count(own[0]) - MOST_CONTEXT, 0),
    )


def earlier_requests(lines: Sequence[RequestLine], index: int, structure: Structure) -> tuple[list[int], bool]:
    """The requests that a request goes on from by the ids of their responses, in order; and whether these are all."""
    found: list[int] = []
    while lines[index].previous is not None:
        parent = structure.parents[index]
        if parent is None or parent.rule != RULE_PREVIOUS_RESPONSE or len(found) == MOST_EARLIER:
            return found[::-1], False
        index = parent.index
        found.append(index)
    return found[::-1], True


def _beside(digests: Sequence[bytes], stored: Mapping[bytes, StoredPart], index: int) -> Iterator[PromptPart]:
    """System prompts, then tools. Other values beside the messages are no part of the prompt, or not known to be."""
    parts = [stored[digest] for digest in digests if digest in stored]
    for kind in (PartKind.SYSTEM, PartKind.TOOL):
        yield from (PromptPart(part, "system", index) for part in parts if part.kind is kind)


def _messages(places: Sequence[tuple[bytes, str, int]], stored: Mapping[bytes, StoredPart]) -> Iterator[PromptPart]:
    for digest, role, owner in places:
        if digest in stored:
            yield PromptPart(stored[digest], role, owner)


def _small_documents(log: RequestLog, beside: Sequence[bytes], stored: Mapping[bytes, StoredPart]) -> Documents | None:
    """The documents of a log without its messages and tools: what refers to something elsewhere is small. None if they
    cannot be read like this.
    """
    counts = [packed_count(bytes(packed)) for packed in (log.input_parts, log.output_parts, log.context_parts)]
    sent, answered, context = ([b"null"] * count for count in counts)
    for place, digest in enumerate(beside):
        part = stored.get(digest)
        if part and part.kind is PartKind.UNREAD and part.content is not None:
            context[place] = part.content
    try:
        return documents_of(log.source, join(decompress(log.skeleton), sent, answered, context))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
