"""How a tool's result went: decided here for all APIs.

An API may say it in a field: `is_error` (Anthropic), `isError` (MCP, 2025-06-18), `status` (Bedrock Converse,
LangChain, OpenAI's Responses API), `error_code` and `return_code` (Anthropic's server tools), `outcome` (Gemini's code
execution, OpenAI's shell). Most say nothing, so the text is looked at, too (`failure_signs`). What it says only makes a
result "look failed".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from sessions_app.content.blocks import ContentBlock, Message, OtherBlock, ToolCallBlock, ToolResultBlock
from sessions_app.content.commands import answers_no, has_complaint
from sessions_app.content.failure_signs import sign_in_data, sign_in_text
from sessions_app.content.json_values import JsonObject

OutcomeStatus: TypeAlias = Literal["error", "looks_failed", "ok", "unknown"]

_FAILED = frozenset({"error", "failed", "failure", "incomplete", "output-error"})
_FINE = frozenset({"success", "succeeded"})
_SAID = _FAILED | _FINE
_FLAGS = ("is_error", "isError")
_ALL_FLAGS = (*_FLAGS, "success")
_EXIT_CODES = ("exit_code", "exitCode", "return_code", "returncode")
_MOST_OUTPUTS = 100
_MOST_RESULTS = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a tool's result went. `reason`: the sign by which it looks failed."""

    status: OutcomeStatus
    reason: str = ""

    @property
    def is_failure(self) -> bool:
        return self.status in ("error", "looks_failed")


class ToolFailure(NamedTuple):
    """A result of a message that failed: the id of its call and the name of its tool, each "" if it is not there.

    `may_answer`: it did not, if its call is a command that answers "no" with its exit code.
    """

    call_id: str
    name: str
    looks_failed: bool
    may_answer: bool = False


UNKNOWN, FINE, FAILED = Outcome("unknown"), Outcome("ok"), Outcome("error")
# What a command returns that answers "no".
_NO = "exit code 1"


def outcome_of(result: ToolResultBlock, call: ToolCallBlock | None = None) -> Outcome:
    """How a result went: what the API says, or else what its text looks like. `call`: what it answers, if known."""
    if result.is_error is not None:
        is_answer = result.is_error and call and _is_no(result) and answers_no(call.arguments)
        return FAILED if result.is_error and not is_answer else FINE
    reason = sign_in_text(result.text) if result.text else _sign_in_blocks(result.blocks)
    if reason == _NO and call and not has_complaint(result.text) and answers_no(call.arguments):
        return FINE
    return Outcome("looks_failed", reason) if reason else UNKNOWN


def failures_in(message: Message) -> tuple[ToolFailure, ...]:
    """The results of a message that failed or look failed."""
    results = [block for block in message.blocks if isinstance(block, ToolResultBlock)]
    if not results:
        return ()
    # Tools that the provider ran are called in the same message.
    calls = {block.id: block for block in message.blocks if isinstance(block, ToolCallBlock)}
    found = ((result, calls.get(result.call_id)) for result in results[:_MOST_RESULTS])
    return tuple(
        ToolFailure(
            result.call_id,
            result.name or (call.name if call else ""),
            outcome.status == "looks_failed",
            call is None and (outcome.reason == _NO or _is_no(result)) and not has_complaint(result.text),
        )
        for result, call in found
        if (outcome := outcome_of(result, call)).is_failure
    )


# As content/apis/described.py tells the exit codes of OpenAI's shell.
_TOLD_CODE = re.compile(r"^outcome: exit code (-?\d{1,10})$", re.MULTILINE)


def _is_no(result: ToolResultBlock) -> bool:
    """Whether all that says that a result failed is exit code 1 of its last command."""
    codes = _TOLD_CODE.findall(result.text) if "outcome: exit code" in result.text else []
    return codes[-1:] == ["1"] and set(codes[:-1]) <= {"0"} and not has_complaint(result.text)


def _sign_in_blocks(blocks: Iterable[ContentBlock]) -> str:
    """The sign of a failure in a result that is an object and not a text."""
    first = next(iter(blocks), None)
    return sign_in_data(first.value) if isinstance(first, OtherBlock) and isinstance(first.value, dict) else ""


# --- what the API says ----------------------------------------------------------------------------------------------


def said_failed(item: JsonObject) -> bool | None:
    """Whether the item that holds a tool's result says that the tool failed; None if it says neither.

    `status: completed` only says that the item is complete, except where the item is the patch that was applied, or
    the call of a tool that the provider ran.
    """
    for flag in _ALL_FLAGS:
        if isinstance(item.get(flag), bool):
            return bool(item[flag]) if flag in _FLAGS else not item[flag]
    for name in ("status", "state"):
        said = item.get(name)
        if isinstance(said, str) and said in _SAID:
            return said in _FAILED
    if item.get("error"):
        return True
    if item.get("status") == "completed" and _is_run(item.get("type")):
        return False
    for said in (item.get("outcome"), item.get("content"), item.get("output"), item.get("result")):
        if (found := _in_content(said)) is not None:
            return found
    return _exit_code_failed(item)


def _is_run(kind: Any) -> bool:
    return isinstance(kind, str) and (kind == "apply_patch_call_output" or kind.endswith("_call"))


def _in_content(content: Any) -> bool | None:
    """What the content of a provider's tool says."""
    if isinstance(content, str):
        # Gemini's `OUTCOME_OK`; its SDK writes `Outcome.OUTCOME_OK`.
        name = content.rpartition(".")[2] if "OUTCOME_" in content[:30] else ""
        return name != "OUTCOME_OK" if name and name != "OUTCOME_UNSPECIFIED" else None
    if isinstance(content, list):
        outcomes = [item.get("outcome") for item in content[:_MOST_OUTPUTS] if isinstance(item, dict)]
        found = [said for outcome in outcomes if (said := _in_content(outcome)) is not None]
        return any(found) if found else _first_error_code(content)
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("error_code"), str):
        return True
    if content.get("type") == "timeout":
        return True
    return _exit_code_failed(content)


def _first_error_code(content: list[Any]) -> bool | None:
    first = content[0] if content else None
    return True if isinstance(first, dict) and isinstance(first.get("error_code"), str) else None


def _exit_code_failed(value: JsonObject) -> bool | None:
    return next((value[name] != 0 for name in _EXIT_CODES if type(value.get(name)) is int), None)
