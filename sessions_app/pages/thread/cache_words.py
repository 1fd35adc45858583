"""What the prompt cache did for a request, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sessions_app.content.documents import PartKind
from sessions_app.pages.html.components import joined, sentence
from sessions_app.pages.html.formats import duration, exact, tokens
from sessions_app.pages.html.pieces import code, link, request_link
from sessions_app.pages.html.tool_definitions import differences
from sessions_app.pages.thread.addresses import Addresses
from sessions_app.pages.thread.wording import counted, messages_changed
from sessions_app.queries.derived import verdicts_of
from sessions_app.queries.session import RequestLine
from sessions_app.queries.window import Window
from sessions_app.structure.cache_verdicts import (
    DOCUMENTED,
    HIT,
    IDLE,
    MINIMUM,
    MISS,
    MODEL,
    NO_CACHE,
    NOT_WRITTEN,
    REWRITTEN,
    SYSTEM,
    TOOLS,
    UNKNOWN,
    CacheVerdict,
)

KINDS = {HIT: "Hit", MISS: "Miss"}
PARTLY_WORD = "Partly"
# A cause in a few words, for lists.
CAUSES = {
    NO_CACHE: "the model does not cache prompts",
    MINIMUM: "shorter than the cache’s minimum",
    MODEL: "another model",
    TOOLS: "tool definitions changed",
    SYSTEM: "system prompt changed",
    REWRITTEN: "history came back changed",
    NOT_WRITTEN: "nothing was written to the cache",
    IDLE: "idle for longer than the cache lives",
    UNKNOWN: "unknown",
}
_MOST_NAMED, _MOST_CHANGES = 6, 3


@dataclass(frozen=True, slots=True)
class CacheWords:
    """A verdict for the facts of a request. `source`: the page that documents what is said, and when it was read."""

    kind: str
    words: Markup
    cause: Markup
    source: str
    known_on: str


def kind_word(verdict: CacheVerdict) -> str:
    return KINDS.get(verdict.kind, PARTLY_WORD)


def short_words(verdict: CacheVerdict) -> str:
    """`Prompt cache missed: 0 of 1.5k repeated tokens; tool definitions changed`."""
    how = "missed" if verdict.kind == MISS else "partly missed"
    of = f"{tokens(verdict.cached)} of {tokens(verdict.prefix)} repeated tokens"
    return f"Prompt cache {how}: {of}; {_short_causes(verdict)}"


def lost_words(verdict: CacheVerdict) -> str:
    """`cache missed: 1.5k tokens that it repeats of request 3 (tool definitions changed)`."""
    most = "up to " if verdict.is_at_most else ""
    how = "missed" if verdict.kind == MISS else "partly missed"
    amount = f"{most}{tokens(verdict.lost)} tokens that it repeats of request {exact(verdict.base + 1)}"
    return f"cache {how}: {amount} ({_short_causes(verdict)})"


def _short_causes(verdict: CacheVerdict) -> str:
    return "cause unknown" if verdict.causes == (UNKNOWN,) else ", ".join(CAUSES[cause] for cause in verdict.causes)


def cache_words(lines: Sequence[RequestLine], index: int, window: Window, addresses: Addresses) -> CacheWords | None:
    """The verdict for one request; None where nothing can be said."""
    verdict = verdicts_of(lines)[index]
    if verdict is None:
        return None
    base = request_link(addresses.in_session(verdict.base + 1), verdict.base + 1)
    amount = exact(verdict.cached) if verdict.cached else "none"
    most = "up to " if verdict.is_at_most else ""
    prefix = f"{most}{exact(verdict.prefix)}"
    words = sentence("{} of the {} tokens that it repeats of {} were cached.", amount, prefix, base)
    cause = joined(_causes(verdict, lines, window, index, addresses), "; ")
    rule = verdict.rule if not DOCUMENTED.isdisjoint(verdict.causes) else None
    return CacheWords(kind_word(verdict), words, cause, rule.source if rule else "", rule.known_on if rule else "")


def _causes(
    verdict: CacheVerdict, lines: Sequence[RequestLine], window: Window, index: int, addresses: Addresses
) -> Iterator[Markup]:
    rule = verdict.rule
    for cause in verdict.causes:
        match cause:
            case _ if cause == MINIMUM and rule:
                yield sentence("prompts of this model are cached from {} tokens on", exact(rule.minimum))
            case _ if cause == IDLE and rule:
                yield sentence("it had rested for {}; the cache lives {}", duration(verdict.idle), rule.lifetime)
            case _ if cause == MODEL:
                yield sentence("that one was answered by {}", code(lines[verdict.base].model[:80]))
            case _ if cause == NOT_WRITTEN:
                yield Markup("that one wrote nothing to the cache: this provider caches what a request marks")
            case _ if cause == TOOLS:
                yield joined(["tool definitions changed", _changed_tools(window, index, verdict.base)])
            case _ if cause == REWRITTEN:
                changes = f"{addresses.request(lines[index].id)}changes/"
                yield sentence("{}{}", CAUSES[cause], _where(window, index, verdict.base, changes))
            case _:
                yield Markup("unknown") if cause == UNKNOWN else sentence("{}", CAUSES[cause])


def _where(window: Window, index: int, base: int, href: str) -> Markup:
    """Where the history differs from that of the request `base`, if both were compared, and the page that shows it."""
    added = window.added.get(index)
    if added is None or added.base != base:
        return Markup()
    if not added.changes:
        return Markup(": it is not known where")
    first = min(change.new.start for change in added.changes) + 1
    words = ", ".join(messages_changed(change) for change in added.changes[:_MOST_CHANGES])
    more = f" and {counted(rest, 'change')} more" if (rest := len(added.changes) - _MOST_CHANGES) > 0 else ""
    return sentence(": {}{}, from message {} on ({})", words, more, exact(first), link(href, "compare"))


def _changed_tools(window: Window, index: int, base: int) -> Markup:
    """Which tools changed, if the definitions were read."""
    if index not in window.details or base not in window.details:
        return Markup()
    before, after = (
        [part for digest in window.context(one, PartKind.TOOL) if (part := window.parts.get(digest))]
        for one in (base, index)
    )
    named = [code(name) for names in differences(before, after) for name in names]
    more = [f"{exact(len(named) - _MOST_NAMED)} more"] if len(named) > _MOST_NAMED else []
    return sentence(": {}", joined([*named[:_MOST_NAMED], *more], ", ")) if named else Markup()
