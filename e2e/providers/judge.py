"""Says what is wrong with a call, from what logsui's API and the call's page say of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bs4 import BeautifulSoup, Tag
from conversations import Answer, Call
from corpus import CorpusCall

# What a page says when something is not there.
ABSENT = re.compile(
    r"no answer was (?:logged|returned)|empty answer|no result was sent back|no (?:in|out)put was|was logged without"
    r"|(?<!\d)0 B\b|no request body|no messages",
    re.IGNORECASE,
)
NOT_UNDERSTOOD = re.compile(r"as it came|unknown (?:shape|kind)", re.IGNORECASE)
BROKE_OFF = re.compile(r"br(?:oke|eaks|oken) off|ended early|cut off", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def words(text: str) -> str:
    """A text as its words alone, so that Markdown and line breaks make no difference."""
    return " ".join(_WORD.findall(text))


def faults(call: CorpusCall, told: dict[str, Any], page: BeautifulSoup, session: BeautifulSoup) -> Iterator[str]:
    """What is wrong, in a few words each. `told`: the API's answer with documents. `session`: its session's page."""
    answer = call.turn.answer
    yield from _documents(call, told)
    yield from _usage(call, told)
    status = "error" if answer.status != 200 or answer.finish == "filter" else "success"
    if told["status"] != status:
        yield f"status is {told['status']}, not {status}"
    if answer.status != 200 and answer.text not in ((told["error"] or {}).get("message") or ""):
        yield f"error.message is {(told['error'] or {}).get('message')!r}"
    text = words(page.get_text(" "))
    yield from _texts(call, text)
    # A request that only names the response before it does not hold the calls that it answers.
    yield from _tools(call, session if "previous_response_id" in call.log["request"] else page)
    yield from _claims(answer, page.get_text(" "))


def _documents(call: CorpusCall, told: dict[str, Any]) -> Iterator[str]:
    for name in ("request", "response"):
        if told[name] != call.log[name]:
            yield f"the {name} is not what was sent"


def _usage(call: CorpusCall, told: dict[str, Any]) -> Iterator[str]:
    answer, expected = call.turn.answer, call.expected
    if answer.status != 200 or answer.breaks:
        return
    for name, count in (
        ("input_tokens", expected.input),
        ("output_tokens", expected.output),
        ("cached_tokens", expected.cached),
        ("reasoning_tokens", expected.thought),
    ):
        if count is not None and told[name] != count:
            yield f"{name} is {told[name]}, not {count}"


def _texts(call: CorpusCall, page: str) -> Iterator[str]:
    answer = call.turn.answer
    said = answer.text
    if answer.breaks:
        said = said[: len(said) // 4]
    for name, text in (("answer", said), ("thought", answer.thought), ("user's text", call.turn.user)):
        for line in text.splitlines():
            if words(line) not in page:
                yield f"the {name} is not on the page"
                break


def _tools(call: CorpusCall, page: BeautifulSoup) -> Iterator[str]:
    lines = page.select("details.tool")
    for made in call.turn.answer.calls:
        if not any(_is_call(line, made) for line in lines):
            yield f"the call {made.name} is not on the page"
    for result in (*call.turn.results, *call.turn.answer.ran):
        under = [line for line in lines if _is_call(line, result.call)]
        if not any(words(result.text) in words(line.get_text(" ")) for line in under):
            yield "a result is not under its call" if under else "the call of a result is not on the page"
        elif result.failed and not any(_looks_failed(line) for line in under):
            yield "a failed result is not marked"


def _is_call(line: Tag, call: Call) -> bool:
    said = words(line.get_text(" "))
    values = all(words(str(value)) in said for value in call.arguments.values())
    return values and (call.name in said or call.name == "run")


def _looks_failed(line: Tag) -> bool:
    return line.get("data-state") not in (None, "", "ok", "unknown")


def _claims(answer: Answer, text: str) -> Iterator[str]:
    is_empty = not (answer.text or answer.calls or answer.thought)
    if (claim := ABSENT.search(text)) and not is_empty:
        yield f"the page claims “{claim[0]}”"
    if (unknown := NOT_UNDERSTOOD.search(text)) and not is_empty and answer.status == 200:
        yield f"the page says “{unknown[0]}”"
    if answer.breaks and not BROKE_OFF.search(text):
        yield "the page does not say that the stream broke off"
    if answer.finish == "length" and not re.search(r"limit|length|max", text):
        yield "the page does not say that the limit stopped it"


def sessions(calls: list[CorpusCall], session_of: dict[str, str]) -> Iterator[tuple[CorpusCall, str]]:
    """What is wrong with the sessions: by the first call that it shows at."""
    of_group: dict[str, str] = {}
    of_session: dict[str, str] = {}
    for call in calls:
        session = session_of[call.id]
        if of_group.setdefault(call.group, session) != session:
            yield call, "it is in another session than its conversation"
        if of_session.setdefault(session, call.group) != call.group:
            yield call, f"it is in the session of {of_session[session]}"
