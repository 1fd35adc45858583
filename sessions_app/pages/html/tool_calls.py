"""Tool calls and their results as HTML: one line each that opens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from sessions_app.content.blocks import ContentBlock, MediaBlock, OtherBlock, ToolCallBlock, ToolResultBlock
from sessions_app.content.json_values import to_json
from sessions_app.pages.html.attachments import attachment
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.excerpts import RESULT_LINES, excerpt
from sessions_app.pages.html.formats import exact, size
from sessions_app.pages.html.json_text import Indented, beginning, drawn, indent, is_json
from sessions_app.pages.html.other_blocks import other
from sessions_app.pages.html.pieces import clamped, code_box, reference
from sessions_app.pages.html.plain_text import terminal
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.texts import code, first_line, peek, size_of, with_seams
from sessions_app.pages.html.tool_pairs import Execution, FoundCall, FoundResult

SUMMARY_CHARS = 200
# Names and ids that a sender chose, where they stand in a line.
LABEL_CHARS = 200
MOST_NAMED = 20
# How many images and files of one result are offered.
MOST_ATTACHED = 50


# --- calls ----------------------------------------------------------------------------------------------------------


def answered_call(call: ToolCallBlock, address: BlockAddress, found: FoundResult, ran: Execution | None) -> Markup:
    """A call with its result, and with the span of the tool that it started."""
    result = found.block
    content = _arguments(call, address)
    content += tool_result(result, BlockAddress(address.base_url, found.digest, str(found.number)))
    amounts, is_error = [_amount(result)], result.is_error
    if ran:
        content += _failure(ran) + _execution(ran)
        amounts.insert(0, ran.duration)
        is_error = bool(ran.error) or bool(is_error)
    return _line(call.name, _summary(call), first_line(result.text), amounts, _state(is_error), content)


def unanswered_call(call: ToolCallBlock, address: BlockAddress, ran: Execution | None, note: str) -> Markup:
    """A call without a result; `note` says what is known of it. What its execution returned is shown instead."""
    content = _arguments(call, address)
    if ran is None:
        return _line(call.name, _summary(call), note, (), "", content)
    content += ran.body + _failure(ran) + _execution(ran, note)
    result = first_line(ran.error or ran.result)
    return _line(call.name, _summary(call), result, [ran.duration], _state(bool(ran.error)), content)


def lone_result(result: ToolResultBlock, address: BlockAddress) -> Markup:
    """A result whose call was not logged."""
    name, call_id = result.name or "tool result", result.call_id[:LABEL_CHARS]
    content = tool_result(result, address)
    return _line(name, call_id, first_line(result.text), [_amount(result)], _state(result.is_error), content)


def _amount(result: ToolResultBlock) -> str:
    """How much text a tool returned; "" if it only returned something else."""
    return size_of(result.text) if result.text else "" if result.blocks else "empty"


def _line(name: str, arguments: str, result: str, amounts: Sequence[str], state: str, content: Markup) -> Markup:
    return component("tool_calls", "call")(name[:LABEL_CHARS] or "tool", arguments, result, amounts, state, content)


def _state(is_error: bool | None) -> str:
    return "" if is_error is None else "error" if is_error else "ok"


def _failure(ran: Execution) -> Markup:
    return code_box(terminal(ran.error), "e") if ran.error else NOTHING


def _execution(ran: Execution, note: str = "") -> Markup:
    return component("tool_calls", "execution")(ran.href, ran.duration, note)


def references(found: Sequence[tuple[FoundCall, ToolResultBlock]]) -> Markup:
    """Results that are shown elsewhere: `read_file, search_code, 4.1 kB, shown with their calls in 2`."""
    names = list(dict.fromkeys(call.name[:LABEL_CHARS] or "tool" for call, _ in found))
    total = sum(len(result.text.encode("utf-8", "replace")) for _, result in found)
    amount = size(total) if total else "" if any(result.blocks for _, result in found) else "empty"
    places = list({call.number: call.href for call, _ in found}.items())[:MOST_NAMED]
    is_more = len(names) > MOST_NAMED
    return component("tool_calls", "references")(names[:MOST_NAMED], is_more, amount, len(found), places)


# --- arguments ------------------------------------------------------------------------------------------------------


def arguments_text(call: ToolCallBlock) -> Indented:
    """The arguments of a call as they are shown: JSON is indented, other text is not."""
    return indent(call.arguments) if is_json(call.arguments) else Indented(call.arguments)


def _arguments(call: ToolCallBlock, address: BlockAddress) -> Markup:
    text = call.arguments
    if not text or text.strip() == "{}":
        return NOTHING
    part = (beginning if is_json(text) else excerpt)(text, lines=RESULT_LINES)
    return clamped(with_seams(part.shown, _drawn_box), address.text_url, part.hidden_chars)


def _drawn_box(text: str) -> Markup:
    return code_box(drawn(text))


def _summary(call: ToolCallBlock) -> str:
    return summary_of_arguments(call.arguments)


def summary_of_arguments(text: str) -> str:
    """Arguments in one line: `path: src/retry.py, lines: 40`; the beginning of what is not a JSON object."""
    if len(text) <= 20_000 and is_json(text):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            pieces = (f"{key}: {_short_value(item)}" for key, item in list(value.items())[:12])
            return ", ".join(pieces)[:SUMMARY_CHARS]
    return peek(text, SUMMARY_CHARS)


def _short_value(value: Any) -> str:
    if isinstance(value, str):
        line = " ".join(value[:SUMMARY_CHARS].split())
        return f'"{line}"' if "," in line or ":" in line else line
    return to_json(value)[:SUMMARY_CHARS]


# --- results --------------------------------------------------------------------------------------------------------


def tool_result(result: ToolResultBlock, address: BlockAddress) -> Markup:
    """What a tool returned: its text, images and files; a value that is none of these as JSON."""
    attached = _attached(result, address)
    if result.text:
        return code(result.text, address, RESULT_LINES, "e" if result.is_error else "") + attached
    if attached:
        return attached
    if result.blocks:
        return other(OtherBlock([_value_of(block) for block in result.blocks]), address)
    return reference("info", "Empty result")


def _value_of(block: ContentBlock) -> Any:
    return block.value if isinstance(block, OtherBlock) else None


def _attached(result: ToolResultBlock, address: BlockAddress) -> Markup:
    found = [(number, block) for number, block in enumerate(result.blocks) if isinstance(block, MediaBlock)]
    if not found:
        return NOTHING
    rows = [attachment(block, address.inner(number)) for number, block in found[:MOST_ATTACHED]]
    if len(found) > MOST_ATTACHED:
        rows.append(reference("info", f"{exact(len(found) - MOST_ATTACHED)} more in the raw JSON"))
    return component("pieces", "thumbs")(joined(rows))
