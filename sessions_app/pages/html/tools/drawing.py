"""Calls and results as HTML: each kind of call as what it is. `tool_calls` puts them into lines that open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content import base64_text
from sessions_app.content.json_values import to_json
from sessions_app.content.omissions import find_cuts
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.excerpts import MESSAGE_CHARS, MESSAGE_LINES, RESULT_LINES, WHOLE_CHARS, excerpt
from sessions_app.pages.html.finding import is_looking, reach
from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.json_text import drawn as json_in_inks
from sessions_app.pages.html.links import link
from sessions_app.pages.html.pieces import clamped, code_box, fold, reference
from sessions_app.pages.html.plain_text import visible
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.syntax import is_inked, lines_in_inks
from sessions_app.pages.html.terminal import screen, terminal
from sessions_app.pages.html.text_diff import diff_box
from sessions_app.pages.html.texts import said_box, undrawn, with_seams
from sessions_app.pages.html.tools.edits import FileEdits
from sessions_app.pages.html.tools.files import FileLine, FileReading, counted, language_of, numbered, says_of_itself
from sessions_app.pages.html.tools.forms import OF_CALL, form_of
from sessions_app.pages.html.tools.found import FileMatch, SearchHits, by_path, hits_of, hits_within, places_of
from sessions_app.pages.html.tools.json_tree import DataTree
from sessions_app.pages.html.tools.kinds import Asked, PlainArguments
from sessions_app.pages.html.tools.reading import UNREAD, has_short_lines, read, unwrapped
from sessions_app.pages.html.tools.shell import OutputStream, ShellCommand, ShellOutput, outputs_of, tells_of_command

PATH_CHARS = 400


@dataclass(frozen=True, slots=True)
class DrawingScale:
    """How much is drawn of each text, difference and tree."""

    chars: int
    lines: int
    diff_lines: int
    nodes: int
    rows: int


SMALL = DrawingScale(MESSAGE_CHARS, RESULT_LINES, MESSAGE_LINES, 60, 12)
WHOLE = DrawingScale(WHOLE_CHARS, 1_500, 1_500, 1_500, 300)
# Data with more values than this are shown as their text.
EVERYTHING = replace(WHOLE, nodes=5_000, rows=2_000)


class Drawing(NamedTuple):
    """A drawing, what its head says, and how many characters or lines are not in it. `words` sum it up."""

    head: Markup
    content: Markup
    hidden: int = 0
    unit: str = "character"
    words: str = ""


class DrawnResult(NamedTuple):
    """The HTML of a result, and how much it is in words, where that says more than its first line."""

    html: Markup
    words: str


def framed(drawn: Drawing, address: BlockAddress, form: str) -> Markup:
    """A drawing with its head, the link to the raw text, and the way to what is not in it: `form` names the drawing on
    the larger scale, "" is the raw text.
    """
    html = component("tool_drawings", "frame")(drawn.head, address.text_url, drawn.content)
    url = f"{address.text_url}?{form}" if form else address.text_url
    return clamped(html, url, drawn.hidden, unit=drawn.unit)


# --- calls ----------------------------------------------------------------------------------------------------------


def drawn_call(asked: Asked, address: BlockAddress, scale: DrawingScale = SMALL) -> Markup | None:
    """What a call asks for; None where its arguments are shown as their text."""
    form = OF_CALL if scale is SMALL and address.is_block else ""
    match asked:
        case ShellCommand():
            return framed(_command(asked, scale), address, form)
        case FileEdits():
            return framed(_edits(asked, scale), address, form)
        case FileReading():
            drawn = _data({"path": asked.path, **asked.rest}, scale)
        case PlainArguments(value=value, code=languages):
            drawn = _data(value, scale, languages)
    return framed(drawn, address, form) if drawn else None


def _command(asked: ShellCommand, scale: DrawingScale) -> Drawing:
    part = excerpt(asked.text, scale.chars, scale.diff_lines)
    html = with_seams(part.shown, lambda piece: component("tool_drawings", "prompt")(piece))
    head = component("tool_drawings", "command_head")(asked.shell, asked.directory[: bounds.at_most(PATH_CHARS)])
    return Drawing(head, html + other_members(asked.rest), part.hidden_chars)


def other_members(members: dict[str, Any]) -> Markup:
    """Other members, each in a line."""
    if not members:
        return NOTHING
    tree = DataTree(bounds.at_most(SMALL.nodes), bounds.at_most(SMALL.rows))
    nodes = tree.nodes(members)
    notes: list[str] = []
    tree.note_rest(notes, members, len(nodes))
    if bounds.is_whole() and not tree.is_whole:
        return code_box(json_in_inks(to_json(members)))
    return component("tool_drawings", "tree")(nodes, notes, "rest")


# --- edits ----------------------------------------------------------------------------------------------------------


def _edits(edits: FileEdits, scale: DrawingScale) -> Drawing:
    lines = edits.lines
    shown = _shown_lines([line.text for line in lines], scale.diff_lines, scale.chars)
    head = component("tool_drawings", "edit_head")(edits.path[: bounds.at_most(PATH_CHARS)], edits.what, edits.amounts)
    content = diff_box(lines[:shown]) if lines else reference("info", "Nothing is changed")
    return Drawing(head, content + other_members(edits.rest), len(lines) - shown, "line")


def _shown_lines(lines: list[str], most: int, chars: int) -> int:
    """How many of some lines are shown: as many as are looked for, and at least one."""
    end = size = 0
    for line in lines[:most]:
        size += len(line) + 1
        if end and size > 2 * chars:
            break
        end += 1
    if not is_looking() or end == len(lines):
        return end
    text = "\n".join(lines)
    place = sum(len(line) + 1 for line in lines[:end])
    return end + text[place : reach(text, place)].count("\n") + (reach(text, place) > place)


# --- results --------------------------------------------------------------------------------------------------------


def drawn_result(text: str, asked: Asked, address: BlockAddress, scale: DrawingScale = SMALL) -> DrawnResult | None:
    """What a tool returned; None where it is shown as its text."""
    if not text or find_cuts(text):
        return None
    text = base64_text.readable(text)
    inner = unwrapped(text)
    drawn = _result(inner, asked, scale) or (_said(inner, scale) if inner is not text else None)
    form = form_of(asked) if scale is SMALL and address.is_block else ""
    return DrawnResult(framed(drawn, address, form), drawn.words) if drawn else None


def _result(text: str, asked: Asked, scale: DrawingScale) -> Drawing | None:
    if isinstance(asked, ShellCommand) or tells_of_command(text):
        return _outputs(text, scale)
    if isinstance(asked, FileReading) and has_short_lines(text) and (drawn := _file(text, asked, scale)):
        return drawn
    if text.lstrip()[:1] in ("{", "["):
        value = read(text)
        hits = hits_of(value)
        return _hits(hits, scale) if hits else _data(value, scale)
    if isinstance(asked, PlainArguments) and asked.is_search and (within := hits_within(text)):
        return _hits_within(*within, scale)
    if isinstance(asked, PlainArguments) and asked.is_search and has_short_lines(text) and (places := places_of(text)):
        return _places(places, scale)
    return None


def _said(text: str, scale: DrawingScale) -> Drawing:
    """A text that is nothing else."""
    part = excerpt(text, scale.chars, scale.lines)
    return Drawing(NOTHING, said_box(part.shown) + undrawn(part.shown), part.hidden_chars)


# --- what commands returned -----------------------------------------------------------------------------------------


def _outputs(text: str, scale: DrawingScale) -> Drawing:
    outputs = outputs_of(text)
    drawn = [_output(output, scale) for output in outputs]
    codes = [output.exit_code for output in outputs if output.exit_code is not None]
    head = component("tool_drawings", "output_head")(codes)
    return Drawing(head, joined(content for content, _ in drawn), sum(hidden for _, hidden in drawn))


def _output(output: ShellOutput, scale: DrawingScale) -> tuple[Markup, int]:
    pieces, total = [], 0
    for number, stream in enumerate(output.streams):
        html, hidden = _stream(stream, scale, is_last=number == len(output.streams) - 1)
        pieces.append(html)
        total += hidden
    if not any(stream.text and stream.name != "about" for stream in output.streams):
        pieces.append(reference("info", "No output"))
    return joined(pieces) + other_members(output.rest), total


def _stream(stream: OutputStream, scale: DrawingScale, is_last: bool) -> tuple[Markup, int]:
    if stream.name == "about":
        return component("tool_drawings", "about")(stream.text), 0
    found = screen(stream.text)
    part = excerpt(found.text, scale.chars, scale.lines)
    ink = "e" if stream.name == "stderr" else ""
    html = with_seams(part.shown, lambda piece: code_box(terminal(piece))) if part.shown else NOTHING
    if stream.name:
        html = component("tool_drawings", "stream")(stream.name, html, ink)
    if part.hidden_chars and not is_last:
        html += reference("info", _more(part.hidden_chars, "character"))
    html += undrawn(found.text)
    return html + _overwritten(found.overwritten, scale), part.hidden_chars


def _overwritten(text: str, scale: DrawingScale) -> Markup:
    """Lines that a progress bar overwrote, folded."""
    if not text:
        return NOTHING
    part = excerpt(text, scale.chars, scale.lines)
    rest = (
        reference("info", _more(part.hidden_chars, "character") + " in the raw text") if part.hidden_chars else NOTHING
    )
    return fold("Overwritten lines", code_box(terminal(part.shown)) + rest, exact(text.count("\n") + 1))


def _counted(count: int, noun: str) -> str:
    return f"{exact(count)} {noun}{'' if count == 1 else 's'}"


def _more(count: int, noun: str) -> str:
    return f"{exact(count)} more {noun}{'' if count == 1 else 's'}"


# --- files ----------------------------------------------------------------------------------------------------------


def _file(text: str, asked: FileReading, scale: DrawingScale) -> Drawing | None:
    lines = numbered(text)
    is_counted = lines is None and asked.first is not None and not says_of_itself(text)
    if lines is None:
        lines = counted(text, asked.first or 1) if is_counted else [FileLine(None, line) for line in text.split("\n")]
    shown = _shown_lines([line.text for line in lines], scale.lines, scale.chars)
    numbers = [line.number for line in lines if line.number is not None]
    where = f"lines {exact(numbers[0])} to {exact(numbers[-1])}" if len(numbers) > 1 else ""
    what = [where, "counted here" if is_counted else "", language_of(asked.path)]
    head = component("tool_drawings", "file_head")(
        asked.path[: bounds.at_most(PATH_CHARS)], ", ".join(filter(None, what))
    )
    rows = list(_rows(lines[:shown], language_of(asked.path)))
    direction = "ltr" if is_inked(language_of(asked.path)) else "auto"
    count = len(numbers) or len(lines) - (not lines[-1].text)
    words = _counted(count, "line") if len(lines) > 1 else ""
    return Drawing(head, component("tool_drawings", "lines")(rows, direction), len(lines) - shown, "line", words)


def _rows(lines: Sequence[FileLine], language: str) -> Iterator[tuple[int | None, Markup]]:
    """Lines with their numbers, in the inks of their language. What stands around numbered lines is none of a file."""
    is_numbered = any(line.number is not None for line in lines)
    own = [line.text for line in lines if line.number is not None or not is_numbered]
    is_plain = not is_inked(language) or any("\x1b" in text for text in own)
    inks = iter([] if is_plain else lines_in_inks(own, language))
    for line in lines:
        is_own = not is_plain and (line.number is not None or not is_numbered)
        yield line.number, next(inks) if is_own else terminal(line.text)


# --- lists ----------------------------------------------------------------------------------------------------------


def _places(places: Sequence[FileMatch], scale: DrawingScale) -> Drawing:
    shown = _shown_lines([f"{place.path}{place.text}" for place in places], scale.lines, scale.chars)
    groups = [(path, [(place.number, place.text) for place in group]) for path, group in by_path(places[:shown])]
    files = len({place.path for place in places if place.path is not None})
    count = sum(place.path is not None for place in places)
    head = f"{_counted(count, 'line')} in {_counted(files, 'file')}"
    content = component("tool_drawings", "places")(groups)
    return Drawing(Markup("{}").format(head), content, len(places) - shown, "line", head)


def _hits(found: SearchHits, scale: DrawingScale) -> Drawing:
    most, named = bounds.at_most(1_000), bounds.at_most(PATH_CHARS)
    shown = found.hits if is_looking() else found.hits[: scale.rows]
    rows = [
        (link(visible(hit.address[:named]), visible(hit.title[:named])), hit.snippet[:most],
         len(hit.snippet[most:]), other_members(hit.rest))
        for hit in shown
    ]  # fmt: skip
    head = _counted(len(found.hits), "result")
    content = component("tool_drawings", "hits")(rows) + other_members(found.rest)
    return Drawing(Markup("{}").format(head), content, len(found.hits) - len(shown), "result", head)


def _hits_within(before: str, hits: SearchHits, after: str, scale: DrawingScale) -> Drawing:
    drawn = _hits(hits, scale)
    part = excerpt(after, scale.chars, scale.lines)
    content = joined(
        (said_box(before) if before else NOTHING, drawn.content, said_box(part.shown) if after else NOTHING)
    )
    if drawn.hidden:
        content += reference("info", _more(drawn.hidden, drawn.unit))
    return Drawing(drawn.head, content, part.hidden_chars, "character", drawn.words)


# --- data -----------------------------------------------------------------------------------------------------------


def _data(value: Any, scale: DrawingScale, languages: Mapping[str, str] | None = None) -> Drawing | None:
    """A tree or a table; None for what is neither, and where what is looked for would be left out. `languages`: of
    members that are code.
    """
    if value is UNREAD or not isinstance(value, (dict, list)) or not value:
        return None
    scale = EVERYTHING if bounds.is_whole() else scale
    tree = DataTree(scale.nodes, scale.rows, languages or {})
    notes: list[str] = []
    if table := tree.table(value, rows_follow=True):
        head, content = _counted(len(value), "row"), component("tool_drawings", "table")(table)
        hidden = len(value) - len(table.rows)
        unit = "row"
    else:
        nodes = tree.nodes(value)
        tree.note_rest(notes, value, len(nodes))
        head, content = "", component("tool_drawings", "tree")(nodes, notes, "")
        hidden, unit = 0, ""
    if is_looking() and not tree.is_whole:
        return None
    return Drawing(Markup("{}").format(head), content, hidden, unit, head)
