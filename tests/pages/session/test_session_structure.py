"""What the session page says between requests: what continues what, branches, attempts, changes, parallel calls."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, RequestLog, Session
from sessions_app.pages.thread import addresses
from tests.factories import START, make_log, make_session, store_logs
from tests.pages.conversations import agent, assistant, chat, turns, user
from tests.pages.session.test_session import MOST_STATEMENTS, address, article, get, numbers, text

PAYLOADS = Path(__file__).parents[2] / "payloads" / "litellm"
SYSTEM = {"role": "system", "content": "Be brief."}


def marks(page: str, number: int) -> str:
    """The line of words under a request's head."""
    found = re.search(r'<p class="marks">.*?</p>', article(page, number), re.DOTALL)
    return text(found[0]) if found else ""


def links(html: str) -> list[tuple[str, str]]:
    return [
        (text(words), unescape(href)) for href, words in re.findall(r'<a [^>]*?href="([^"]+)"[^>]*>(.*?)</a>', html)
    ]


def failed(at: float, status: int = 429, **members: Any) -> Any:
    error = {"type": "rate_limit_error", "message": "Slow down."}
    log = chat([SYSTEM, user("One")], "", at=at, seconds=1, **members)
    return log | {"response": None, "status": "error", "status_code": status, "error": error, "usage": None}


def forked() -> list[Any]:
    """Requests 1 and 2 in a row; 3 and 5 continue 2, 4 continues 3, 6 starts a new conversation."""
    first, second, third, fourth = turns(["One", "Two", "Three", "Four"])
    other = chat([*third["request"]["messages"][:-1], user("Another")], "Other answer", at=45)
    title = chat([{"role": "system", "content": "Write a title."}, user("One")], "A title", at=60)
    return [first, second, third, fourth, other, title]


# --- continues ------------------------------------------------------------------------------------------------------


def test_it_works(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", *turns(["One", "Two"])))

    assert marks(page, 1) == marks(page, 2) == ""
    assert 'class="fork"' not in page
    assert 'class="attempts"' not in page
    assert 'class="parallel"' not in page


def test_request_that_continues_another_than_the_one_before_says_which(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *forked())
    page = get(signed_in, session)

    assert marks(page, 5) == "continues request 2"
    assert links(article(page, 5).split('class="marks"')[1])[0] == ("request 2", f"{address(session)}#r2")
    assert marks(page, 4) == ""


def test_side_call_quietly_says_that_it_starts_a_new_conversation(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", *forked()))

    assert marks(page, 6) == "starts a new conversation"
    assert "data-quiet" in article(page, 6)
    assert "System prompt 14 B Write a title." in text(article(page, 6))


def test_repetition_of_an_answered_request_says_so(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", chat([user("One")], "A"), chat([user("One")], "B", at=9)))
    assert marks(page, 2) == "the same input as request 1"


def test_the_beginning_of_an_input_is_not_the_same_input(signed_in: Client, project: Project) -> None:
    longer = [user("Hi"), assistant("Ho"), user("And now?")]
    page = get(signed_in, make_session(project, "s", chat(longer, "Go on"), chat([user("Hi")], "Hello", at=1)))
    assert "the same input" not in page


def test_changed_model_is_said_from_and_to(signed_in: Client, project: Project) -> None:
    first, second = turns(["One", "Two"])
    page = get(signed_in, make_session(project, "s", first, second | {"model": "gpt-4.1"}))

    assert marks(page, 2) == "model changed from gpt-4o → gpt-4.1"


def test_model_of_a_side_call_has_not_changed(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", *forked()[:5], forked()[5] | {"model": "gpt-4o-mini"}))
    assert marks(page, 6) == "starts a new conversation"


def test_more_continuations_than_are_named_are_counted(signed_in: Client, project: Project) -> None:
    asked = [user("One"), assistant("Answer")]
    others = [chat([*asked, user(f"Variant {n}")], f"Leaf {n}", at=10 + n) for n in range(8)]
    session = make_session(project, "s", chat([user("One")], "Answer"), *others)
    first = RequestLog.objects.filter(session_id=session.id).earliest("started_at")
    page = signed_in.get(f"/p/acme/requests/{first.id}/").content.decode()
    assert re.search(r"Continued by 2 ?, 3 ?, 4 ?, 5 ?, 6 and 3 more", text(page))


# --- branches -------------------------------------------------------------------------------------------------------


def switcher(page: str) -> list[tuple[str, str, bool]]:
    """The words, the address and whether it is current, of each choice."""
    found = re.search(r'<nav class="fork".*?</nav>', page, re.DOTALL)
    assert found
    choices = re.findall(r'<a href="([^"]+)"( aria-current="true")?>(.*?)</a>', found[0])
    return [(text(words), unescape(href), bool(current)) for href, current, words in choices]


def test_branches_can_be_chosen_after_the_request_they_continue(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *forked())
    page = get(signed_in, session)

    assert "2 continuations of request 2" in text(page)
    assert page.index('id="fork-2"') < page.index('id="r3"')
    assert switcher(page) == [
        ("All", f"{address(session)}#r2", True),
        ("A 3–4", f"{address(session)}?branch=3#r3", False),
        ("B 5", f"{address(session)}?branch=5#r5", False),
    ]
    outline = text(page[page.index('id="outline-rows"') : page.index("</nav>", page.index('id="outline-rows"'))])
    assert "2 continuations of 2" in outline
    assert re.search(r'title="Branch B[^"]*"', article(page, 5))


def test_chosen_branch_hides_the_others(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *forked())
    page = get(signed_in, session, "?branch=5")

    assert numbers(page) == [1, 2, 5, 6]
    assert [current for _, _, current in switcher(page)] == [False, False, True]
    assert "Only branch B: 4 of 6 requests. Show all" in text(page)
    assert marks(page, 5) == ""
    # The outline is complete, and leads out of the branch.
    hrefs = re.findall(r'<a class="outline-row" href="([^"]+)"', page)
    assert hrefs == ["#r1", "#r2", "?from=1#r3", "?from=1#r4", "#r5", "#r6"]
    assert page.count("data-side") == 2


def test_what_a_cost_counts_is_said_in_a_branch(signed_in: Client, project: Project) -> None:
    logs = [log | {"cost": 0.25} for log in forked()]
    session = make_session(project, "s", *logs)
    whole, branch = text(get(signed_in, session)), text(get(signed_in, session, "?branch=5"))
    assert "cost $1.50 largest" in whole
    assert "Whole session:" not in whole
    assert "Whole session: requests 6" in branch
    assert "cost $1.00 of the 4 shown" in branch


@pytest.mark.parametrize("branch", ["2", "6", "0", "99", "x", "-1", "9" * 30])
def test_without_a_branch_of_that_number_all_is_shown(signed_in: Client, project: Project, branch: str) -> None:
    page = get(signed_in, make_session(project, "s", *forked()), f"?branch={branch}")
    assert numbers(page) == [1, 2, 3, 4, 5, 6]
    assert switcher(page)[0][2]


def test_branch_of_a_long_session_opens_in_blocks(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "BLOCK", 3)
    monkeypatch.setattr(addresses, "MOST_AT_ONCE", 4)
    talk = turns([f"Text {n}" for n in range(8)])
    other = chat([*talk[1]["request"]["messages"], assistant("Answer 2"), user("Another")], "Other", at=35)
    session = make_session(project, "s", *talk, other)

    # The other one is number 5; requests 3, 4 and 6 to 9 are beside it.
    first = get(signed_in, session, "?branch=3")
    assert numbers(first) == [1, 2, 3]
    ((label, href),) = re.findall(r'<a class="more-btn" href="([^"]+)"[^>]*>(.*?)</a>', first)[:1]
    assert (unescape(label), href) == ("?branch=3&from=4", "Show requests 4 to 7 of 9")
    second = get(signed_in, session, "?branch=3&from=4")
    assert numbers(second) == [4, 6, 7]
    assert re.findall(r'class="outline-row" href="([^"]+)"', second)[4:8] == [
        "?from=4#r5",
        "#r6",
        "#r7",
        "?branch=3&amp;from=8#r8",
    ]


def test_what_a_branch_added_is_told_without_its_neighbours(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", *forked()), "?branch=5")
    fifth = text(article(page, 5))

    assert "Another" in fifth
    assert "Three" not in fifth
    assert "1 new of 6" in fifth


# --- attempts -------------------------------------------------------------------------------------------------------


def attempts(page: str, number: int) -> str:
    found = re.search(r'class="attempts">(.*?)</(?:summary|p)>', article(page, number), re.DOTALL)
    assert found
    return text(found[1])


def test_attempts_of_one_call_are_one_item(signed_in: Client, project: Project) -> None:
    answered = chat([SYSTEM, user("One")], "At last.", at=14, model="gpt-4o-mini", cost=0.25)
    session = make_session(
        project,
        "s",
        failed(0),
        failed(5, cost=0.01),
        answered,
        make_log("Else", started_at=START + timedelta(seconds=99)),
    )
    page = get(signed_in, session)

    assert attempts(page, 3) == "attempt 3 of 3, after two 429s, +14.0 s, fell back to gpt-4o-mini"
    third = article(page, 3)
    assert third.index('id="r3"') < third.index('id="r1"') < third.index('id="r2"') < third.index("At last.")
    # Each keeps its permalink, its error and its cost.
    for number, log in enumerate(RequestLog.objects.order_by("started_at")[:2], start=1):
        inner = article(page, number)
        assert f"/p/acme/requests/{log.id}/" in inner
        assert "HTTP 429 rate_limit_error" in text(inner)
        assert "same input" in text(inner)
    assert "$0.010" in text(article(page, 2))
    # What they sent is printed once, with the last one.
    assert third.count("<p>Be brief.</p>") == 1
    assert third.count("<p>One</p>") == 1
    assert marks(page, 3) == ""
    assert "failed 2 retries 2" in text(page)


def test_attempts_within_a_conversation_are_one_continuation(signed_in: Client, project: Project) -> None:
    first, second = turns(["One", "Two"])
    broken = second | {"request_id": "b", "response": None, "status": "error", "status_code": 500, "model": "gpt-4.1"}
    broken |= {"error": {"type": "server_error", "message": "!"}}
    again = chat(second["request"]["messages"], "Answer 2", at=20)
    page = get(signed_in, make_session(project, "s", first, broken, again))

    assert attempts(page, 3) == "attempt 2 of 2, after a 500, +10.0 s, fell back to gpt-4o"
    assert 'class="fork"' not in page
    assert "1 new of 4" in text(article(page, 3))


def test_attempts_that_all_failed_end_with_the_last_error(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", failed(0), failed(5, status=500), failed(9)))

    assert attempts(page, 3) == "attempt 3 of 3, after a 429 and a 500, +9.0 s"
    assert 'data-state="error"' in article(page, 3).split(">")[0]
    assert text(article(page, 3)).count("Slow down.") == 3


def test_facts_are_those_of_the_attempt_that_is_shown(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", failed(0), failed(10), failed(20)))
    assert numbers(page)[0] == 3
    assert "<h2>Request 3</h2>" in page.split('id="inspector"')[1]


def test_attempt_on_another_page_is_named(signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "BLOCK", 2)
    monkeypatch.setattr(addresses, "MOST_AT_ONCE", 2)
    talk = make_log("Before", started_at=failed(-9)["started_at"])
    session = make_session(project, "s", talk, failed(0), chat([SYSTEM, user("One")], "At last.", at=14))
    first, second = get(signed_in, session), get(signed_in, session, "?from=3")

    assert "HTTP 429 rate_limit_error" in text(article(first, 2))
    assert attempts(second, 3) == "attempt 2 of 2, after a 429, +14.0 s before it request 2"
    assert f"{address(session)}#r2" in article(second, 3)


def load_payload(project: Project, name: str) -> Session:
    assert not accept_body(project.pk, "litellm", (PAYLOADS / name).read_bytes()).rejected
    digest_until_empty()
    return Session.objects.get(project_id=project.pk)


def test_attempts_that_litellm_did_not_log_are_counted(signed_in: Client, project: Project) -> None:
    """Two retries, of which the first failure and the success were posted."""
    page = get(signed_in, load_payload(project, "retries-then-success.json"))

    assert attempts(page, 2) == "attempt 3 of 3, after a 500, +2.6 s 1 more attempt was not logged by LiteLLM"


def test_fallbacks_of_litellm_are_attempts_of_one_call(signed_in: Client, project: Project) -> None:
    page = get(signed_in, load_payload(project, "fallback-to-good-model.json"))

    assert attempts(page, 2) == "attempt 2 of 2, after a 500, +33 ms, fell back to openai/gpt-4o-mini"
    assert attempts(page, 4) == "attempt 2 of 2, after a 429, +86 ms, fell back to anthropic/claude-haiku-4-5"
    assert marks(page, 4) == "starts a new conversation"


def test_counter_in_a_message_is_none_of_litellms(signed_in: Client, project: Project) -> None:
    logs = json.loads((PAYLOADS / "retries-then-success.json").read_text())
    for log in logs:
        log["messages"][0]["content"] = '"x-litellm-attempted-retries": 9'
        log["hidden_params"]["additional_headers"].pop("x-litellm-attempted-retries", None)
    accept_body(project.pk, "litellm", json.dumps(logs).encode())
    digest_until_empty()
    page = get(signed_in, Session.objects.get(project_id=project.pk))

    assert attempts(page, 2) == "attempt 2 of 2, after a 500, +2.6 s"


# --- histories that were rewritten ----------------------------------------------------------------------------------


def rewritten(project: Project, change: Any) -> Session:
    """A conversation of four requests, the last of which sends a changed history."""
    talk = turns(["One", "Two", "Three", "Four"])
    messages = talk[3]["request"]["messages"]
    talk[3]["request"]["messages"] = change(messages)
    return make_session(project, "s", *talk)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: [m[0], user("In short: one, two."), *m[5:]], "4 messages replaced by a summary"),
        (lambda m: [m[0], *m[3:]], "2 messages dropped"),
        (lambda m: [*m[:3], user("Two, please"), *m[4:]], "message 4 edited"),
        (lambda m: [*m[:3], user("By the way"), assistant("Yes?"), *m[3:]], "2 messages inserted"),
        (lambda m: [m[0], user("Uno"), assistant("Respuesta"), *m[3:]], "messages 2 to 3 edited"),
    ],
    ids=["summary", "dropped", "edited", "inserted", "two edited"],
)
def test_rewritten_history_is_said_in_words(signed_in: Client, project: Project, change: Any, words: str) -> None:
    page = get(signed_in, rewritten(project, change))

    assert marks(page, 4).endswith(f"rewrites the history of request 3 : {words} what changed")
    assert [marks(page, number) for number in (1, 2, 3)] == ["", "", ""]
    assert "Four" in article(page, 4)
    assert "Answer 3" not in text(article(page, 4)).replace("Answer 4", "")


def test_history_that_is_trimmed_each_time_is_told_once(signed_in: Client, project: Project) -> None:
    talk = turns(["One", "Two", "Three", "Four", "Five"])
    for log in talk[2:]:
        messages = log["request"]["messages"]
        log["request"]["messages"] = [messages[0], *messages[-3:]]
    page = get(signed_in, make_session(project, "s", *talk))

    assert marks(page, 3).endswith("rewrites the history of request 2 : 2 messages dropped what changed")
    assert [marks(page, number) for number in (4, 5)] == ["again: 2 messages dropped what changed"] * 2


def changes(client: Client, session: Session, number: int, **headers: str) -> str:
    page = get(client, session)
    found = re.search(r'hx-get="([^"]+/changes/)" hx-target="#changes-(\d+)"', article(page, number))
    assert found
    assert f'id="changes-{found[2]}"' in article(page, number)
    response = client.get(unescape(found[1]), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_difference_is_a_click_away(signed_in: Client, project: Project) -> None:
    session = rewritten(project, lambda m: [m[0], user("In short: one, two."), *m[5:]])
    piece = changes(signed_in, session, 4, **{"HX-Request": "true"})

    assert "<html" not in piece
    assert text(piece).startswith("4 messages replaced by a summary Before, in request 3 4 messages user One")
    assert text(piece).endswith("After user In short: one, two.")
    whole = changes(signed_in, session, 4)
    assert "What request 4 changed compared with request 3 , which it continues" in text(whole)
    assert "4 messages replaced by a summary" in text(whole)
    assert re.search(r"The same in both \d+ messages?, folded. Show (?:all )?\d+ messages? from before", text(whole))
    assert text(whole).split("New in request 4")[1].index("Four")
    # Many messages that are gone are folded; where the page is, its head says.
    assert re.search(r'<details class="fold"><summary>.*?4 messages</summary>', whole)
    crumbs = whole.split('class="sess-crumbs"')[1].split("</div>")[0]
    assert text(f"<p {crumbs}").endswith("Request 4 / Comparison")


def test_results_that_an_api_sends_as_the_users_are_the_tools(signed_in: Client, project: Project) -> None:
    call = {"type": "tool_use", "id": "toolu_9", "name": "ls", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_9", "content": "a.py"}
    asked = [user("One"), {"role": "assistant", "content": [call]}]
    talk = turns(["One", "Two"])
    talk[0]["request"]["messages"] = [user("One")]
    talk[1]["request"]["messages"] = [*asked, {"role": "user", "content": [result]}]
    page = changes(signed_in, make_session(project, "s", *talk), 2)
    assert 'data-role="tool"' in page.split("New in request 2")[1]


def test_edited_message_is_shown_as_the_difference_of_its_texts(signed_in: Client, project: Project) -> None:
    long = "\n".join(f"Line {n}" for n in range(20))
    talk = turns([long, "Two", "Three"])
    edited = [talk[2]["request"]["messages"][0], user(long.replace("Line 7", "Line <7>"))]
    talk[2]["request"]["messages"][:2] = edited
    piece = changes(signed_in, make_session(project, "s", *talk), 3, **{"HX-Request": "true"})

    assert '<del class="del">- Line 7</del>' in piece
    assert '<ins class="add">+ Line <b>&lt;</b>7<b>&gt;</b></ins>' in piece
    assert "5 equal lines" in text(piece)
    assert "Line 12" not in piece


def test_request_without_changes_has_no_difference(signed_in: Client, project: Project) -> None:
    make_session(project, "s", *turns(["One", "Two"]))
    log = RequestLog.objects.order_by("started_at").last()
    assert log
    page = signed_in.get(f"/p/acme/requests/{log.id}/changes/").content.decode()
    assert "This request did not change its history." in text(page)


def test_comparison_prints_the_results_that_are_new(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *agent())
    log = RequestLog.objects.filter(session_id=session.id).latest("started_at")
    page = signed_in.get(f"/p/acme/requests/{log.id}/changes/").content.decode().split("<main")[1]
    assert "2 failed" in page
    assert "run_tests" in page
    assert "shown with its call" not in page


def test_changes_of_another_project_are_not_shown(signed_in: Client, project: Project) -> None:
    from tests.factories import make_project

    store_logs(make_project("other"), make_log())
    assert signed_in.get(f"/p/acme/requests/{RequestLog.objects.get().id}/changes/").status_code == 404


# --- system prompts and tools ---------------------------------------------------------------------------------------


def test_changed_system_prompt_is_a_readable_difference(signed_in: Client, project: Project) -> None:
    first, second = turns(["One", "Two"], system="Be brief.\nBe kind.\nIt is 10 o'clock.")
    second["request"]["messages"][0] = {"role": "system", "content": "Be brief.\nBe kind.\nIt is 11 o'clock."}
    page = get(signed_in, make_session(project, "s", first, second))

    assert "System prompt changed" in text(article(page, 2))
    assert "- It is <b>10</b> o&#x27;clock." in article(page, 2)
    assert "+ It is <b>11</b> o&#x27;clock." in article(page, 2)
    assert "Whole prompt" in text(article(page, 2))


def test_changed_system_prompt_beside_the_messages_is_a_difference_too(signed_in: Client, project: Project) -> None:
    def log(system: str, messages: list[Any], at: float) -> Any:
        answer = {"role": "assistant", "content": [{"type": "text", "text": f"Answer {at}"}]}
        return chat(messages, "", at=at, call_type="messages", body={"system": system}) | {"response": answer}

    history = [user("One"), assistant("Answer 0"), user("Two")]
    logs = [log("Be brief.", [user("One")], 0), log("Be very brief.", history, 5)]
    page = get(signed_in, make_session(project, "s", *logs))

    assert "+ Be<b> very</b> brief." in article(page, 2)


def test_system_prompt_that_was_added_is_printed(signed_in: Client, project: Project) -> None:
    first, second = turns(["One", "Two"])
    first["request"]["messages"].pop(0)
    page = get(signed_in, make_session(project, "s", first, second))

    assert "System prompt added 9 B Be brief." in text(article(page, 2))


def test_what_is_the_same_behind_the_name_of_a_response_is_not_called_nothing(
    signed_in: Client, project: Project
) -> None:
    first = {
        "request": {"input": "One"},
        "response": {"id": "resp_1", "output": []},
        "started_at": "2026-11-20T10:00:00Z",
    }
    second = {"request": {"input": "Two", "previous_response_id": "resp_1"}, "started_at": "2026-11-20T10:01:00Z"}
    second["response"] = {"id": "resp_2", "output": []}
    make_session(project, "s", first, second)
    last = RequestLog.objects.order_by("-started_at")[0]
    page = signed_in.get(f"/p/acme/requests/{last.id}/changes/").content.decode()
    assert "Request 2 sends no message from before." in text(page)
    assert "No messages." not in page


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        (["read_file", "deploy"], "Tools changed, now 2 tools 140 B added deploy"),
        (["deploy"], "Tools changed, now 1 tool 54 B added deploy , removed read_file"),
        ([], "Tools removed 0 B removed read_file"),
        (["read_file!"], "Tools changed, now 1 tool 76 B changed read_file"),
    ],
)
def test_tools_that_came_and_went_are_named(signed_in: Client, project: Project, tools: list[str], words: str) -> None:
    first, second = agent()
    known = {"read_file": first["request"]["tools"][0], "deploy": {"type": "function", "function": {"name": "deploy"}}}
    known["read_file!"] = {"type": "function", "function": {"name": "read_file", "description": "Reads."}}
    second["request"]["tools"] = [known[name] for name in tools]
    page = get(signed_in, make_session(project, "s", first, second))

    assert re.sub(r"\d+ B", "0 B", words) in re.sub(r"\d+ B", "0 B", text(article(page, 2)))


# --- at the same time -----------------------------------------------------------------------------------------------


def test_parallel_requests_are_said_once_for_the_group(signed_in: Client, project: Project) -> None:
    logs = [chat([user(f"Task {n}")], "Done.", at=at, seconds=4) for n, at in enumerate([0, 1, 2, 30])]
    page = get(signed_in, make_session(project, "s", *logs))

    assert text(page).count("Requests 1, 2 and 3 ran at the same time") == 1
    section = page[page.index('<section class="parallel"') : page.index("</section>", page.index('class="parallel"'))]
    assert numbers(section) == [1, 2, 3]
    assert "3 at the same time" in text(page)


def test_a_chain_of_overlaps_is_not_said_to_run_at_one_time(signed_in: Client, project: Project) -> None:
    logs = [chat([user(f"Task {n}")], "Done.", at=at, seconds=7) for n, at in enumerate([0, 5, 10, 15])]
    page = text(get(signed_in, make_session(project, "s", *logs)))

    assert "Requests 1, 2, 3 and 4 overlap: each ran at the same time as another one" in page
    assert "4 overlap" in page
    assert "4 at the same time" not in page


# --- how requests came together -------------------------------------------------------------------------------------


def test_head_lists_the_rules_that_formed_the_session(signed_in: Client, project: Project) -> None:
    logs = turns(["One", "Two", "Three"])
    logs[0]["trace_id"] = "t-1"
    store_logs(project, *logs)
    session = Session.objects.get()
    page = get(signed_in, session)

    assert "grouped by trace_id ; 2 inferred from the conversation" in text(page.split('<div class="sess">')[0])


def test_each_request_says_its_rule_and_the_request_behind_it(signed_in: Client, project: Project) -> None:
    logs = turns(["One", "Two"])
    responses = [
        make_log(request={"input": "Hi"}, response={"id": "resp_1", "output": []}, user="bob"),
        make_log(request={"input": "And?", "previous_response_id": "resp_1"}, response={"id": "resp_2", "output": []}),
    ]
    responses[1]["started_at"] = logs[1]["started_at"]
    store_logs(project, *logs, *responses, failed(100), chat([SYSTEM, user("One")], "At last.", at=104))

    def rule(log: RequestLog) -> str:
        facts = signed_in.get(f"/p/acme/requests/{log.id}/facts/", headers={"HX-Request": "true"}).content.decode()
        found = re.search(r"<dt>Grouping</dt>\s*<dd>(.*?)</dd>", facts, re.DOTALL)
        assert found
        return text(found[1])

    said = {log.rule: rule(log) for log in RequestLog.objects.all()}
    assert "continues the conversation of request 1 (inferred)" in said["conversation"]
    assert "continues response resp_1 of request 1" in said["previous_response_id"]
    assert "repeats request 1" in said["attempt"]


# --- cost -----------------------------------------------------------------------------------------------------------


def test_statements_stay_few_with_everything_on_a_page(
    signed_in: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    talk = turns([f"Text {n}" for n in range(60)], every=40)
    talk[50]["request"]["messages"][3]["content"] = "edited"
    branch = chat([*talk[20]["request"]["messages"][:-1], user("Another")], "Other", at=810)
    session = make_session(project, "s", failed(-50), failed(-40), *talk, branch, *forked())

    for query in ("", f"?branch={24}"):
        with django_assert_max_num_queries(MOST_STATEMENTS):
            get(signed_in, session, query)


# --- summaries that agents and providers put in the place of a history ----------------------------------------------


@pytest.mark.parametrize(
    ("summary", "by"),
    [
        (user("This session is being continued from a previous conversation. Summary: we fixed it."), "Claude Code"),
        (user("Another language model started to solve this problem and wrote: we fixed it."), "Codex"),
        (user("<state_snapshot><goal>Fix it</goal></state_snapshot>"), "by the client)"),
        ({"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAA"}, "by the provider)"),
        (assistant([{"type": "compaction", "content": "We fixed it."}]), "by the provider)"),  # type: ignore[arg-type]
    ],
)
@pytest.mark.parametrize("kept", [0, 2])
def test_history_that_a_known_summary_replaced(
    signed_in: Client, project: Project, summary: Any, by: str, kept: int
) -> None:
    talk = turns(["One", "Two", "Three", "Four"])
    history = talk[-1]["request"]["messages"]
    after = chat([*history[:kept], summary, user("Five")], "Answer 5", at=60)
    page = get(signed_in, make_session(project, "s", *talk, after))

    assert "replaced by a summary" in marks(page, 5)
    assert by in marks(page, 5)


@pytest.mark.parametrize(
    "summary",
    ["This session is being continued from a previous conversation: we fixed it.", "<summary>It works</summary>"],
)
def test_a_summary_is_no_prompt_of_the_user(signed_in: Client, project: Project, summary: str) -> None:
    talk = turns(["One", "Two"])
    after = turns([summary, "Five"], system="", every=10)
    logs = [
        *talk,
        *(log | {"started_at": (START + timedelta(seconds=60 + 10 * n)).isoformat()} for n, log in enumerate(after)),
    ]
    session = make_session(project, "s", *[log | {"ended_at": None} for log in logs])

    page = get(signed_in, session)
    outline = page[page.index('id="outline-rows"') : page.index('class="outline-foot"')]
    assert summary[:20] not in unescape(outline)
    assert "goes on from a summary" in text(outline)
    assert "Five" in text(outline)
    assert summary[:20] not in text(get(signed_in, session, "?view=table").split("<tbody")[1])
    dense = [
        text(line)
        for line in re.findall(r'(?s)<article class="req dense".*?</article>', get(signed_in, session, "?dense=1"))
    ]
    assert "goes on from a summary → Answer 1" in dense[2]


def test_quoted_summary_replaces_nothing(signed_in: Client, project: Project) -> None:
    talk = turns(["One", "Two", "Three", "Four"])
    after = chat([user("It says: 'This session is being continued from a previous conversation'. Why?")], "So.", at=60)
    page = get(signed_in, make_session(project, "s", *talk, after))

    assert "summary" not in marks(page, 5)


def test_answer_with_a_providers_summary_says_so(signed_in: Client, project: Project) -> None:
    output = [{"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAA"}]
    log = make_log(
        request={"model": "gpt-5", "input": "Hello"}, response={"object": "response.compaction", "output": output}
    )
    page = get(signed_in, make_session(project, "s", log, make_log("Bye")))

    assert marks(page, 1) == "the provider put a summary of the history into this answer"
    assert "summary" not in marks(page, 2)


# --- summaries of the provider --------------------------------------------------------------------------------------


def compacted(second: dict[str, Any], answer: dict[str, Any], later: list[Any], members: dict[str, Any]) -> Any:
    asked = [user("alpha"), {"role": "assistant", "content": "alpha answer"}, user("beta")]
    first = chat(asked, "", at=0, **members) | {"response": answer}
    return [first, chat([second, *later], "gamma answer", at=10, **members)]


def test_a_summary_of_the_provider_is_named(signed_in: Client, project: Project) -> None:
    said = {
        "role": "assistant",
        "content": [
            {"type": "compaction", "content": "Summary: alpha was discussed at length."},
            {"type": "text", "text": "beta answer"},
        ],
    }
    logs = compacted(said, {"type": "message"} | said, [user("gamma")], {})
    page = text(get(signed_in, make_session(project, "s", *logs)))

    assert "rewrites the history of request 1" in page
    assert "replaced by a summary (by the provider)" in page
    assert "starts a new conversation" not in page


def test_comparison_names_the_tools_of_what_is_gone(signed_in: Client, project: Project) -> None:
    # The third request drops a result; its call, which is the same in both, names the tool.
    first, second = agent()
    third = chat([*second["request"]["messages"][:-1], assistant("Fixed."), user("Go on")], "Done.", at=9)
    session = make_session(project, "s", first, second, third)
    piece = changes(signed_in, session, 3, **{"HX-Request": "true"})
    assert re.search("run_tests 2 failed", text(piece))
    assert "tool result" not in text(piece)
