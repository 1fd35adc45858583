"""A model that acts out scripts: what it does next depends on the tools offered and on what the request shows was done.

A conversation is known to the model by a marker in its first text, or by an id that the model gave out in it; logsui is
told neither. The model keeps what it gave to whom (`given`), which is the truth that the judge compares with.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gemini import GeminiHandler
from models import Call, ModelServer, text_of

NAME = "agents"
# When nothing of a script fits: titles, summaries, and whatever else an agent asks beside its conversations.
ASIDE = "Reading notes"
# Numbers are parts of ids. They have the same length, so that no id is the beginning of another.
FIRST_NUMBER = 10**9


@dataclass(frozen=True)
class Use:
    """A tool call. Arguments that are a text are the input of a custom tool. `says`: the text beside it."""

    tool: str
    arguments: dict[str, Any] | str = field(default_factory=dict)
    says: str = ""


Step = str | Use | tuple[Use, ...]


@dataclass(frozen=True)
class Conversation:
    """What an agent is asked, and what the model does about it: for each text (a task, a follow-up, what a sub-agent is
    told) the steps of the turn that it starts. A step is a text, a tool call, or several calls at once.
    """

    agent: str
    marker: str
    turns: dict[str, Sequence[Step]]


@dataclass(frozen=True)
class Item:
    """Something in a request, whatever the API: a text said by somebody, a tool call or a result."""

    role: str
    text: str


@dataclass
class Act(Call):
    """A call with the conversation that it belongs to, and what was said before."""

    marker: str | None = None
    history: list[Item] = field(default_factory=list)


class ScriptedModel(ModelServer):
    def __init__(self, conversations: Sequence[Conversation], dump: Path | None = None) -> None:
        super().__init__(GeminiHandler)
        self.conversations = {each.marker: each for each in conversations}
        self.given: dict[str, str] = {}  # an id that the model made: the conversation's marker
        self._responses: dict[str, list[Item]] = {}  # a response's id: all items up to its end
        self._dump = dump
        self._numbers = itertools.count(FIRST_NUMBER)

    def answer(self, body: dict[str, Any], messages: list[dict[str, Any]], number: int) -> Call:
        history = self._responses.get(body.get("previous_response_id") or "", [])
        items = [*history, *items_of(body)]
        conversation = self.conversation_of(items, body)
        marker = conversation.marker if conversation else None
        call = Act("", str(body.get("model")), items[-1].text if items else "", marker=marker, history=items)
        act(call, next_step(conversation, items), tools_of(body))
        call.output = stopped(call.output, body.get("stop"))
        call.input_tokens, call.output_tokens = 100 + 20 * len(items), 10 + 5 * len(call.tool_calls)
        self._write(number, conversation, body, call)
        return call

    def note(self, name: str, call: Call) -> None:
        super().note(name, call)
        assert isinstance(call, Act)
        with self._lock:
            self._responses[call.response_id] = [*call.history, Item("assistant", call.output)]
            if call.marker:
                self.given |= dict.fromkeys([call.response_id, *(id_ for id_, _, _ in call.tool_calls)], call.marker)

    @property
    def acts(self) -> list[Act]:
        return [call for call in self.calls(NAME) if isinstance(call, Act)]

    def count(self, markers: Sequence[str]) -> int:
        return sum(call.marker in markers for call in self.acts)

    def conversation_of(self, items: list[Item], body: dict[str, Any]) -> Conversation | None:
        """The one whose marker stands last, or whose ids the request holds."""
        text = json.dumps(body)
        places = {marker: text.rfind(marker) for marker in self.conversations}
        places |= {
            marker: max((at for at, item in enumerate(items) if marker in item.text), default=-1)
            for marker, at in places.items()
            if at < 0
        }
        marker = max(places, key=lambda each: places[each], default="")
        if marker and places[marker] >= 0:
            return self.conversations[marker]
        with self._lock:
            known = next((marker for id_, marker in self.given.items() if id_ in text), None)
        return self.conversations[known] if known else None

    def _write(self, number: int, conversation: Conversation | None, body: Any, call: Call) -> None:
        if self._dump is None:
            return
        name = conversation.agent if conversation else "aside"
        document = {"request": body, "says": call.output, "calls": call.tool_calls}
        (self._dump / f"{number:04}-{name}.json").write_text(json.dumps(document, indent=1))


# --- what a request holds --------------------------------------------------------------------------------------------


def items_of(body: dict[str, Any]) -> list[Item]:
    if "contents" in body:
        return list(gemini_items(body["contents"]))
    if "messages" in body:
        return [Item(role_of(item["role"]), text_of(item.get("content"))) for item in body["messages"]]
    given = body.get("input")
    if isinstance(given, str):
        return [Item("user", given)]
    return [response_item(item) for item in given or ()]


def role_of(role: str) -> str:
    return "system" if role == "developer" else role


def response_item(item: dict[str, Any]) -> Item:
    if "role" in item:
        return Item(role_of(item["role"]), text_of(item.get("content")))
    if item["type"].endswith("_output"):
        return Item("tool", text_of(item.get("output")))
    return Item("assistant", "")


def gemini_items(contents: Any) -> Iterator[Item]:
    for content in contents if isinstance(contents, list) else [contents]:
        parts = content.get("parts") or []
        if content.get("role") == "model":
            yield Item("assistant", text_of(parts))
        else:
            yield Item("tool" if any("functionResponse" in part for part in parts) else "user", text_of(parts))


def tools_of(body: dict[str, Any]) -> set[str]:
    names: set[str] = set()
    for tool in body.get("tools") or ():
        functions = tool.get("functionDeclarations") or tool.get("function_declarations")
        inner = functions or (tool.get("tools") if tool.get("type") == "namespace" else None) or [tool]
        names |= {str(each.get("name") or each.get("function", {}).get("name") or each.get("type")) for each in inner}
    return names


# --- what comes next -------------------------------------------------------------------------------------------------


def next_step(conversation: Conversation | None, items: list[Item]) -> Step:
    """The step after those that stand in the request since the last text that starts a turn."""
    if conversation is None:
        return ASIDE
    for at in range(len(items) - 1, -1, -1):
        if items[at].role in ("assistant", "tool"):
            continue
        begun = started_turn(conversation, items[at].text)
        if begun is not None:
            steps = conversation.turns[begun]
            done = rounds(items[at + 1 :])
            return steps[min(done, len(steps) - 1)]
    return ASIDE


def started_turn(conversation: Conversation, text: str) -> str | None:
    plain = " ".join(text.split())
    places = {turn: plain.rfind(" ".join(turn.split())) for turn in conversation.turns}
    last = max(places, key=lambda turn: places[turn])
    return last if places[last] >= 0 else None


def rounds(items: list[Item]) -> int:
    """How many responses there are among the items: the calls of one stand together."""
    roles = [item.role for item in items]
    return sum(role == "assistant" and before != "assistant" for before, role in zip(["", *roles], roles, strict=False))


def act(call: Call, step: Step, tools: set[str]) -> None:
    if isinstance(step, str):
        call.output = step
        return
    uses = step if isinstance(step, tuple) else (step,)
    if not {use.tool for use in uses} <= tools:
        call.output = ASIDE
        return
    call.output = " ".join(use.says for use in uses if use.says)
    call.tool_calls = [(f"call_{uuid.uuid4().hex[:24]}", use.tool, use.arguments) for use in uses]


def stopped(text: str, stop: list[str] | str | None) -> str:
    """The text up to the first stop sequence in it, as APIs cut it."""
    for sequence in [stop] if isinstance(stop, str) else stop or []:
        text = text.partition(sequence)[0]
    return text
