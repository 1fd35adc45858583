"""What a page says where it has no messages to show: whether there are none, or they are not understood or not read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from sessions_app.content.blocks import ContentBlock
from sessions_app.content.json_values import to_json
from sessions_app.content.unread import decoded, unread, untold
from sessions_app.pages.html.components import NOTHING, component, joined, sentence
from sessions_app.pages.html.json_text import beginning, drawn
from sessions_app.pages.html.pieces import clamped, code_box, fold, link, reference
from sessions_app.pages.html.texts import peek, seam_instead, size_of
from sessions_app.records import Documents
from sessions_app.wire.agent_states import MESSAGES
from sessions_app.wire.unread_members import KNOWN_IN_REQUEST, KNOWN_IN_RESPONSE

Side = Literal["request", "response"]

_NOT_LOGGED = {"request": "No input was logged", "response": "No answer was logged"}
_EMPTY = {"request": "The request holds no messages", "response": "Empty answer"}
_NOT_UNDERSTOOD = {
    "request": "No message was recognised in the request. It is shown as it came",
    "response": "No answer was recognised in the response. It is shown as it came",
}
_REST = {"request": "More of the request, as it came", "response": "More of the response, as it came"}
# Settings of a request that the Responses API repeats in the response, and what it completes: tools get their defaults.
_REPEATED = frozenset(
    {
        *("store", "reasoning", "previous_response_id", "metadata", "truncation", "background", "conversation", "user"),
        *("prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier", "text", "tool_choice"),
        *("max_output_tokens", "max_tool_calls", "top_logprobs", "frequency_penalty", "presence_penalty"),
    }
)
_COMPLETED = frozenset({"tools", "prompt"})
_SETTINGS_OF_SPANS = frozenset({"encoding_formats"})
_KNOWN = {"request": KNOWN_IN_REQUEST, "response": KNOWN_IN_RESPONSE}
_NO_INPUT = "LiteLLM logged no input for this call."
_NAME_SESSIONS = (
    "It does so for some endpoints, such as Gemini’s generateContent and pass-through. So that such calls keep "
    "together, let the client send the header x-litellm-session-id (Gemini CLI: GEMINI_CLI_CUSTOM_HEADERS)."
)
_NOT_CAPTURED = {"request": "No messages were captured.", "response": "The answer was not captured."}
_CAPTURE = (
    "Telemetry tells of the call without its contents unless it is told to capture them; each library has a setting "
    "for it, such as OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT or, in Claude Code, OTEL_LOG_USER_PROMPTS."
)
# A shorter text with the mark of an omission in it consists of little but the mark.
_ONLY_A_MARK_CHARS = 200


@dataclass(frozen=True, slots=True)
class CallBody:
    """The request or response of a call. `documents` is None if they were not read with the page, at `base_url`."""

    side: Side
    documents: Documents | None
    base_url: str

    @property
    def content(self) -> bytes | None:
        if self.documents is None:
            return None
        return self.documents.request if self.side == "request" else self.documents.response

    def instead(self) -> Markup:
        """What is said in the place of messages, if none were found."""
        if self.documents is None:
            return self._elsewhere()
        if self.side == "request" and self.documents.is_input_withheld:
            return component("texts", "seam")(_NO_INPUT, _NAME_SESSIONS)
        value = None if self.content is None else decoded(self.content)
        rest = unread(self._without_parameters(value), ())
        if rest is None and self.documents.is_span:
            return component("texts", "seam")(_NOT_CAPTURED[self.side], _CAPTURE)
        if self.content is None:
            return reference("info", _NOT_LOGGED[self.side])
        if rest is None:
            rest = untold(value, _KNOWN[self.side])
        if rest is None:
            return reference("info", _EMPTY[self.side])
        text = to_json(rest)
        if len(text) < _ONLY_A_MARK_CHARS and (missing := seam_instead(text)) is not None:
            return missing
        return joined((reference("alert", _NOT_UNDERSTOOD[self.side]), self._fold(self.side.capitalize(), value)))

    def _without_parameters(self, value: Any) -> Any:
        """What a span says of its request without settings, which are no messages."""
        if (
            self.side != "request"
            or self.documents is None
            or not self.documents.is_span
            or not isinstance(value, dict)
        ):
            return value
        return {name: item for name, item in value.items() if name not in _KNOWN["request"] | _SETTINGS_OF_SPANS}

    def beside(self, said: Iterable[ContentBlock], *also: str) -> Markup:
        """What of the body is in none of these blocks and texts, folded."""
        if self.content is None:
            return NOTHING
        value, said = decoded(self.content), tuple(said)
        if isinstance(value, str) and not said:
            # The text of an error is told beside it.
            return NOTHING
        if self.side == "response":
            value = self._without_settings(_without_history(value))
        rest = unread(value, said, *also)
        return NOTHING if rest is None else self._fold(_REST[self.side], rest)

    def _without_settings(self, value: Any) -> Any:
        """A response without what it repeats of the request, where that is there to be read."""
        if self.documents is None or self.documents.request is None or not isinstance(value, dict):
            return value
        asked = decoded(self.documents.request)
        asked = asked if isinstance(asked, dict) else {}
        read = _REPEATED | (_COMPLETED & asked.keys())
        return {
            name: item for name, item in value.items() if name not in read and (item is None or item != asked.get(name))
        }

    def _elsewhere(self) -> Markup:
        words = link(f"{self.base_url}?raw={self.side}#raw", f"the {self.side} as it came")
        return reference("info", sentence("Not shown here: {}", words))

    def _fold(self, title: str, value: object) -> Markup:
        text = to_json(value)
        part = beginning(text)
        content = clamped(code_box(drawn(part.shown)), f"{self.base_url}raw/{self.side}/?offset=0", part.hidden_chars)
        return fold(title, content, f"JSON, {size_of(text)}", peek(part.shown))


def _without_history(value: Any) -> Any:
    """An agent's state without its messages: those that are not the answer were there before."""
    if not isinstance(value, dict) or "choices" in value:
        return value
    inner = {name: item for name, item in value.items() if name != MESSAGES or not isinstance(item, list)}
    return inner if len(inner) < len(value) else {name: _without_history_in(item) for name, item in value.items()}


def _without_history_in(value: Any) -> Any:
    """The same for what an object holds."""
    if not isinstance(value, dict) or not isinstance(value.get(MESSAGES), list):
        return value
    return {name: item for name, item in value.items() if name != MESSAGES}
