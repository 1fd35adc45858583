"""The panel "What filled the context" of a session's page: a column for each request, from the stored profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sessions_app.content.composition import CLASSES, InTokens
from sessions_app.pages.html.components import component
from sessions_app.pages.html.composition import TITLES, UNKNOWN, largest_in_words
from sessions_app.pages.html.formats import exact, tokens
from sessions_app.pages.session.view import View
from sessions_app.queries.derived import context_of
from sessions_app.queries.session import RequestLine

# So many columns are drawn; of a longer session every second, third, … request.
MOST_COLUMNS = 100
# There is room for so many, so that few columns are columns and no wall.
LEAST_COLUMNS = 12
# The height of the drawing, which is stretched, and the width of a column of it.
HEIGHT, _COLUMN, _GAP = 100, 10, 1
_KINDS = (*CLASSES, UNKNOWN)


@dataclass(frozen=True, slots=True)
class FilledColumn:
    """A request's column: a link to it, and what it says in words."""

    href: str
    words: str


@dataclass(frozen=True, slots=True)
class FilledPath:
    """All of one class, as the path of an SVG."""

    kind: str
    title: str
    d: str


@dataclass(frozen=True, slots=True)
class SessionFilled:
    """The columns, and the paths over them. `step`: of so many requests one is drawn. `without`: so many of them say
    nothing of their prompts, or not how many tokens these had.
    """

    columns: Sequence[FilledColumn]
    paths: Sequence[FilledPath]
    width: int
    most: int
    step: int
    without: int

    @property
    def links(self) -> Markup:
        return component("composition", "links")(self.columns, LEAST_COLUMNS - len(self.columns))


def session_filled(shown: View) -> SessionFilled | None:
    """What filled the contexts of a session's conversations, request by request; None if nothing is known of any."""
    indices = [index for index, line in enumerate(shown.lines.requests) if line.is_conversation]
    step = -(-len(indices) // MOST_COLUMNS) or 1
    chosen = [(index, shown.lines.requests[index]) for index in indices[::step]]
    known = [context_of(shown.lines.requests, index) for index, _ in chosen]
    most = max((line.input_tokens or 0 for _, line in chosen), default=0)
    if not most or not any(known):
        return None
    columns = [
        FilledColumn(shown.addresses.in_session(index + 1), _words(index, line, found))
        for (index, line), found in zip(chosen, known, strict=True)
    ]
    stacks = [_stack(line, found) for (_, line), found in zip(chosen, known, strict=True)]
    return SessionFilled(
        columns=columns,
        paths=list(_paths(stacks, most)),
        width=max(len(chosen), LEAST_COLUMNS) * _COLUMN,
        most=most,
        step=step,
        without=sum(found is None for found in known),
    )


def _stack(line: RequestLine, found: InTokens | None) -> Sequence[int]:
    """The tokens of a request by class, what is unknown last."""
    if found is None:
        return [0] * len(CLASSES) + [line.input_tokens or 0]
    return [*found.tokens, found.unknown]


def _paths(stacks: Sequence[Sequence[int]], most: int) -> Iterator[FilledPath]:
    """For each class the boxes that stand on those of the classes before it."""
    bases = [0] * len(stacks)
    for place, kind in enumerate(_KINDS):
        boxes = []
        for column, stack in enumerate(stacks):
            if amount := stack[place]:
                top = bases[column] + amount
                boxes.append(_box(column, bases[column], top, most))
                bases[column] = top
        if boxes:
            yield FilledPath(kind, TITLES[kind], "".join(boxes))


def _box(column: int, base: int, top: int, most: int) -> str:
    y, height = HEIGHT - HEIGHT * top / most, HEIGHT * (top - base) / most
    return f"M{column * _COLUMN} {y:.1f}h{_COLUMN - _GAP}v{height:.1f}h-{_COLUMN - _GAP}z"


def _words(index: int, line: RequestLine, found: InTokens | None) -> str:
    """`Request 3: 12.4k tokens; Tool results 60%, System prompt 20%`."""
    said = "tokens unknown" if line.input_tokens is None else f"{tokens(line.input_tokens)} tokens"
    return f"Request {exact(index + 1)}: {said}; {largest_in_words(found) if found else 'what filled it is not known'}"
