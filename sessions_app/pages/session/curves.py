"""The strip above each view: what the session cost so far, how full the context was, and where something happened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sessions_app.pages.html.formats import cost, exact, share, tokens
from sessions_app.pages.session.curve_paths import STEP, WIDTH, StripMarks, lines_path, marks_path
from sessions_app.pages.session.switch import CONVERSATION, WATERFALL
from sessions_app.pages.session.view import View
from sessions_app.pages.thread.wording import counted
from sessions_app.pricing.context_windows import context_window
from sessions_app.queries.derived import costs_of
from sessions_app.queries.session import RequestLine
from sessions_app.records import ERROR
from sessions_app.structure import timeline

# Above the curves is a little room, and below them the marks have theirs.
_TOP, _BOTTOM = 6.0, 100.0
# So many requests can be read with the pointer or the keys.
MOST_POINTS = 240
# A window is drawn if the context filled at least this part of it at some time.
_LEAST_OF_WINDOW = 0.2
_MOST_NAMED = 3
# Of so many models the window is looked up, those of the most requests.
_MOST_MODELS = 30


@dataclass(frozen=True, slots=True)
class Limit:
    """A line at the height of a context window, and its words."""

    y: str
    words: str


@dataclass(frozen=True, slots=True)
class Curves:
    """What the strip draws. Paths are in a drawing of 1,000 by 100. `points`: a line for each request that can be read,
    of its place, its number and words.
    """

    cost_path: str
    context_path: str
    limits: list[Limit]
    # By what they say: "error", "tool", "hit" and "context".
    marks: dict[str, StripMarks]
    points: str
    cost_words: str
    context_words: str
    label: str


def curves(shown: View, hits: Mapping[int, int]) -> dict[str, Any]:
    """The strip of the requests that are shown, if they are enough to draw a curve, and where it leads: to a request of
    the conversation, and to a part of the waterfall.
    """
    return {
        "curves": _drawn(shown, hits)
        if hits or shown.is_running
        else shown.once_for_part("curves", lambda: _drawn(shown, {})),
        "there": shown.addresses.as_view(CONVERSATION).page,
        "in_waterfall": shown.addresses.as_view(WATERFALL).page,
    }


def _drawn(shown: View, hits: Mapping[int, int]) -> Curves | None:
    indices = shown.addresses.shown_of(shown.layout.indices)
    return _Strip(shown, hits, indices).drawn() if len(indices) > 1 else None


class _Strip:
    def __init__(self, shown: View, hits: Mapping[int, int], indices: Sequence[int]) -> None:
        self._shown, self._axis, self._hits, self._indices = shown, shown.axis, hits, indices
        self._lines = shown.lines.requests
        self._continues = shown.structure.continues
        self._compacted = shown.contexts
        failures = shown.tool_failures
        # Ids are slow to look up, and there are thousands.
        found = ((index, failures.get(self._lines[index].id, 0)) for index in (indices if failures else ()))
        self._failures = {index: count for index, count in found if count}
        lines = [self._lines[index] for index in indices]
        self._inputs = {index: line.input_tokens or 0 for index, line in zip(indices, lines, strict=True)}
        self._errors = {index for index, line in zip(indices, lines, strict=True) if line.status == ERROR}
        self._told = self._errors | self._failures.keys() | self._compacted.keys()
        called = (line for line in lines if line.model or not line.what)
        models = Counter((line.model, line.provider) for line in called)
        self._windows = {
            model: context_window(provider, model) for (model, provider), _ in models.most_common(_MOST_MODELS)
        }
        starts, ends = zip(*timeline.sane_times(lines), strict=True)
        self._x = {i: x * WIDTH / 100 for i, x in zip(indices, self._axis.all_at(starts), strict=True)}
        self._ends = self._axis.all_at(ends)
        is_whole = len(indices) == len(self._lines)
        costs = costs_of(self._lines) if is_whole else timeline.running_costs(line.cost for line in lines)
        self._costs = dict(zip(indices, costs, strict=True))
        self._peak = max(self._inputs.values(), default=0)
        self._limits = sorted(self._drawn_windows())
        self._height = max([self._peak * 1.1, *self._limits, 1.0])

    def _drawn_windows(self) -> Iterator[int]:
        peaks: dict[str, int] = {}
        for index, size in self._inputs.items():
            model = self._lines[index].model
            if size >= peaks.get(model, 0):
                peaks[model] = size
        for model, window in self._windows.items():
            if window and peaks.get(model, 0) >= window * _LEAST_OF_WINDOW:
                yield window

    def drawn(self) -> Curves:
        return Curves(
            cost_path=self._cost_path(),
            context_path=self._context_path(),
            limits=[Limit(f"{self._y(size):.1f}", tokens(size)) for size in sorted(set(self._limits))],
            marks=self._marks(),
            points="\n".join(self._points()),
            cost_words=cost(self._total),
            context_words=self._context_words(),
            label=self._label(),
        )

    @property
    def _total(self) -> Decimal | None:
        return self._costs[self._indices[-1]]

    # --- the curves ---

    def _y(self, size: float) -> float:
        return _BOTTOM - size / self._height * (_BOTTOM - _TOP)

    def _cost_path(self) -> str:
        """A stair: the cost rises where each request ended."""
        total = float(self._total or 0)
        if not total:
            return ""
        places: dict[int, int] = {}
        for index, end in zip(self._indices, self._ends, strict=True):
            places[round(end * WIDTH / 100 / STEP)] = index
        highest, pieces = 0.0, [f"M0 {_BOTTOM:g}"]
        for place in sorted(places):
            # Requests may end in another order than they began.
            highest = max(highest, float(self._costs[places[place]] or 0))
            pieces.append(f"H{place * STEP} V{_BOTTOM - highest / total * (_BOTTOM - _TOP):.1f}")
        return " ".join([*pieces, f"H{WIDTH}"])

    def _context_path(self) -> str:
        """A line for each conversation: parallel ones and sub-agents have contexts of their own."""
        return lines_path(
            [(self._x[index], self._y(self._inputs[index])) for index in chain] for chain in self._chains().values()
        )

    def _chains(self) -> dict[int, list[int]]:
        """The requests that tell how long their input was, by the one with which their conversation began."""
        roots: dict[int, int] = {}
        chains: dict[int, list[int]] = defaultdict(list)
        for index in self._indices:
            base = self._continues[index]
            roots[index] = roots.get(base, index) if base is not None else index
            if self._inputs[index]:
                chains[roots[index]].append(index)
        return chains

    # --- the marks ---

    def _marks(self) -> dict[str, StripMarks]:
        counts: dict[str, Mapping[int, int]] = {
            "context": dict.fromkeys(self._compacted, 1),
            "hit": self._hits,
            "tool": self._failures,
            "error": dict.fromkeys(self._errors, 1),
        }
        marks = {}
        for name, found in counts.items():
            places: dict[float, int] = {}
            for index in sorted(found):
                if found[index] and (x := self._x.get(index)) is not None:
                    places[x] = places.get(x, 0) + found[index]
            if places:
                marks[name] = marks_path(places)
        return marks

    # --- what is read ---

    def _points(self) -> Iterator[str]:
        """Of each stretch of requests the one that tells most: something happened, or its context is the largest."""
        size = -(-len(self._indices) // MOST_POINTS)
        for start in range(0, len(self._indices), size):
            stretch = self._indices[start : start + size]
            index = max(stretch, key=lambda one: (one in self._told, self._inputs[one]))
            words = " · ".join(filter(None, (self._words(index), self._around(index, stretch))))
            yield f"{self._x[index] * 100 / WIDTH:.2f}|{index + 1}|{words}"

    def _around(self, index: int, stretch: Sequence[int]) -> str:
        """What else happened in a stretch of requests of which one is read: `3 failed in 8 requests`."""
        failed = sum(map(self._errors.__contains__, stretch)) if self._errors else 0
        tools = sum(self._failures.get(other, 0) for other in stretch) if self._failures else 0
        told = [f"{exact(failed)} failed"] if failed > (index in self._errors) else []
        told += [f"{exact(tools)} failed tool results"] if tools > self._failures.get(index, 0) else []
        return f"{', '.join(told)} in {exact(len(stretch))} requests" if told else ""

    def _words(self, index: int) -> str:
        line = self._lines[index]
        failures = self._failures.get(index, 0)
        words = [
            f"{cost(self._costs[index])} so far",
            self._fill(line),
            "failed" if index in self._errors else "",
            counted(failures, "failed tool result") if failures else "",
            self._compacted.get(index, ""),
            f"found {counted(self._hits[index], 'time')}" if index in self._hits else "",
        ]
        return " · ".join(filter(None, words))

    def _fill(self, line: RequestLine) -> str:
        # Of a call that failed, providers report 0 tokens, whatever its prompt was.
        if not line.input_tokens:
            return "context unknown"
        window = self._windows.get(line.model)
        words = f"context {tokens(line.input_tokens)}"
        return f"{words} of {tokens(window)} ({share(line.input_tokens, window)})" if window else f"{words} tokens"

    def _context_words(self) -> str:
        """How full the context was at most, and for which models nobody knows how large it may be."""
        if not self._peak:
            return "context unknown"
        fullest = max(self._indices, key=self._inputs.__getitem__)
        words = f"largest {self._fill(self._lines[fullest])}"
        unknown = sorted(model[:40] or "unknown model" for model, size in self._windows.items() if not size)
        if unknown:
            more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
            words += f"; window unknown: {', '.join(unknown[:_MOST_NAMED])}{more}"
        return words

    def _label(self) -> str:
        failed = len(self._errors)
        words = [counted(len(self._indices), "request"), f"{cost(self._total)} in all", self._context_words()]
        words += [f"{failed} failed"] if failed else []
        shrunk = sum(index in self._compacted for index in self._indices)
        words += [f"context shrank {counted(shrunk, 'time')}"] if shrunk else []
        return ", ".join(words)
