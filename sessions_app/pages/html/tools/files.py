"""Contents of files: the lines and their numbers, and the language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sessions_app.pages.html.syntax_words import LANGUAGES
from sessions_app.pages.html.tools.edits import PATHS
from sessions_app.pages.html.tools.reading import WrittenNumber, is_text, text_member, words_of

_READS = frozenset(("read", "view", "open", "cat", "get", "show", "load", "fetch"))
_FILES = frozenset(("file", "files", "cat", "view", "notebook", "content"))
_ABOUT = frozenset(("info", "metadata", "status", "stat", "list", "tree", "exists", "size", "search", "find"))
_FIRST = ("offset", "first_line", "start_line", "startLine", "line_start", "from_line", "start")


@dataclass(frozen=True, slots=True)
class FileReading:
    """A call that reads a file. `first` is the number of its first line if the call names it, 1 if it reads all."""

    path: str
    first: int | None = None
    rest: dict[str, Any] = field(default_factory=dict)


def reading_of(name: str, value: Any) -> FileReading | None:
    """What a call reads; None if it is not sure that it reads a file. `value`: its arguments, read."""
    if not isinstance(value, dict):
        return None
    path, named = text_member(value, PATHS)
    words = words_of(name)
    is_view = value.get("command") == "view"
    reads = is_view or words in ({"read"}, {"view"}, {"cat"}) or bool(words & _READS and words & _FILES)
    reads = reads and not words & _ABOUT
    if not path or not reads:
        return None
    rest = {name: item for name, item in value.items() if name != named}
    return FileReading(path, _first_line(rest), rest)


def _first_line(rest: dict[str, Any]) -> int | None:
    named = next((rest[name] for name in _FIRST if rest.get(name) is not None), None)
    if named is None:
        window = rest.get("view_range") or rest.get("line_range")
        named = window[0] if isinstance(window, list) and window else None
    if named is None:
        return 1 if not rest.keys() & {"pages", "limit", "offset", "ranges", "view_range", "line_range"} else None
    return int(named) or 1 if isinstance(named, WrittenNumber) and re.fullmatch(r"\d{1,9}", named) else None


def language_of(path: str) -> str:
    """The language that the ending of a path names; "" for others."""
    name = path.rpartition("/")[2].lower()[-100:]
    _, dot, ending = name.rpartition(".")
    return LANGUAGES.get(ending, "") if dot or ending in ("dockerfile", "makefile") else ""


# --- lines ----------------------------------------------------------------------------------------------------------

# As `cat -n` writes them, and the forms of agents: `    12→`, `12\t`, `12 | `, `    12|`, `12: `, `12 `. After zeros,
# as in `00012| `, a space belongs to the bar.
_FORMS = (
    re.compile(r"(\d{5,9})\| ?"),
    *(re.compile(rf" {{0,8}}(\d{{1,9}}){sign}") for sign in ("→", "\t", r" \|(?: |$)", r"\|", ":(?: |$)", "(?: |$)")),
)


class FileLine(NamedTuple):
    """A line and its number, None where no number is known."""

    number: int | None
    text: str


def numbered(text: str) -> Sequence[FileLine] | None:
    """The lines of a text that has their numbers before them, counting up; None for any other text.

    What stands before the first and after the last of them has no number.
    """
    lines = text.split("\n")
    for form in _FORMS:
        found = [form.match(line) for line in lines]
        numbers = [int(match[1]) for match in found if match]
        if not numbers or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            continue
        first = next(index for index, match in enumerate(found) if match)
        together = found[first : first + len(numbers)]
        # One number alone may be anything.
        if all(together) and (len(numbers) > 1 or len(lines) == 1 or numbers == [1]) and first <= 3:
            return [
                FileLine(int(m[1]), line[m.end() :]) if m else FileLine(None, line)
                for m, line in zip(found, lines, strict=True)
            ]
    return None


def _line(match: re.Match[str] | None, line: str) -> FileLine:
    return FileLine(int(match[1]), line[match.end() :]) if match else FileLine(None, line)


def counted(text: str, first: int) -> Sequence[FileLine]:
    """The lines of a text, counted from `first`. The end of the last one begins no other."""
    return [FileLine(number, line) for number, line in enumerate(text.removesuffix("\n").split("\n"), start=first)]


def says_of_itself(text: str) -> bool:
    """Whether a text begins like a remark of the tool rather than like a file, so that its lines are not counted."""
    head = text.lstrip()[:20]
    return is_text(text) and head.startswith(("<", "[", "Error", "File ", "Here", "IMPORTANT", "Contents"))
