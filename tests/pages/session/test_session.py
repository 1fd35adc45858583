"""The session page as the server renders it. How it behaves in a browser: test_session_in_browser.py."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.models import Project, RequestLog, Session
from tests.factories import START, make_log, make_project, make_session, store_logs
from tests.pages.conversations import Message, agent, assistant, call, chat, png, result, turns, user

MOST_STATEMENTS = 12


def address(session: Session, query: str = "") -> str:
    return f"/p/acme/sessions/{session.id}/{query}"


def get(client: Client, session: Session, query: str = "", **headers: str) -> str:
    response = client.get(address(session, query), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def article(page: str, number: int) -> str:
    """The HTML of one request, with the attempts that are folded into it."""
    start = page.find(f'<article class="req" id="r{number}"')
    assert start >= 0, f"request {number} is not on the page"
    depth = 0
    for tag in re.finditer(r"<(/?)article\b", page[start:]):
        depth += -1 if tag[1] else 1
        if not depth:
            return page[start : start + tag.end()]
    raise AssertionError(f"request {number} has no end")


def text(html: str) -> str:
    """The text that a reader sees, white space folded."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).replace("\N{NARROW NO-BREAK SPACE}", " ").split())


def numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<article class="req" id="r(\d+)"', page)]


# --- the head and the outline ----------------------------------------------------------------------------------------


def test_sum_of_costs_says_of_how_many_requests_none_is_known(signed_in: Client, project: Project) -> None:
    usage = {"input_tokens": 8, "output_tokens": 4}
    unknown = chat([user("And?")], "Yes", 9, usage=usage, model="nobody-knows-it")
    page = get(signed_in, make_session(project, "s", chat([user("Hi")], "Hello", usage=usage, cost=0.5), unknown))
    assert "<dt>cost, 1 unknown</dt><dd>$0.500</dd>" in page


@pytest.mark.parametrize(
    "address",
    [
        *("sessions/{s}/", "sessions/{s}/tags/", "sessions/{s}/name/", "sessions/{s}/corrections/"),
        *("requests/{r}/", "requests/{r}/prompt/", "requests/{r}/changes/"),
    ],
)
def test_a_name_that_turns_letters_around_is_straight_on_each_page(
    signed_in: Client, project: Project, address: str
) -> None:
    first = [user("Hi")]
    session = make_session(
        project, "t", chat(first, "Hello"), chat([*first, assistant("Hello"), user("And?")], "Yes", 9)
    )
    Session.objects.update(given_name="\u202eo4-tpg")
    request = RequestLog.objects.latest("started_at")
    page = signed_in.get(f"/p/acme/{address.format(s=session.pk, r=request.pk)}").content.decode()
    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert title
    assert "\u202e" not in title[1]
    assert not re.search(r"<(?:a|h1)[^>]*><bdi>\u202e", page)
    assert "\ufffdo4-tpg" in page


def test_a_name_of_which_nothing_is_seen_is_no_heading(signed_in: Client, project: Project) -> None:
    session = make_session(project, "ticket-7", make_log("\u200b\u2060"))
    page = signed_in.get(f"/p/acme/sessions/{session.pk}/").content.decode()
    assert '<h1 class="cut-wide" id="session-title" data-live title="ticket-7"><bdi>ticket-7</bdi></h1>' in page
    assert "<title>ticket-7" in page


def test_it_works(signed_in: Client, project: Project) -> None:
    usage = {"input_tokens": 1_200, "output_tokens": 40, "cached_tokens": 300}
    logs = turns(["First question", "And then?"], user="alice", tags=["ci"], cost=0.25, usage=usage)
    page = get(signed_in, make_session(project, "run-7", *logs))

    head = text(page.split('<div class="sess">')[0])
    for expected in ("First question", "run-7", "alice", "ci", "REST", "grouped by session_id"):
        assert expected in head
    totals = "requests 2 failed 0 wall 12.0 s in models 4.0 s tokens 2.4k → 80 cached 25 % cost $0.500"
    assert totals in head
    assert numbers(page) == [1, 2]
    second = text(article(page, 2))
    for fact in ("gpt-4o", "+10.0 s", "1.2k → 40", "25 % cached", "Σ $0.500", "1 new of 4", "2.0 s", "$0.250"):
        assert fact in second


def test_unknown_length_is_a_dash_everywhere(signed_in: Client, project: Project) -> None:
    session = make_session(project, "endless", make_log() | {"ended_at": None})
    page = text(get(signed_in, session).split('id="inspector"')[0])
    assert "wall – in models –" in page
    assert "0 ms" not in page.replace("+0 ms", "")
    listed = text(signed_in.get("/p/acme/sessions/").content.decode().split('id="session-rows"')[1])
    assert "0 ms" not in listed


def test_totals_name_failures_and_what_is_unknown(signed_in: Client, project: Project) -> None:
    failed = make_log(response=None, status="error", usage=None, error={"type": "timeout", "message": "too slow"})
    page = get(signed_in, make_session(project, "s", failed))

    head = page.split('<div class="sess">')[0]
    assert re.search(r'<dt>failed</dt>\s*<dd class="err">1</dd>', head)
    assert "<dt>cost</dt><dd>–</dd>" in head


def test_outline_lists_turns_requests_and_gaps(signed_in: Client, project: Project) -> None:
    logs = [chat([user("Open the window")], "Done.", at=0), chat([user("Close it")], "Closed.", at=100)]
    logs.append(make_log("And?", started_at=START + timedelta(seconds=103), status="error", response=None))
    page = get(signed_in, make_session(project, "s", *logs))

    outline = text(page[page.index('id="outline-rows"') : page.index("</nav>", page.index('id="outline-rows"'))])
    assert "Open the window 1 Done. 2.0 s pause 1 m 38 s Close it 2 Closed. 2.0 s And? 3 error" in outline
    assert 'id="outline-errors"' in page


def test_how_requests_came_together_is_said_for_each_way(signed_in: Client, project: Project) -> None:
    trace = make_log("One", trace_id="t-1")
    session_and_trace = make_log("Two", session_id="t-1", trace_id="x", started_at=START + timedelta(seconds=9))
    store_logs(project, trace, session_and_trace)
    page = get(signed_in, Session.objects.get())

    assert "grouped by trace_id (1), grouped by session_id (1)" in text(page)


# --- what a request prints ------------------------------------------------------------------------------------------


def test_request_prints_only_what_it_added(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", *turns(["One", "Two", "Three"])))

    assert "Be brief." in article(page, 1)
    third = text(article(page, 3))
    assert "Three" in third
    assert "Answer 3" in third
    for earlier in ("Be brief.", "One", "Answer 1", "Two", "Answer 2"):
        assert earlier not in third
    assert "1 new of 6" in third


def test_full_input_is_a_click_away(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *turns(["One", "Two"]))
    second = article(get(signed_in, session), 2)

    link = re.search(r'<a class="req-hist" href="([^"]+)" hx-get="([^"]+)"', second)
    assert link
    plain, partial = (unescape(url) for url in link.groups())
    history = signed_in.get(partial, headers={"HX-Request": "true"}).content.decode()
    assert [word in text(history) for word in ("Be brief.", "One", "Answer 1", "Two")] == [True, True, True, False]
    assert "<html" not in history
    whole = signed_in.get(plain.partition("#")[0]).content.decode()
    assert all(word in text(whole) for word in ("Be brief.", "One", "Answer 1", "Two"))


def test_tool_result_stands_with_its_call(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", *agent()))

    first, second = text(article(page, 1)), text(article(page, 2))
    assert "read_file path: a.py 2 lines" in first
    assert "x = 1 y = 2" in first
    assert "run_tests 2 failed" in first
    assert "read_file , run_tests , 19 B, shown with their calls in 1" in second
    assert "x = 1" not in second


def test_tool_call_without_a_result_says_so_once_that_is_known(signed_in: Client, project: Project) -> None:
    first, _ = agent()
    page = get(signed_in, make_session(project, "s", first))
    assert "result" not in text(article(page, 1))
    asked, answer = first["request"]["messages"], first["response"]["choices"][0]["message"]
    later = chat([*asked, answer, result("c1", "x = 1"), user("Leave the tests")], "Fine.", at=10)
    page = get(signed_in, make_session(project, "s", later))
    assert "run_tests no result was sent back" in text(article(page, 1))
    assert text(article(page, 1)).count("no result") == 1


def test_tool_calls_with_an_id_that_is_used_again_have_their_own_results(signed_in: Client, project: Project) -> None:
    """A counter for ids, in one history and from request to request."""
    messages: list[Message] = []
    logs = []
    for number, town in enumerate(("Aa", "Bb", "Cc")):
        messages = [*messages, user(f"Weather in {town}?")]
        asked = assistant(None, tool_calls=[call("call_0", "weather", f'{{"town": "{town}"}}')])
        logs.append(chat(messages, asked, at=10 * number))
        messages = [*messages, asked, result("call_0", f"It rains in {town}.")]
    logs.append(chat(messages, "Rain.", at=40))
    session = make_session(project, "s", *logs)
    page = get(signed_in, session)
    whole = signed_in.get(f"/p/acme/requests/{RequestLog.objects.latest('started_at').pk}/").content.decode()
    for number, town in enumerate(("Aa", "Bb", "Cc"), start=1):
        assert f"weather town: {town} It rains in {town}." in text(article(page, number))
        assert f"weather town: {town} It rains in {town}." in text(whole)
    assert not any("no result" in text(html) or "tool result" in text(html) for html in (page, whole))


def test_tool_result_without_its_call_is_shown(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", chat([result("c9", "orphan")], "Thanks.")))
    assert "tool result c9 orphan" in text(article(page, 1))


def test_calls_and_results_of_an_imported_history_are_paired(signed_in: Client, project: Project) -> None:
    messages = [user("Go"), assistant(None, tool_calls=[call("c1", "list")]), result("c1", "a b"), user("Next")]
    first = text(article(get(signed_in, make_session(project, "s", chat(messages, "Done."))), 1))

    assert "list a b 3 B a b" in first
    assert "list , 3 B, shown with its call above" in first


def test_second_branch_keeps_its_own_tool_result(signed_in: Client, project: Project) -> None:
    first, second = agent()
    other = agent()[1]
    other["request"]["messages"][3] = result("c1", "another content")
    other["started_at"] += timedelta(seconds=20)
    page = get(signed_in, make_session(project, "s", first, second, other))

    assert "x = 1" in text(article(page, 1))
    assert "another content" in article(page, 3)


def test_system_prompt_and_tools_are_folded_with_their_size(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", *agent()))

    first = text(article(page, 1))
    assert "System prompt 13 B You fix code." in first
    assert re.search(r"1 tool \d+ B read_file", first)
    assert "System prompt" not in article(page, 2)
    assert "1 tool" not in text(article(page, 2))


def test_tools_are_printed_again_when_they_changed(signed_in: Client, project: Project) -> None:
    first, second = agent()
    second["request"]["tools"] = [*second["request"]["tools"], {"type": "function", "function": {"name": "deploy"}}]
    page = get(signed_in, make_session(project, "s", first, second))

    assert re.search(r"Tools changed, now 2 tools \d+ B added deploy deploy new, \d+ B", text(article(page, 2)))


def test_changed_system_prompt_says_so(signed_in: Client, project: Project) -> None:
    first, second = turns(["One", "Two"])
    second["request"]["messages"][0] = {"role": "system", "content": "Be long."}
    page = get(signed_in, make_session(project, "s", first, second))

    assert "System prompt changed 8 B Be long." in text(article(page, 2))
    assert "2 new of 4" in text(article(page, 2))


def test_error_is_a_card(signed_in: Client, project: Project) -> None:
    error = {"type": "rate_limit_error", "message": "Slow down <b>please</b>"}
    failed = make_log(response=None, status="error", status_code=429, provider="openai", error=error)
    first = article(get(signed_in, make_session(project, "s", failed)), 1)

    assert "HTTP 429 rate_limit_error openai Slow down <b>please</b>" in text(first)
    assert 'data-state="error"' in first


def test_error_that_is_kept_in_part_says_so_and_leads_to_all_of_it(signed_in: Client, project: Project) -> None:
    error = {"type": "crash", "message": "It broke. " * 1_000 + "The end"}
    session = make_session(project, "s", make_log(response=None, status="error", error=error))
    card = re.search(r'class="err-card".*?</div></div>', get(signed_in, session), re.DOTALL)
    assert card
    assert "The first 2,000 characters. The raw JSON has all." in text(card[0])
    link = re.search(r'href="([^"]+)#raw"', card[0])
    assert link
    assert "The end" in signed_in.get(link[1]).content.decode()


def test_what_is_no_call_of_a_model_is_named(signed_in: Client, project: Project) -> None:
    tool = make_log("", kind="tool", model=None, call_type="look_up", request={"a": 1}, response={"b": 2})
    page = get(signed_in, make_session(project, "s", make_log("Hello"), tool))
    assert "tool look_up" in text(article(page, 2))
    assert "unknown model" not in page


def test_reasoning_is_folded(signed_in: Client, project: Project) -> None:
    answer = assistant("42", reasoning_content="Let me **think**.")
    first = article(get(signed_in, make_session(project, "s", chat([user("?")], answer))), 1)

    assert '<details class="reason">' in first
    assert "Reasoning 17 characters Let me think ." in text(first)


def test_choices_are_told_apart(signed_in: Client, project: Project) -> None:
    choices = [{"index": n, "message": assistant(f"Idea {n}")} for n in range(2)]
    page = get(signed_in, make_session(project, "s", make_log("Ideas?", response={"choices": choices})))

    assert "assistant choice 1 Idea 0 assistant choice 2 Idea 1" in text(article(page, 1))


def test_items_of_a_response_are_one_answer(signed_in: Client, project: Project) -> None:
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]},
        {"type": "function_call", "call_id": "c1", "name": "wave", "arguments": "{}"},
    ]
    log = make_log(request={"model": "o4-mini", "instructions": "Be kind.", "input": "Hi"}, response={"output": output})
    first = article(get(signed_in, make_session(project, "s", log)), 1)

    assert first.count('data-role="assistant"') == 1
    assert "System prompt 8 B Be kind." in text(first)
    assert "wave" in first


def test_image_is_served_by_us_and_a_remote_one_is_a_link(signed_in: Client, project: Project) -> None:
    content = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": png(30, 20)}},
        {"type": "image_url", "image_url": {"url": "https://cdn.example/cat.png"}},
    ]
    first = article(get(signed_in, make_session(project, "s", chat([user(content)], "A cat."))), 1)

    (source,) = re.findall(r'<img src="([^"]+)"', first)
    image = signed_in.get(source)
    assert image.headers["Content-Type"] == "image/png"
    assert image.content.startswith(b"\x89PNG")
    assert 'width="30" height="20"' in first
    assert 'href="https://cdn.example/cat.png"' in first


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "image/png"])
def test_what_is_no_plain_image_is_only_a_download(signed_in: Client, project: Project, media_type: str) -> None:
    url = f"data:{media_type};base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+"
    content = [{"type": "image_url", "image_url": {"url": url}}]
    first = article(get(signed_in, make_session(project, "s", chat([user(content)], "?"))), 1)

    assert "<img" not in first
    (link,) = re.findall(r'<a class="file" href="([^"]+)"', first)
    response = signed_in.get(unescape(link))
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_what_litellm_cut_is_a_seam(signed_in: Client, project: Project) -> None:
    log = chat([user("before ... (litellm_truncated 12345 chars) after"), user("[base64_data truncated: 4.3KB]")], "ok")
    first = text(article(get(signed_in, make_session(project, "s", log)), 1))

    assert "LiteLLM left out 12,345 characters here" in first
    assert "LiteLLM left out about 4.3 KB of encoded media here." in first
    assert "(litellm_truncated" not in first


def test_answer_that_ends_early_says_why(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", chat([user("Go on")], "And then", finish="length")))
    assert "Stopped by the limit: finish_reason: length" in text(article(page, 1))


def test_idle_time_is_said(signed_in: Client, project: Project) -> None:
    logs = [make_log("One"), make_log("Two", started_at=START + timedelta(minutes=5))]
    page = get(signed_in, make_session(project, "s", *logs))

    assert 'aria-label="Pause of 4' in page
    assert "pause 4 m 58 s" in text(page)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"seconds": -5}, "ends before it starts"),
        ({"started_at": "0001-01-01T00:00:00Z"}, "starts before the year 2000"),
        ({"started_at": "9999-12-31T23:59:59Z"}, "starts more than a day after it was received"),
    ],
)
def test_odd_clock_is_said(signed_in: Client, project: Project, members: dict[str, Any], problem: str) -> None:
    page = get(signed_in, make_session(project, "s", make_log("One", **members), make_log("Two")))
    assert f"The sender’s clock is off: {problem}" in text(page)


# --- what is no conversation ----------------------------------------------------------------------------------------


def test_embedding_is_one_line(signed_in: Client, project: Project) -> None:
    log = make_log(
        kind="embedding",
        request={"model": "embed", "input": [f"Text {n}" for n in range(12)]},
        response={"data": [{"index": n, "embedding": [0.25] * 96} for n in range(12)]},
        usage={"input_tokens": 4100},
    )
    first = article(get(signed_in, make_session(project, "s", log)), 1)

    assert "12 inputs, 4.1k tokens → 12 × 96 floats" in text(first)


def test_generated_image_is_shown(signed_in: Client, project: Project) -> None:
    payload = png().partition(",")[2]
    log = make_log(
        call_type="images.generations",
        request={"model": "gpt-image-1", "prompt": "A cat"},
        response={"created": 1, "data": [{"b64_json": payload, "revised_prompt": "x" * 300}]},
    )
    first = article(get(signed_in, make_session(project, "s", log)), 1)

    assert "A cat" in text(first)
    (source,) = re.findall(r'<img src="([^"]+)"', first)
    assert signed_in.get(source).content.startswith(b"\x89PNG")


def test_moderation_says_what_was_flagged(signed_in: Client, project: Project) -> None:
    categories = {"violence": True, "hate": False, "illicit": None}
    response = {"results": [{"flagged": True, "categories": categories, "padding": "x" * 300}]}
    log = make_log(call_type="moderations", request={"input": "bad"}, response=response, usage=None)
    first = article(get(signed_in, make_session(project, "s", log)), 1)

    assert "1 input → flagged: violence" in text(first)


def test_tool_run_shows_its_bodies(signed_in: Client, project: Project) -> None:
    log = make_log(kind="tool", model=None, request={"query": "tyres"}, response={"hits": [1, 2]}, usage=None)
    first = text(article(get(signed_in, make_session(project, "s", log)), 1))

    assert "tool Request 17 B" in first
    assert '"query" : "tyres"' in first
    assert "Response" in first


# --- long content ---------------------------------------------------------------------------------------------------


def more_links(html: str) -> dict[str, str]:
    found = re.findall(r'<a class="more-btn" href="([^"]+)"[^>]*>([^<]+)</a>', html)
    return {label: unescape(url) for url, label in found}


def test_long_message_says_exactly_how_much_is_hidden(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", make_log("a" * 2_000 + "b" * 7_213))
    first = article(get(signed_in, session), 1)

    assert "a" * 2_000 in first
    assert "ab" not in text(first)
    (url,) = [url for label, url in more_links(first).items() if label == "Show 7,213 more characters"]
    partial = signed_in.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "a" * 2_000 + "b" * 7_213 in partial
    assert "<html" not in partial
    page = signed_in.get(url).content.decode()
    assert "b" * 7_213 in page
    assert "9,213 characters" in text(page)


def test_a_cancelled_call_says_so(signed_in: Client, project: Project) -> None:
    log = make_log("Hi", response={"id": "r", "object": "response", "output": [], "status": "cancelled"})
    assert "The call was cancelled: finish_reason: cancelled" in text(
        article(get(signed_in, make_session(project, "s", log)), 1)
    )


def test_what_a_client_put_around_the_users_words_is_folded(signed_in: Client, project: Project) -> None:
    rules = "Rule 1: & be brief. " + "r" * 2_500
    session = make_session(project, "s", make_log(f"<system-reminder>{rules}</system-reminder>\nFix the build"))
    first = article(get(signed_in, session), 1)

    (fold,) = re.findall(r'<details class="fold"><summary>.*?</details>', first, re.DOTALL)
    assert text(fold).startswith("system-reminder 2.5 kB Rule 1: & be brief.")
    assert "Fix the build" in text(first.replace(fold, ""))
    assert "Fix the build" not in fold
    ((label, url),) = more_links(fold).items()
    assert label == "Show 520 more characters"
    assert text(signed_in.get(url, headers={"HX-Request": "true"}).content.decode()) == rules
    page = signed_in.get(url).content.decode()
    download = re.search(r'href="([^"]+)"\s+download', page)
    assert download
    assert signed_in.get(unescape(download[1])).content.decode() == rules
    assert signed_in.get(url.replace("section=0", "section=2")).status_code == 404

    found = article(get(signed_in, session, "?find=brief"), 1)
    assert '<details class="fold" open>' in found
    raw = get(signed_in, session, "?text=raw")
    assert "<system-reminder>Rule 1" in unescape(article(raw, 1))


@pytest.mark.parametrize(
    ("content", "hidden"),
    [("x\n" * 39 + "x", 0), ("x\n" * 40 + "x", 2), ("y" * 2_000, 0), ("y" * 2_001, 1), ("é" * 3_000, 1_000)],
)
def test_messages_clamp_at_40_lines_or_2000_characters(
    signed_in: Client, project: Project, content: str, hidden: int
) -> None:
    first = article(get(signed_in, make_session(project, "s", make_log(content))), 1)
    noun = "character" if hidden == 1 else "characters"

    assert list(more_links(first)) == ([f"Show {hidden:,} more {noun}"] if hidden else [])


def test_tool_results_clamp_at_12_lines(signed_in: Client, project: Project) -> None:
    first, second = agent()
    second["request"]["messages"][3] = result("c1", "\n".join(f"line {n}" for n in range(30)))
    html = article(get(signed_in, make_session(project, "s", first, second)), 1)

    assert "line 11" in text(html)
    assert "line 12" not in text(html)
    assert list(more_links(html)) == ["Show 18 more lines"]


def test_message_of_5_megabytes_opens_in_pieces(signed_in: Client, project: Project) -> None:
    content = "".join(f"Line {number}\n" for number in range(450_000))
    session = make_session(project, "s", make_log(content))
    page = get(signed_in, session)
    assert len(page) < 60_000
    (url,) = more_links(article(page, 1)).values()
    seen = 0
    for _ in range(3):
        piece = signed_in.get(url, headers={"HX-Request": "true"}).content.decode()
        code = re.search(r"<code>(.*?)</code>", piece, re.DOTALL)
        assert code
        assert code[1] == content[seen : seen + 100_000]
        seen += 100_000
        ((label, url),) = more_links(piece).items()
        assert label == f"Show {len(content) - seen:,} more characters"
    download = signed_in.get(url.partition("?")[0] + "?download=1")
    assert download.content.decode() == content


def test_message_that_is_too_large_for_the_page_opens_by_itself(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sessions_app.queries import content

    monkeypatch.setattr(content.load_parts, "__defaults__", (0, 10_000))
    first = article(get(signed_in, make_session(project, "s", make_log("x" * 20_000))), 1)
    (url,) = [
        url
        for label, url in more_links(first).items()
        if label == "Show this message of 20.0\N{NARROW NO-BREAK SPACE}kB"
    ]

    assert "x" * 2_000 in signed_in.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "x" * 2_000 in signed_in.get(url).content.decode()


def test_long_imported_history_is_printed_at_both_ends(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", chat([user(f"Message {n}.") for n in range(300)], "Read."))
    first = article(get(signed_in, session), 1)

    assert "Message 9." in first
    assert "Message 10." not in first
    assert "Message 250." in first
    (url,) = re.findall(r'hx-get="([^"]+messages/[^"]+)"', first)
    middle = signed_in.get(unescape(url), headers={"HX-Request": "true"}).content.decode()
    assert "Message 10." in middle
    assert "Message 109." in middle
    assert list(more_links(middle)) == ["Show 140 more messages"]


# --- long sessions --------------------------------------------------------------------------------------------------


@pytest.fixture
def long_session(project: Project) -> Session:
    return make_session(
        project, "long", *[make_log(f"Text {n}", started_at=START + timedelta(seconds=n * 3)) for n in range(1, 131)]
    )


def test_long_session_opens_in_blocks(signed_in: Client, long_session: Session) -> None:
    page = get(signed_in, long_session)

    assert numbers(page) == list(range(1, 26))
    assert page.count('class="outline-row"') == 130
    assert more_links(page) == {"Show requests 26 to 50 of 130": "?from=26"}
    second = get(signed_in, long_session, "?from=26")
    assert numbers(second) == list(range(26, 51))
    assert more_links(second) == {
        "Show requests 1 to 25": "?from=1#r25",
        "Show requests 51 to 75 of 130": "?from=51",
    }
    assert 'href="#r25"' in page
    assert 'href="?from=126#r130"' in page


def test_block_for_htmx_goes_before_or_after_those_on_the_page(signed_in: Client, long_session: Session) -> None:
    after = get(signed_in, long_session, "?from=26&side=after", **{"HX-Request": "true"})
    before = get(signed_in, long_session, "?from=26&side=before", **{"HX-Request": "true"})

    assert "<html" not in after
    assert numbers(after) == numbers(before) == list(range(26, 51))
    assert list(more_links(after)) == ["Show requests 51 to 75 of 130"]
    assert list(more_links(before)) == ["Show requests 1 to 25"]


@pytest.mark.parametrize(
    ("start", "first"), [("77", 76), ("130", 126), ("999", 126), ("0", 1), ("-4", 1), ("x", 1), ("9" * 40, 1), ("²", 1)]
)
def test_any_number_leads_to_the_block_that_holds_it(
    signed_in: Client, long_session: Session, start: str, first: int
) -> None:
    assert numbers(get(signed_in, long_session, f"?from={start}"))[0] == first


def test_session_of_100_requests_opens_whole(signed_in: Client, project: Project) -> None:
    logs = [make_log(f"Text {n}", started_at=START + timedelta(seconds=n * 3)) for n in range(100)]
    page = get(signed_in, make_session(project, "s", *logs))

    assert len(numbers(page)) == 100
    assert not more_links(page)


@pytest.mark.parametrize("count", [1, 45, 130])
def test_statements_are_few_whatever_the_length(
    signed_in: Client, project: Project, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    session = make_session(project, "s", *turns([f"Text {n}" for n in range(count)]))
    get(signed_in, session)

    with django_assert_max_num_queries(MOST_STATEMENTS):
        get(signed_in, session)


# --- who and where --------------------------------------------------------------------------------------------------


def test_not_for_strangers(client: Client, project: Project) -> None:
    response = client.get(address(make_session(project, "s")))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/")


@pytest.mark.parametrize("path", ["sessions/{id}/", "sessions/00000000-0000-0000-0000-000000000000/"])
def test_session_that_is_not_in_this_project_is_gone(signed_in: Client, project: Project, path: str) -> None:
    session = make_session(make_project("other"), "s")
    response = signed_in.get("/p/acme/" + path.format(id=session.id))

    assert response.status_code == 404
    assert "This session is gone" in response.content.decode()


def test_trace_id_leads_to_its_session(signed_in: Client, project: Project) -> None:
    session = make_session(project, "a/b c?d")

    assert signed_in.get("/p/acme/t/a/b%20c%3Fd").headers["Location"] == address(session)
    request_id = RequestLog.objects.get().request_id
    assert signed_in.get(f"/p/acme/t/{request_id}").headers["Location"] == address(session)
    missing = signed_in.get("/p/acme/t/never-seen")
    assert missing.status_code == 404
    assert "never-seen" in missing.content.decode()


@pytest.mark.parametrize("key", [" lead", "trail ", "two\nlines", "\n", "a\r\n/b\u2028c", "tab\t"])
def test_ids_with_white_space_lead_to_their_session(signed_in: Client, project: Project, key: str) -> None:
    session = make_session(project, key)
    assert signed_in.get(f"/p/acme/t/{quote(key, safe='')}").headers["Location"] == address(session)
    page = signed_in.get("/p/acme/sessions/", {"trace_id": key}).content.decode()
    assert str(session.id) in page


def test_parts_of_another_project_are_not_served(signed_in: Client, project: Project) -> None:
    other = make_session(make_project("other"), "s", make_log("secret " * 1000))
    own = make_session(project, "s", make_log("mine"))
    page = signed_in.get(f"/p/other/sessions/{other.id}/").content.decode()
    (url,) = more_links(page).values()
    assert signed_in.get(url).status_code == 200

    request_id = RequestLog.objects.get(session_id=own.id).id
    digest = url.split("/text/")[1]
    assert signed_in.get(f"/p/acme/requests/{request_id}/text/{digest}").status_code == 404
    assert signed_in.get(url.replace("/p/other/", "/p/acme/")).status_code == 404


@pytest.mark.parametrize(
    "path", ["0b9c2a52-6a0e-4b53-9b51-3f6d2f1a7c11", "text/zz/0/", "text/0000000000000000/0/", "media/x/0/", "raw/x/"]
)
def test_wrong_addresses_under_a_request(signed_in: Client, project: Project, path: str) -> None:
    make_session(project, "s")
    request_id = RequestLog.objects.get().id
    assert signed_in.get(f"/p/acme/requests/{request_id}/{path}").status_code == 404
