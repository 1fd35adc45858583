"""Tool calls and their results as HTML: one line each that opens."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content import base64_text
from sessions_app.content.blocks import ContentBlock, MediaBlock, OtherBlock, ToolCallBlock, ToolResultBlock
from sessions_app.content.json_values import to_json
from sessions_app.content.outcomes import FAILED, FINE, UNKNOWN, Outcome, outcome_of
from sessions_app.pages.html.attachments import attachment, byte_size, kind_in_words
from sessions_app.pages.html.components import NOTHING, component, joined, sentence
from sessions_app.pages.html.excerpts import RESULT_LINES, excerpt
from sessions_app.pages.html.finding import part
from sessions_app.pages.html.formats import exact, size
from sessions_app.pages.html.json_text import Indented, beginning, drawn, indent, is_json
from sessions_app.pages.html.pieces import clamped, code_box, reference
from sessions_app.pages.html.pieces import code as code_of
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.terminal import plain, terminal
from sessions_app.pages.html.texts import clipped, code, first_line, peek, with_seams
from sessions_app.pages.html.tool_pairs import Execution, FoundCall, FoundResult
from sessions_app.pages.html.tools.drawing import WHOLE, DrawnResult, drawn_call, drawn_result
from sessions_app.pages.html.tools.edits import FileEdits
from sessions_app.pages.html.tools.files import FileReading
from sessions_app.pages.html.tools.forms import asked_in
from sessions_app.pages.html.tools.kinds import Asked, PlainArguments, asked
from sessions_app.pages.html.tools.reading import UNREAD, repeated_name, unique_members, unwrapped
from sessions_app.pages.html.tools.shell import ShellCommand, tells_of_command, written_first

SUMMARY_CHARS = 200
# So many arguments of a call stand in its line.
MOST_IN_LINE = 12
# Names and ids that a sender chose, where they stand in a line.
LABEL_CHARS = 200
MOST_NAMED = 20
# How many images and files of one result are offered.
MOST_ATTACHED = 50


# --- calls ----------------------------------------------------------------------------------------------------------


def answered_call(call: ToolCallBlock, address: BlockAddress, found: FoundResult, ran: Execution | None) -> Markup:
    """A call with its result, and with the span of the tool that it started."""
    result, what = found.block, _asked(call)
    content = _arguments(call, address, what)
    outcome = outcome_of(result, call)
    place = BlockAddress(address.base_url, found.digest, str(found.number))
    returned, words = tool_result(result, place, what, outcome)
    # An image that the model made is its answer, so it is seen without opening the line.
    is_picture = call.by_provider and not result.text and bool(result.blocks)
    content += NOTHING if is_picture else part(found.digest) + returned + part(address.digest)
    amounts = [size_of_result(result)]
    if ran:
        content += _failure(ran) + _execution(ran)
        amounts.insert(0, ran.duration)
        outcome = FAILED if ran.error else FINE if outcome == UNKNOWN else outcome
    line = _line(call.name, _summary(call, what), words or beginning_of(result, what), amounts, outcome, content)
    return line + returned if is_picture else line


def unanswered_call(call: ToolCallBlock, address: BlockAddress, ran: Execution | None, note: str) -> Markup:
    """A call without a result; `note` says what is known of it. What its execution returned is shown instead."""
    what = _asked(call)
    content = _arguments(call, address, what)
    if ran is None:
        return _line(call.name, _summary(call, what), note, (), UNKNOWN, content)
    content += ran.body + _failure(ran) + _execution(ran, note)
    result = first_line(ran.error or ran.result)
    return _line(call.name, _summary(call, what), result, [ran.duration], FAILED if ran.error else FINE, content)


def lone_result(result: ToolResultBlock, address: BlockAddress, name: str = "") -> Markup:
    """A result whose call was not logged, or stands elsewhere: then `name` is the tool's."""
    content, words = tool_result(result, address, asked(result.name, ""))
    call_id = "" if name else result.call_id[:LABEL_CHARS]
    name = name or result.name or "tool result"
    return _line(name, call_id, words or beginning_of(result), [size_of_result(result)], outcome_of(result), content)


def _line(name: str, arguments: str, result: str, amounts: Sequence[str], outcome: Outcome, content: Markup) -> Markup:
    name = name[:LABEL_CHARS] or "tool"
    if outcome.reason:
        content = reference("alert", f"It looks failed: {outcome.reason}") + content
    return component("tool_calls", "call")(name, arguments, result, amounts, outcome, content)


# So many failed results of a session are counted (the SQL function `failure_union`).
MOST_COUNTED = 1_000


def failure_count(count: int) -> str:
    """How many tool results of a session failed, as a number: `1,000+` if there may be more."""
    return exact(count) + ("+" if count >= MOST_COUNTED else "")


def failed_results(error_count: int, looks_failed_count: int) -> str:
    """How many tool results failed, in words: `2 tool results failed, 1 more looks failed`.

    A session keeps the keys of at most MOST_COUNTED.
    """
    least = "at least " if error_count + looks_failed_count >= MOST_COUNTED else ""
    failed, looks = f"{least}{exact(error_count)}", f"{'' if error_count else least}{exact(looks_failed_count)}"
    noun, verb = ("" if error_count == 1 else "s"), ("looks" if looks_failed_count == 1 else "look")
    if not error_count:
        return (
            f"{looks} tool result{'' if looks_failed_count == 1 else 's'} {verb} failed" if looks_failed_count else ""
        )
    return f"{failed} tool result{noun} failed" + (f", {looks} more {verb} failed" if looks_failed_count else "")


def _failure(ran: Execution) -> Markup:
    return code_box(terminal(ran.error), "e") if ran.error else NOTHING


def _execution(ran: Execution, note: str = "") -> Markup:
    return component("tool_calls", "execution")(ran.href, ran.duration, note)


def references(found: Sequence[tuple[FoundCall, ToolResultBlock]]) -> Markup:
    """Results that are shown elsewhere: `read_file, search_code, 4.1 kB, shown with their calls in 2`."""
    names = list(dict.fromkeys(call.name[:LABEL_CHARS] or "tool" for call, _ in found))
    total = sum(_bytes_of(result) for _, result in found)
    amount = size(total) if total else "" if any(result.blocks for _, result in found) else "empty"
    places = list({call.number: call.href for call, _ in found}.items())[:MOST_NAMED]
    is_more = len(names) > MOST_NAMED
    return component("tool_calls", "references")(names[:MOST_NAMED], is_more, amount, len(found), places)


def whole_drawing(block: ContentBlock, address: BlockAddress, query: Mapping[str, str]) -> Markup | None:
    """A call or a result on the larger scale; None for what is shown as its text."""
    if isinstance(block, ToolCallBlock):
        return drawn_call(_asked(block), address, WHOLE)
    found = drawn_result(block.text, asked_in(query), address, WHOLE) if isinstance(block, ToolResultBlock) else None
    return found.html if found else None


# --- arguments ------------------------------------------------------------------------------------------------------


def arguments_text(call: ToolCallBlock) -> Indented:
    """The arguments of a call as they are shown: JSON is indented, other text is not."""
    return indent(call.arguments) if is_json(call.arguments) else Indented(call.arguments)


def _asked(call: ToolCallBlock) -> Asked:
    return asked(call.name, base64_text.readable(call.arguments))


def _arguments(call: ToolCallBlock, address: BlockAddress, what: Asked) -> Markup:
    text = base64_text.readable(call.arguments)
    if not text or text.strip() == "{}":
        return NOTHING
    if html := drawn_call(what, address):
        return html
    part = (beginning if is_json(text) else excerpt)(text, lines=RESULT_LINES)
    html = clamped(with_seams(part.shown, _drawn_box), address.text_url, part.hidden_chars)
    name = repeated_name(text) if isinstance(what, PlainArguments) and what.value is UNREAD else None
    return html if name is None else _repeated(name) + html


def _repeated(name: str) -> Markup:
    words = "The name {} is given more than once. Which value the tool took is not known"
    return reference("alert", sentence(words, code_of(peek(name, LABEL_CHARS))))


def _drawn_box(text: str) -> Markup:
    return code_box(drawn(text))


def _summary(call: ToolCallBlock, what: Asked) -> str:
    if isinstance(what, ShellCommand):
        return peek(what.text, SUMMARY_CHARS)
    if isinstance(what, FileEdits):
        return " ".join((peek(what.path, SUMMARY_CHARS), what.amounts)).strip()
    return summary_of_arguments(base64_text.readable(call.arguments))


def summary_of_arguments(text: str) -> str:
    """Arguments in one line: `path: src/retry.py, lines: 40`; the beginning of what is not a JSON object."""
    if len(text) <= 20_000 and is_json(text):
        try:
            value = json.loads(text, object_pairs_hook=unique_members)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            pieces = (f"{key}: {_short_value(item)}" for key, item in list(value.items())[:MOST_IN_LINE])
            line = ", ".join(pieces) + (", …" if len(value) > MOST_IN_LINE else "")
            return clipped(line, SUMMARY_CHARS)
    return peek(text, SUMMARY_CHARS)


def _short_value(value: Any) -> str:
    if isinstance(value, str):
        line = peek(value, SUMMARY_CHARS)
        return f'"{line}"' if "," in line or ":" in line else line
    if isinstance(value, (list, dict)) and any(isinstance(item, (list, dict)) for item in _items(value)):
        return f"{exact(len(value))} {'item' if isinstance(value, list) else 'member'}{'' if len(value) == 1 else 's'}"
    return clipped(to_json(value), SUMMARY_CHARS)


def _items(value: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


# --- results --------------------------------------------------------------------------------------------------------


def tool_result(
    result: ToolResultBlock, address: BlockAddress, what: Asked, outcome: Outcome | None = None
) -> DrawnResult:
    """What a tool returned: its text, images and files; a value that is none of these as JSON. `outcome`: how it went,
    if that is known.
    """
    outcome = outcome or outcome_of(result)
    attached = _attached(result, address)
    if not result.text:
        return DrawnResult(attached or reference("info", "Empty result"), "")
    is_failed = outcome.is_failure
    # What came instead of a file has no lines of it.
    what = PlainArguments(UNREAD) if is_failed and isinstance(what, FileReading) else what
    if found := drawn_result(result.text, what, address):
        return DrawnResult(found.html + attached, "" if is_failed else found.words)
    if _is_data(result):
        part = beginning(result.text, lines=RESULT_LINES)
        return DrawnResult(clamped(code_box(drawn(part.shown)), address.text_url, part.hidden_chars) + attached, "")
    ink = "e" if outcome == FAILED else ""
    return DrawnResult(code(result.text, address, RESULT_LINES, ink) + attached, "")


def result_text(result: ToolResultBlock) -> Indented:
    """What a tool returned as it is shown: data are indented JSON, other text is not."""
    return indent(result.text) if _is_data(result) else Indented(result.text)


def _is_data(result: ToolResultBlock) -> bool:
    return is_json(result.text) and any(isinstance(block, OtherBlock) for block in result.blocks)


def beginning_of(result: ToolResultBlock, what: Asked | None = None) -> str:
    """The first line of what a tool returned, or the members of an object; else the kinds of what is there."""
    if result.text:
        text = unwrapped(base64_text.readable(result.text))
        if isinstance(what, ShellCommand) or tells_of_command(text):
            return first_line(written_first(text)) or "no output"
        return summary_of_arguments(text) if text.startswith("{") else first_line(plain(text[:2_000]))
    media = [block for block in result.blocks if isinstance(block, MediaBlock)]
    return ", ".join(dict.fromkeys(block.name[:LABEL_CHARS] or kind_in_words(block) for block in media[:MOST_NAMED]))


def size_of_result(result: ToolResultBlock) -> str:
    """How much a tool returned; "" if it only returned something that is elsewhere."""
    amount = _bytes_of(result)
    return size(amount) if amount else "" if result.blocks else "empty"


def _bytes_of(result: ToolResultBlock) -> int:
    """The bytes of its text, images and files. In data, base64 is only named, and still counts."""
    media = sum(byte_size(block) for block in result.blocks if isinstance(block, MediaBlock))
    text = result.text
    if base64_text.NAMED in text:
        text = "\n".join(to_json(block.value) for block in result.blocks if isinstance(block, OtherBlock)) or text
    return len(text.encode("utf-8", "replace")) + media


def _attached(result: ToolResultBlock, address: BlockAddress) -> Markup:
    found = [(number, block) for number, block in enumerate(result.blocks) if isinstance(block, MediaBlock)]
    # A document that is only text is shown as the text of the result.
    found = [(number, block) for number, block in found if block.url or block.name or block.byte_size]
    if not found:
        return NOTHING
    rows = [attachment(block, address.inner(number)) for number, block in found[: bounds.at_most(MOST_ATTACHED)]]
    if len(found) > len(rows):
        rows.append(reference("info", f"{exact(len(found) - len(rows))} more in the raw JSON"))
    return component("pieces", "thumbs")(joined(rows))
