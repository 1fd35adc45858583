"""The page with the whole prompt of a request: in order, with sizes, what is missing, what is found, and as a text."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog
from sessions_app.pages.html.composition import filled
from sessions_app.pages.request import prompt, prompt_blocks
from tests.factories import START, make_log, make_session, store_logs
from tests.pages.conversations import agent, assistant, call, chat, png, result, turns, user
from tests.pages.request.test_request import address, get, stored
from tests.pages.session.test_session import MOST_STATEMENTS, text

PAYLOADS = Path(__file__).parents[2] / "payloads"
BLOCK = re.compile(
    r'<details class="prompt-block" id="b(\d+)" data-class="([^"]*)".*?(?=<details class="prompt-block"|</section>)',
    re.DOTALL,
)


def shown(client: Client, log: RequestLog, query: str = "") -> str:
    return get(client, log, f"prompt/{query}")


def titles(page: str) -> list[str]:
    found = re.findall(r"<summary>.*?<b><bdi>(.*?)</bdi></b>", page, re.DOTALL)
    return [unescape(one) for one in found]


def rows(page: str) -> dict[str, list[str]]:
    """The table of what filled the context: by class its characters, tokens and share."""
    found = re.findall(r'<tr data-class="(\w+)">(.*?)</tr>', page, re.DOTALL)
    return {kind: [text(cell) for cell in re.findall(r'<td class="num">(.*?)</td>', row)] for kind, row in found}


def sizes(page: str) -> list[int]:
    found = re.findall(r'<span class="prompt-size"><span>([\d,]+) characters', page)
    return [int(one.replace(",", "")) for one in found]


def chars(page: str) -> int:
    return sum(
        int(row[0].replace(",", "")) for row in rows(page).values() if row[0][0].isdigit() and "item" not in row[0]
    )


def test_it_works(signed_in: Client, project: Project) -> None:
    logs = agent()
    logs[1]["usage"] = {"input_tokens": 50, "output_tokens": 9}
    make_session(project, "run-7", *logs)
    page = shown(signed_in, stored())

    assert titles(page) == ["tool read_file", "system prompt", "user", "assistant", "tool", "tool"]
    assert "x = 1\ny = 2" in unescape(page)
    assert "result of read_file" in text(page)
    assert "call of run_tests" in text(page)
    assert sum(sizes(page)) == chars(page)
    assert sum(int(row[1]) for row in rows(page).values()) == 50
    assert "scaled to the input tokens that were reported" in text(page)
    assert "read_file 11" in text(page), "the results by tool"
    assert "Compare with request 1" in text(page)
    assert f'data-key="r" href="{address(stored())}?raw=request#raw"' in page
    assert "Not in the log" not in text(page)


def test_statements_are_few(signed_in: Client, project: Project) -> None:
    make_session(project, "run-7", *turns([f"Question {n}" for n in range(40)]))
    with CaptureQueriesContext(connection) as statements:
        shown(signed_in, stored())
    assert len(statements) <= MOST_STATEMENTS


def test_text_is_all_of_it_in_order(signed_in: Client, project: Project) -> None:
    long = "All work and no play. " * 5_000
    first = [{"role": "system", "content": "Be brief."}, user([{"type": "text", "text": long}, _image()])]
    calls = [call("c1", "look", '{"at": 1}')]
    messages = [*first, assistant(None, tool_calls=calls), result("c1", "a <b> c")]
    make_session(
        project, "run-7", chat(messages, "Done.", body={"tools": [{"type": "function", "function": {"name": "look"}}]})
    )
    response = signed_in.get(address(stored(), "prompt.txt"))

    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.content.decode() == (
        f'--- tool look ---\n{{"type": "function", "function": {{"name": "look"}}}}\n\n'
        f"--- system prompt ---\nBe brief.\n\n--- user ---\n{long}\n[image]\n\n"
        '--- assistant ---\n[call of look]\n{"at": 1}\n\n--- tool ---\n[result of look]\na <b> c\n'
    )


def _image() -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": png()}}


def test_what_nobody_can_measure_is_unknown(signed_in: Client, project: Project) -> None:
    content = [{"type": "text", "text": "x" * 400}, _image(), _image()]
    make_session(project, "run-7", chat([user(content)], "Nice.", usage={"input_tokens": 900, "output_tokens": 9}))
    page = shown(signed_in, stored())

    assert rows(page)["user"] == ["400", "100", "11%"]
    assert rows(page)["media"] == ["2 items", "–", "–"]
    assert rows(page)["unknown"] == ["–", "800", "89%"]
    assert "Not in the log: 2 images, whose tokens the log does not tell" in text(page)


def test_without_tokens_there_are_only_characters(signed_in: Client, project: Project) -> None:
    make_session(project, "run-7", chat([user("x" * 30), assistant("y" * 10), user("z" * 10)], "Nice.", usage={}))
    page = shown(signed_in, stored())
    assert rows(page) == {"user": ["40", "–", "80%"], "assistant": ["10", "–", "20%"]}
    assert "No input tokens were reported" in text(page)


def test_a_failed_call_with_0_tokens_tells_shares_of_characters() -> None:
    found = filled([10, 0, 30, 0, 0, 0, 0, 0], 0)
    assert [row.share for row in found.rows if row.width] == ["25%", "75%"]
    assert "No input tokens were reported" in found.basis


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"conversation": {"id": "conv_1"}}, "the conversation, which the provider keeps"),
        ({"cachedContent": "cachedContents/abc"}, "cached contents, which the provider keeps"),
        ({"prompt": {"id": "pmpt_1"}}, "the prompt template, which the provider keeps"),
        ({"previous_response_id": "resp_lost"}, "the history before it, which the provider keeps"),
        ({"tools": [{"type": "mcp", "server_label": "wiki"}]}, "the tools of the MCP server wiki"),
    ],
)
def test_what_the_provider_keeps_is_said(signed_in: Client, project: Project, body: dict[str, Any], said: str) -> None:
    request = {"model": "gpt-4o", "input": [{"role": "user", "content": "Go on"}]} | body
    make_session(project, "run-7", make_log(request=request, usage={"input_tokens": 5_000, "output_tokens": 3}))
    page = shown(signed_in, stored())
    assert said in text(page)
    assert int(rows(page)["unknown"][1].replace("k", "").replace(".", "")) > 0


def test_history_behind_response_ids_is_put_in_place(signed_in: Client, project: Project) -> None:
    logs = []
    for number in (1, 2, 3):
        request: dict[str, Any] = {"model": "gpt-4o", "instructions": f"Rule {number}", "input": f"Question {number}"}
        if number > 1:
            request["previous_response_id"] = f"resp_{number - 1}"
        item = {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": f"Answer {number}"}],
        }
        response = {"id": f"resp_{number}", "object": "response", "output": [item]}
        at = START + timedelta(seconds=10 * number)
        logs.append(
            make_log(started_at=at, request=request, response=response, usage={"input_tokens": 20, "output_tokens": 2})
        )
    store_logs(project, *logs)
    page = shown(signed_in, stored())

    assert titles(page) == ["system prompt", "user", "assistant", "user", "assistant", "user"]
    seen = text(page).split("What the model saw")[1]
    order = [
        seen.index(words) for words in ("Rule 3", "Question 1", "Answer 1", "Question 2", "Answer 2", "Question 3")
    ]
    assert order == sorted(order)
    assert "Rule 1" not in page
    assert "from request 1" in text(page)
    assert "Not in the log" not in text(page)
    assert rows(page)["user"][0] == "30"


def test_find_marks_and_counts_every_block(signed_in: Client, project: Project) -> None:
    texts = [f"Ordinary {n}" if n % 10 else f"a needle here, and a needle there {n}" for n in range(60)]
    make_session(project, "run-7", *turns(texts)[-1:])
    page = shown(signed_in, stored(), "?find=needle")

    assert "12 times in 6 blocks" in text(page)
    assert page.count("<mark") == 12
    assert 'href="#b2"' in page
    assert "Not in this prompt" in text(shown(signed_in, stored(), "?find=absent"))
    for at in (address(stored()), f"{address(stored())}prompt/"):
        for query, why in (
            ("w" * 1_001, "A query may have at most 1,000 characters; this one has 1,001."),
            ("status:ok", "Here only words are looked for."),
        ):
            assert why in text(signed_in.get(at, {"find": query}).content.decode())


def test_words_of_the_page_are_not_found(signed_in: Client, project: Project) -> None:
    make_session(project, "run-7", *agent())
    assert "Not in this prompt" in text(shown(signed_in, stored(), "?find=result"))
    page = shown(signed_in, stored(), "?find=run_tests")
    assert "1 time in 1 block" in text(page)
    assert page.count("<mark") >= 1


def test_long_prompt_has_pages_and_find_leads_to_the_block(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt, "BLOCKS_ON_PAGE", 10)
    monkeypatch.setattr(prompt, "_NEAR_BLOCKS", 5)
    make_session(project, "run-7", *turns([f"Question {n}" for n in range(15)])[-1:])
    page = shown(signed_in, stored())
    assert len(titles(page)) == 10
    assert f'href="{address(stored())}prompt/?from=11"' in page
    assert "Show blocks 11 to 30" in text(page)
    assert chars(page) == chars(shown(signed_in, stored(), "?from=21")), "what filled the context is of all blocks"

    every = [title for start in (1, 11, 21) for title in sizes(shown(signed_in, stored(), f"?from={start}"))]
    assert sum(every) == chars(page)
    found = shown(signed_in, stored(), '?find="Question 14"')
    assert "Question 14" in text(found).split("From the first block")[1]
    part = get(signed_in, stored(), "prompt/?from=21", **{"HX-Request": "true"})
    assert "<html" not in part
    assert len(titles(part)) == 10


def test_long_text_says_how_much_is_missing(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt_blocks, "TEXT_CHARS", 1_000)
    make_session(project, "run-7", chat([user("w" * 5_000)], "Ok"))
    page = shown(signed_in, stored())
    assert "Show 4,000 more characters" in text(page)
    more = re.search(r'hx-get="([^"]*/text/[^"]*)"', page)
    assert more
    assert "w" * 5_000 in signed_in.get(more[1], headers={"HX-Request": "true"}).content.decode()


def test_part_that_is_too_large_counts_its_bytes(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_session(project, "run-7", chat([user("v" * 3_000), user("Short")], "Ok"))
    load = prompt.load_prompt
    monkeypatch.setattr(prompt, "load_prompt", lambda *args, most_bytes=1_000: load(*args, most_bytes=most_bytes))
    page = shown(signed_in, stored())
    assert "1 block is too large to be read with the page" in text(page)
    assert "bytes, not read" in page
    assert "v" * 3_000 in signed_in.get(address(stored(), "prompt.txt")).content.decode()


def test_nothing_of_what_was_sent_becomes_markup(signed_in: Client, project: Project) -> None:
    hostile = "</pre><script>alert(1)</script>\x00"
    tools = [{"type": "function", "function": {"name": hostile, "description": hostile}}]
    calls = [call(hostile, hostile, hostile)]
    messages = [{"role": hostile, "content": hostile}, assistant(hostile, tool_calls=calls), result(hostile, hostile)]
    make_session(project, "run-7", chat(messages, hostile, body={"tools": tools}))
    page = shown(signed_in, stored())
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_who_may_not(client: Client, signed_in: Client, project: Project) -> None:
    make_session(project, "run-7")
    log = stored()
    assert signed_in.get(f"/p/acme/requests/{log.session_id}/prompt/").status_code == 404
    assert signed_in.get(f"/p/acme/requests/{log.session_id}/prompt.txt").status_code == 404
    signed_in.logout()
    assert signed_in.get(address(log, "prompt/")).status_code == 302
    assert signed_in.get(address(log, "prompt.txt")).status_code == 302


@pytest.mark.parametrize(
    "name",
    [
        "litellm/anthropic-v1-messages-claude-code-user_id",
        "litellm/responses-chain-of-3-previous_response_id",
        "litellm/responses-tool-call-and-reasoning",
        "litellm/tool-calls-parallel-with-results",
        "litellm/mcp-tool-calls",
        "litellm/image-input-base64-data-url",
        "litellm/embeddings",
        "agents/03_previous_response_encrypted",
        "agents/06_gemini_native_without_messages",
        "agents/08_codex_compaction",
        "reports/10-gemini-code-execution-parts",
        "reports/11-anthropic-provider-tools-in-an-answer",
        "reports/20-google-genai-sdk-snake-case",
        "reports/24-media-parts-as-raw-base64",
    ],
)
def test_blocks_of_captured_requests_add_up(signed_in: Client, project: Project, name: str) -> None:
    logs = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    source = "native" if name.startswith("reports") else "litellm"
    logs = logs if isinstance(logs, list) else logs.get("payloads") or logs["body"]
    accept_body(project.pk, source, json.dumps(logs).encode())
    digest_until_empty()
    every = RequestLog.objects.filter(step=False)
    assert every
    for log in every:
        page = shown(signed_in, log)
        assert sum(sizes(page)) == chars(page), log.id
        tokens = [row[1] for row in rows(page).values() if row[1] not in ("–", "")]
        if log.input_tokens is not None and rows(page) and log.input_tokens < 1_000:
            assert sum(map(int, tokens)) == log.input_tokens, log.id


def test_anthropic_names_servers_tools_and_what_its_own_tools_returned(signed_in: Client, project: Project) -> None:
    tools = [
        {"name": "mcp__github__search", "input_schema": {}},
        {"name": "mcp__github__read", "input_schema": {}},
        {"name": "mcp__wiki__read", "input_schema": {}},
    ]
    use = {"type": "tool_use", "id": "toolu_01AbCdEfGhIj", "name": "mcp__wiki__read", "input": {"page": 1}}
    result = {"type": "tool_result", "tool_use_id": "toolu_01AbCdEfGhIj", "content": "w" * 70}
    messages = [user("Look"), {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    request = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 9,
        "system": "Be brief.",
        "tools": tools,
        "messages": messages,
    }
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    response = {"type": "message", "role": "assistant", "content": [search, {"type": "text", "text": "Found"}]}
    store_logs(project, make_log(request=request, response=response, usage={"input_tokens": 700, "output_tokens": 9}))
    page = shown(signed_in, stored())

    assert titles(page)[:4] == ["system prompt", *(f"tool {tool['name']}" for tool in tools)]
    sizes_of = [len(json.dumps(tool)) for tool in tools]
    assert f"github {sum(sizes_of[:2])}, wiki {sizes_of[2]}" in text(page)
    assert "mcp__wiki__read 70" in text(page)
    assert "what the provider's own tools returned during the answer (web_search)" in text(page)
    assert int(rows(page)["unknown"][1]) > 500


def test_gemini_stands_in_the_same_order(signed_in: Client, project: Project) -> None:
    declared = [{"functionDeclarations": [{"name": "look_up"}, {"name": "file"}]}]
    contents = [
        {"role": "user", "parts": [{"text": "Where?"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "look_up", "args": {"q": 1}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look_up", "response": {"result": "here"}}}]},
    ]
    request = {"contents": contents, "tools": declared, "systemInstruction": {"parts": [{"text": "Be brief."}]}}
    store_logs(
        project, make_log(model="gemini-2.5-pro", request=request, usage={"input_tokens": 60, "output_tokens": 2})
    )
    page = shown(signed_in, stored())
    assert titles(page) == ["system prompt", "tool look_up, file", "user", "assistant", "user"]
    assert 'id="b5" data-class="results"' in page
    assert "result of look_up" in text(page)
    assert list(rows(page)) == ["system", "tools", "user", "assistant", "results"]
