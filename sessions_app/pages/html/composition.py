"""What filled the context, as HTML: a bar of classes, and a row for each with its tools or servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from sessions_app.content.composition import CLASSES, MEDIA, InTokens, PromptPiece, amounts, in_tokens
from sessions_app.content.unseen import HISTORY, RAN_TOOLS
from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import exact
from sessions_app.queries.derived import prompts_of
from sessions_app.queries.session import RequestLine
from sessions_app.structure.whole_prompts import WholePrompt

UNKNOWN = "unknown"
TITLES = {
    "system": "System prompt",
    "tools": "Tool definitions",
    "user": "User",
    "assistant": "Assistant",
    "reasoning": "Reasoning",
    "results": "Tool results",
    "media": "Media",
    "other": "Other",
    UNKNOWN: "Not in the log",
}
# So many tools or servers are named in a row.
MOST_NAMED = 12
# So many classes are named in a few words.
MOST_LARGEST = 3
_LEAST_WIDTH = 0.1


@dataclass(frozen=True, slots=True)
class Detail:
    """A tool or a server, and its characters."""

    name: str
    chars: int


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class of a prompt. `x` and `width` are its place in the bar, in percent; "" if it has none.

    `tokens` is None where nothing tells. `more`: so many details are not named.
    """

    kind: str
    title: str
    chars: int | None
    items: int
    tokens: int | None
    share: str
    x: str = ""
    width: str = ""
    details: Sequence[Detail] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Filled:
    """What filled a context. `basis` says how the tokens were told; `unseen` what is not in the log."""

    rows: Sequence[ClassRow]
    chars: int
    reported: int | None
    basis: str
    unseen: Sequence[str] = ()
    words: str = ""

    @property
    def html(self) -> Markup:
        return component("composition", "filled")(self)


@dataclass(slots=True)
class _FilledBar:
    """Gives each class its place in the bar, one after another."""

    total: int
    x: float = field(default=0.0)

    def place(self, amount: int) -> tuple[str, str]:
        if not amount or not self.total:
            return "", ""
        width, x = 100 * amount / self.total, self.x
        self.x += width
        return f"{x:.2f}%", f"{max(width, _LEAST_WIDTH):.2f}%"


def filled_by(pieces: Sequence[PromptPiece], reported: int | None, unseen: Sequence[str] = ()) -> Filled:
    """The same from the pieces of a prompt, with the tools and servers of each class."""
    details: dict[str, Counter[str]] = {kind: Counter() for kind in CLASSES}
    for piece in pieces:
        details[piece.kind][piece.detail] += piece.amount
    return filled(amounts(pieces), reported, unseen, details)


def filled(
    by_class: Sequence[int],
    reported: int | None,
    unseen: Sequence[str] = (),
    details: dict[str, Counter[str]] | None = None,
) -> Filled:
    """What filled a context, from amounts by CLASSES and the input tokens that were reported."""
    # Of a call that failed, providers report 0 tokens, whatever its prompt was.
    found = in_tokens(by_class, reported or None, is_whole=not unseen)
    chars = sum(amount for kind, amount in zip(CLASSES, by_class, strict=True) if kind != MEDIA)
    rows = list(_rows(by_class, chars, found, details or {}))
    return Filled(rows, chars, reported, _basis(found), unseen, rows_in_words(rows))


def _rows(
    by_class: Sequence[int], chars: int, found: InTokens | None, details: dict[str, Counter[str]]
) -> Iterator[ClassRow]:
    bar = _FilledBar(sum(found.tokens) + found.unknown if found else chars)
    for place, (kind, amount) in enumerate(zip(CLASSES, by_class, strict=True)):
        if not amount:
            continue
        if kind == MEDIA:
            yield ClassRow(kind, TITLES[kind], None, amount, None, "", details=_named(details.get(kind)))
            continue
        size = found.tokens[place] if found else amount
        x, width = bar.place(size)
        every = details.get(kind)
        named = _named(every)
        more = len([name for name in every or () if name]) - len(named)
        share = _percent(size, bar.total)
        yield ClassRow(kind, TITLES[kind], amount, 0, size if found else None, share, x, width, named, more)
    if found and not found.is_scaled:
        x, width = bar.place(found.unknown)
        yield ClassRow(UNKNOWN, TITLES[UNKNOWN], None, 0, found.unknown, _percent(found.unknown, bar.total), x, width)


def _named(details: Counter[str] | None) -> list[Detail]:
    """The largest tools or servers; what has no name stands with the others in the row."""
    found = [Detail(name, chars) for name, chars in (details or Counter()).most_common() if name]
    return found[:MOST_NAMED]


def _percent(amount: int, total: int) -> str:
    if not total:
        return ""
    percent = 100 * amount / total
    return f"{percent:.0f}%" if percent >= 1 or not amount else "<1%"


def _basis(found: InTokens | None) -> str:
    if found is None:
        return "No input tokens were reported: shares of characters."
    if found.is_scaled:
        return "Shares of characters, scaled to the input tokens that were reported."
    return (
        "The log does not hold all that the provider counted. Tokens of texts are taken at 4 characters each; what is "
        "left of the reported input tokens is unknown."
    )


def filled_of_request(lines: Sequence[RequestLine], index: int) -> Filled | None:
    """What filled the context of a request, for its facts, with all classes; None for a request without a profile."""
    prompt = prompts_of(lines)[index]
    if prompt is None or not any(prompt.chars):
        return None
    return filled(prompt.chars, lines[index].input_tokens, list(_unseen_of(prompt)))


def _unseen_of(prompt: WholePrompt) -> Iterator[str]:
    if not prompt.has_history:
        yield HISTORY
    if items := prompt.chars[CLASSES.index(MEDIA)]:
        yield f"{exact(items)} images, recordings or files" if items > 1 else "1 image, recording or file"
    if prompt.ran_tools:
        yield RAN_TOOLS


def largest_in_words(found: InTokens) -> str:
    """`Tool results 60%, System prompt 20%`: the largest classes of a context."""
    sizes = [*zip(CLASSES, found.tokens, strict=True), (UNKNOWN, found.unknown)]
    total = sum(size for _, size in sizes)
    largest = sorted(sizes, key=lambda pair: -pair[1])[:MOST_LARGEST]
    return ", ".join(f"{TITLES[kind]} {_percent(size, total)}" for kind, size in largest if size)


def rows_in_words(rows: Sequence[ClassRow]) -> str:
    """`Tool results 60%, System prompt 20%`, the largest first: the label of the bar."""
    shown = sorted((row for row in rows if row.share), key=lambda row: -(row.tokens or row.chars or 0))
    return ", ".join(f"{row.title} {row.share}" for row in shown) or "nothing"
