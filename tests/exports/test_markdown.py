"""A session as Markdown: what each request added, and that nothing of a stranger is Markdown or HTML."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from sessions_app.content.base64_text import shortened
from sessions_app.exports.fences import fenced, harmless, span
from sessions_app.models import Project, Session
from tests.exports.conftest import Exports
from tests.exports.sources import LITELLM, store_litellm, store_otlp, texts_of
from tests.factories import make_log, make_session
from tests.pages.conversations import assistant, call, chat, result, turns, user

HOSTILE = (
    "```\n# Breaks out\n````\n~~~\n<script>alert(1)</script> <img src=x onerror=alert(1)>\n"
    "![x](http://evil/x.png) [a](javascript:x) @everyone #1\n\x00\x1b[31m \u202eevil\u202c \U000e0041\r"
    "``````text\r\n\n> x\n\n    y"
)
NAME = HOSTILE.replace("\x00", "")


def written(exported: Exports, session: Session) -> str:
    return exported(session, "md").decode()


def tokens_of(text: str) -> list[Any]:
    found = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    return [inner for token in found for inner in [token, *(token.children or [])]]


def headings(text: str) -> int:
    return sum(token.type == "heading_open" for token in tokens_of(text))


def test_it_works(project: Project, exported: Exports) -> None:
    text = written(exported, make_session(project, "order 4711", *turns(["One", "Two", "Three"])))
    assert text.startswith("# `One`\n\n- Session: `order 4711`, ")
    assert "- 3 requests, 0 failed\n" in text
    titles = re.findall(r"^## (\d) · `gpt-4o` · 09:00:(\d\d) ·", text, re.MULTILINE)
    assert titles == [("1", "00"), ("2", "10"), ("3", "20")]
    # Nothing that was sent again.
    assert [text.count(f"```text\n{said}\n```") for said in ("Be brief.", "One", "Two", "Three", "Answer 1")] == [1] * 5
    assert "- 3 messages sent again\n" in text


def test_tool_calls_stand_with_their_results(project: Project, exported: Exports) -> None:
    asked = [user("Look")]
    answer = assistant(None, tool_calls=[call("c1", "search", '{"q": "a b"}'), call("c2", "odd`name")])
    replies = [result("c1", "found it"), result("c2", "Error: no such file")]
    logs = [chat(asked, answer), chat([*asked, answer, *replies], "Done", at=10)]
    text = written(exported, make_session(project, "a", *logs))
    first, second = text.split("\n## 2 ")
    assert first.index("Tool call `search`") < first.index('"q": "a b"') < first.index("```text\nfound it\n```")
    assert "Tool call ``odd`name``" in first
    assert "Result of `search`: with its call in request 1." in second
    assert "found it" not in second


def test_failures_and_cuts_are_told(project: Project, exported: Exports) -> None:
    error = {"type": "rate_limit", "message": "Slow down. " + HOSTILE + "x" * 3_000}
    cut = "Start ... (litellm_truncated 500 chars) ... end"
    logs = [
        make_log("One", status="error", status_code=429, error=error, response=None),
        chat([user(cut)], "So far", at=10, finish="length"),
        make_log("Three", response={"choices": [{"message": {"role": "assistant", "content": ""}}]}, status="running"),
    ]
    text = written(exported, make_session(project, "a", *logs))
    assert "**Error** 429 `rate_limit`\n\n" in text
    assert "Slow down." in text
    assert "The first 2,000 characters of the error: the documents of the request have all of it." in text
    assert "- Stopped by the limit (length)" in text
    assert "Cut before it was logged: " in text
    assert "failed (429)" in text


def test_nothing_of_a_stranger_is_markdown(project: Project, exported: Exports) -> None:
    answer = assistant(HOSTILE, tool_calls=[call(HOSTILE, HOSTILE, HOSTILE)])
    body = {"tools": [{"type": "function", "function": {"name": HOSTILE, "description": HOSTILE}}]}
    asked = [{"role": "system", "content": HOSTILE}, user(HOSTILE), assistant(HOSTILE, name=NAME) | {"role": NAME}]
    logs = [
        chat(asked, answer, body=body, user=HOSTILE, model=HOSTILE, tags=[HOSTILE], finish=HOSTILE),
        chat([*asked, answer, result(HOSTILE, HOSTILE)], assistant([{"type": HOSTILE, HOSTILE: HOSTILE}]), at=10),
        make_log(HOSTILE, status="error", error={"type": HOSTILE, "message": HOSTILE}, response=None),
    ]
    text = written(exported, make_session(project, NAME, *logs))
    found = tokens_of(text)
    kinds = {token.type for token in found}
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "blockquote_open", "code_block"}
    assert headings(text) == 1 + 3
    for token in found:
        if token.type == "text":
            assert not re.search("alert|evil|everyone|Breaks", token.content), token.content
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\U000e0000-\U000e007f]", text)


@pytest.mark.parametrize("inner", ["", "`", "```", "x\n````\n", "`````` a", "\r```\r", "~~~", "a`", "` `"])
def test_fences_and_spans_hold_anything(inner: str) -> None:
    [fence] = MarkdownIt().parse(fenced(inner))
    assert fence.content.rstrip("\n") == harmless(inner).rstrip("\n")
    [_, paragraph, _] = MarkdownIt().parse(f"x {span(inner)} y")
    assert [token.type for token in paragraph.children or []] in (["text", "code_inline", "text"], ["text"])


def test_what_a_page_cuts_is_whole(project: Project, exported: Exports) -> None:
    long = "\n".join(f"line {number} " + "w" * 90 for number in range(3_000))
    messages = [user(f"message {number}") for number in range(150)]
    answer = {"choices": [{"index": n, "message": assistant(f"choice {n}.")} for n in range(250)]}
    logs = [chat([user(long)], long), make_log(request={"messages": messages}, response=answer)]
    text = written(exported, make_session(project, "a", *logs))
    assert text.count(long) == 2
    assert all(f"```text\nmessage {number}\n```" in text for number in range(150))
    assert all(f"choice {number}." in text for number in range(250))


@pytest.mark.parametrize("name", LITELLM)
def test_payloads_of_litellm_are_whole(project: Project, exported: Exports, name: str) -> None:
    is_whole(exported, store_litellm(project, name))


@pytest.mark.parametrize("folder", ["openai-agents", "google-adk", "pydantic-ai", "openinference-langchain"])
def test_payloads_of_opentelemetry_are_whole(project: Project, exported: Exports, folder: str) -> None:
    is_whole(exported, store_otlp(project, folder))


def is_whole(exported: Exports, sessions: list[Session]) -> None:
    assert sessions
    for session in sessions:
        text = written(exported, session)
        assert headings(text) >= 1 + session.request_count
        for said in texts_of(session):
            # JSON is written with line breaks.
            if said.lstrip()[:1] not in ("{", "["):
                assert harmless(shortened(said)).rstrip("\n") in text
