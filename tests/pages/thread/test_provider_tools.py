"""What providers' tools did, unknown items, media and reasoning, on the pages of sessions and in their grouping."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from sessions_app.content.message_texts import searchable_text
from sessions_app.content.messages import message_of
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog

REPORTS = Path(__file__).parents[2] / "payloads" / "reports"
NO_RESULT = "no result was sent back"


def store(project: Project, name: str) -> None:
    logs = json.loads(next(REPORTS.glob(f"{name}-*.json")).read_text())["body"]
    assert not accept_body(project.pk, "native", json.dumps(logs).encode()).rejected
    digest_until_empty()


def page_of(client: Client, project: Project, request_id: str) -> str:
    log = RequestLog.objects.get(request_id=request_id)
    return client.get(f"/p/{project.slug}/requests/{log.id}/").content.decode()


def text(html: str) -> str:
    html = html[html.index("<main") :].partition('id="raw"')[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def sessions(*request_ids: str) -> set[Any]:
    return {RequestLog.objects.get(request_id=one).session_id for one in request_ids}


def test_an_unlisted_tool_of_the_responses_api(project: Project, signed_in: Client) -> None:
    store(project, "06")
    assert len(sessions("shell-1", "shell-2")) == 1
    said = text(page_of(signed_in, project, "shell-2"))
    assert "shell" in said
    assert "ls docs" in said
    assert "readme.txt" in said


def test_geminis_code_execution(project: Project, signed_in: Client) -> None:
    store(project, "10")
    assert len(sessions("gc-1", "gc-2", "gc-3")) == 1
    html = page_of(signed_in, project, "gc-1")
    assert "code_execution" in html
    assert "print(1+1)" in text(html)
    assert "Data JSON" not in text(html)
    assert RequestLog.objects.get(request_id="gc-1").input_tokens == 39


def test_anthropics_server_tools(project: Project, signed_in: Client) -> None:
    store(project, "11")
    assert len(sessions("at-1", "at-2")) == 1
    ran = text(page_of(signed_in, project, "at-1"))
    assert "plan.csv" in ran
    searched = text(page_of(signed_in, project, "at-3"))
    assert "Tide tables of the bay" in searched
    assert "https://example.org/tides" in searched
    assert "high water 06:00" in searched
    assert "0 B" not in searched
    failed = page_of(signed_in, project, "at-4")
    assert 'data-state="error"' in failed
    assert "url_not_accessible" in text(failed)


@pytest.mark.parametrize(
    ("name", "request_id", "words"),
    [
        ("12", "rs-code-interpreter", ("print(6*7)", "42")),
        ("14", "rs-mcp-call", ("tides", "six o'clock")),
    ],
)
def test_items_with_their_own_results(
    name: str, request_id: str, words: tuple[str, ...], project: Project, signed_in: Client
) -> None:
    store(project, name)
    said = text(page_of(signed_in, project, request_id))
    for word in words:
        assert word in said


def test_a_result_that_is_an_object(project: Project, signed_in: Client) -> None:
    store(project, "23")
    for request_id, words in (("ob-1", "three boats"), ("ob-2", "no such boat"), ("ob-3", "boats")):
        said = text(page_of(signed_in, project, request_id))
        assert words in said
        assert " 0 B" not in said
    result = {"role": "tool", "tool_call_id": "c", "content": {"boats": ["three"]}}
    assert "three" in searchable_text(message_of(result))


def test_media_in_every_spelling(project: Project, signed_in: Client) -> None:
    store(project, "24")
    html = page_of(signed_in, project, "md-1")
    said = text(html)
    assert html.count('class="file"') >= 7
    for words in (
        "video/mp4 · 8 B",
        "application/pdf · 8 B",
        "example.org",
        "plan",
        "b.pdf",
        "file_1",
        "High at six.",
    ):
        assert words in said
    for data in ("AAAAGGZ0eXA", "JVBERi0x"):
        assert data not in said
    (message,) = json.loads(next(REPORTS.glob("24-*.json")).read_text())["body"][0]["request"]["messages"]
    words = searchable_text(message_of(message))
    assert "JVBER" not in words
    assert "High at six." in words


def test_reasoning_in_blocks_of_its_own(project: Project, signed_in: Client) -> None:
    store(project, "25")
    said = text(page_of(signed_in, project, "re-1"))
    assert "First the tide." in said
    assert '"type"' not in said


def answer_of(client: Client, project: Project, response: dict[str, Any], **request: Any) -> str:
    """The page of one request with this response."""
    log = {"request_id": "one", "request": {"model": "m"} | request, "response": response}
    assert not accept_body(project.pk, "native", json.dumps(log).encode()).rejected
    digest_until_empty()
    return page_of(client, project, "one")


def gemini(parts: list[Any], **members: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": parts}} | members]}


def test_a_providers_call_and_result_are_one_line(project: Project, signed_in: Client) -> None:
    parts = [
        {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
    ]
    html = answer_of(signed_in, project, gemini(parts), contents=[{"role": "user", "parts": [{"text": "q"}]}])
    assert html.count('class="tool-name"') == 1
    assert "shown with" not in text(html)
    assert NO_RESULT not in text(html)


def test_what_google_searched_and_found_is_part_of_the_answer(project: Project, signed_in: Client) -> None:
    found = {
        "webSearchQueries": ["tides today"],
        "groundingChunks": [{"web": {"uri": "https://example.org/tides", "title": "Tide tables"}}],
        "groundingSupports": [{"segment": {"text": "Six."}, "groundingChunkIndices": [0]}],
    }
    response = gemini([{"text": "Six."}], groundingMetadata=found)
    html = answer_of(signed_in, project, response, contents=[{"role": "user", "parts": [{"text": "q"}]}])
    for words in ("tides today", "Tide tables", "example.org", "Sources"):
        assert words in text(html)
    assert "choice" not in text(html)


def test_sources_stand_with_the_candidate_that_they_belong_to(project: Project, signed_in: Client) -> None:
    def candidate(said: str, address: str, **first: Any) -> dict[str, Any]:
        found = {"groundingChunks": [{"web": {"uri": address, "title": f"About {said}"}}]}
        return first | {"content": {"role": "model", "parts": [{"text": said}]}, "groundingMetadata": found}

    response = {"candidates": [candidate("Six.", "https://a.example"), candidate("Seven.", "https://b.example")]}
    said = text(answer_of(signed_in, project, response, contents=[{"role": "user", "parts": [{"text": "q"}]}]))
    assert "choice 1 Six. Sources 1 About Six." in said
    assert "choice 2 Seven. Sources 1 About Seven." in said
    assert "choice 3" not in said


def test_sources_before_their_candidate_are_given_to_no_other(project: Project, signed_in: Client) -> None:
    found = {"groundingChunks": [{"web": {"uri": "https://b.example", "title": "About seven"}}]}
    candidates = [
        {"content": {"role": "model", "parts": [{"text": "Six."}]}},
        {"groundingMetadata": found, "content": {"role": "model", "parts": [{"text": "Seven."}]}},
    ]
    request = {"contents": [{"role": "user", "parts": [{"text": "q"}]}]}
    said = text(answer_of(signed_in, project, {"candidates": candidates}, **request))
    assert said.index("choice 2") < said.index("About seven")


@pytest.mark.parametrize("as_stream", [False, True])
def test_sources_beside_the_choices(project: Project, signed_in: Client, as_stream: bool) -> None:
    sources = {
        "citations": ["https://a.example/1", "https://a.example/2"],
        "search_results": [{"title": "Tide tables", "url": "https://a.example/1", "snippet": "Six o'clock"}],
    }
    response: Any = sources | {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Six."}}]}
    if as_stream:
        chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Six."}}]}
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "object": "chat.completion.chunk"}
        response = [chunk | sources, end]
    said = text(answer_of(signed_in, project, response, messages=[{"role": "user", "content": "q"}]))
    assert "Six. Sources 2" in said
    for words in ("Tide tables", "Six o'clock", "a.example/2"):
        assert words in said
    assert "choice" not in said


@pytest.mark.parametrize("odd", [7, "x", {}, [None, 7, [[]]], [{"url": []}], {"url": {"x": 1}}])
def test_sources_of_other_kinds_harm_nothing(project: Project, signed_in: Client, odd: Any) -> None:
    response = {"choices": [{"message": {"content": "Six."}}], "citations": odd, "search_results": odd}
    assert "Six." in text(answer_of(signed_in, project, response, messages=[{"role": "user", "content": "q"}]))


def test_an_image_as_a_result_has_a_size_and_a_kind(project: Project, signed_in: Client) -> None:
    url = "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUg=="
    messages = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "look", "input": {}}]},
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c",
                    "content": [{"type": "image", "source": {"type": "url", "url": url}}],
                }
            ],
        },
    ]
    said = text(answer_of(signed_in, project, {"content": [{"type": "text", "text": "a"}]}, messages=messages))
    assert "look image 16 B" in said


def test_base64_in_a_text_is_named(project: Project, signed_in: Client) -> None:
    noise = "".join(chr(ord("A") + n * 7 % 26) + chr(ord("a") + n * 5 % 26) + str(n % 10) for n in range(1_000))
    html = answer_of(
        signed_in,
        project,
        {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"Here it is: {noise}"}}]},
        messages=[{"role": "user", "content": [{"type": "hologram", "raw": noise}]}],
    )
    shown = html.partition('id="raw"')[0]
    assert noise[:300] not in shown
    assert text(html).count(" kB of base64 data)") >= 2
    assert "JSON, 3.0 kB" in text(html)


def test_a_generated_image_is_seen_without_opening_its_call(project: Project, signed_in: Client) -> None:
    item = {
        "type": "image_generation_call",
        "id": "ig_1",
        "result": "iVBORw0KGgoAAAANSUhEUg==",
        "revised_prompt": "A fox",
    }
    response = {"object": "response", "output": [item]}
    html = answer_of(signed_in, project, response, input="Draw a fox")
    assert html.index("</details>", html.index("A fox")) < html.index('class="thumb"')
