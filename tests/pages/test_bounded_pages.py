"""Pages of hostile logs: each keeps within its budget, and what it does not show is reached by its links."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from logsui import urls
from sessions_app.access import rights
from sessions_app.content.packed_digests import pack_digests
from sessions_app.models import Project, RequestLog, Session
from sessions_app.pages.shell import changes, signed_in_page
from sessions_app.pages.thread.addresses import BLOCK
from sessions_app.structure.histories import Added, Comparison, PackedLists
from tests.factories import make_log, make_session
from tests.pages.conversations import assistant, chat, turns
from tests.pages.conversations import user as user_says

MOST_BYTES = 200_000


@pytest.fixture(autouse=True)
def small_pages(settings: Any) -> None:
    settings.LOGSUI_PAGE_MAX_BYTES = MOST_BYTES


def fetch(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200, address
    assert len(response.content) <= settings.LOGSUI_PAGE_MAX_BYTES, (address, len(response.content))
    return response.content.decode()


def more(page: str, words: str) -> str | None:
    """The address of the link whose text has these words."""
    found = re.search(rf'<a class="more-btn" href="([^"#]+)[^>]*>[^<]*{words}', page)
    return unescape(found[1]) if found else None


def answer_of(log: dict[str, Any], **message: Any) -> dict[str, Any]:
    return log | {"response": {"choices": [{"message": {"role": "assistant", **message}}]}}


def request_of(session: Session) -> RequestLog:
    return RequestLog.objects.filter(session_id=session.pk).order_by("started_at").first()


def page_of(log: RequestLog, rest: str = "") -> str:
    return f"/p/acme/requests/{log.id}/{rest}"


# --- a session --------------------------------------------------------------------------------------------------------


def wide(count: int) -> list[dict[str, Any]]:
    """Requests of which each takes some space."""
    return [
        chat([user_says(f"Question {n}. " + "<&>" * 600), *[user_says("&" * 1_900)] * 3], "Answer", at=n * 10)
        for n in range(count)
    ]


def test_a_session_ends_where_the_budget_does_and_goes_on_behind_a_link(signed_in: Client, project: Project) -> None:
    session = make_session(project, "wide", *wide(30))
    home, address, seen = f"/p/acme/sessions/{session.id}/", f"/p/acme/sessions/{session.id}/", []
    for _ in range(30):
        page = fetch(signed_in, address)
        numbers = [int(number) for number in re.findall(r'<article class="req" id="r(\d+)"', page)]
        assert numbers
        seen += numbers
        # The outline leads to what is not on the page.
        if numbers[-1] < 30:
            assert f'href="?at={numbers[-1] + 1}#r{numbers[-1] + 1}"' in page
        following = more(page, "too much for one page")
        if following is None:
            break
        address = home + following
    assert seen == list(range(1, 31))


def test_what_is_loaded_before_the_page_leaves_no_gap(signed_in: Client, project: Project) -> None:
    session = make_session(project, "wide", *wide(120))
    home = f"/p/acme/sessions/{session.id}/"
    page = fetch(signed_in, f"{home}?from=1&side=before", **{"HX-Request": "true"})
    numbers = [int(number) for number in re.findall(r'<article class="req" id="r(\d+)"', page)]
    assert numbers[0] == 1
    assert f'hx-get="?at={numbers[-1] + 1}&amp;to={BLOCK}&amp;side=between"' in page
    between = fetch(
        signed_in, f"{home}?at={numbers[-1] + 1}&to={numbers[-1] + 1}&side=between", **{"HX-Request": "true"}
    )
    assert re.findall(r'<article class="req" id="r(\d+)"', between) == [str(numbers[-1] + 1)]
    assert "more-btn" not in between


@pytest.mark.parametrize("first", [1, 101, 251, 300])
def test_the_outline_has_the_rows_of_the_page_where_not_all_fit(
    signed_in: Client, project: Project, settings: Any, first: int
) -> None:
    settings.LOGSUI_PAGE_MAX_BYTES = 300_000
    logs = [chat([user_says(f"Turn {n}")], "x", at=n) for n in range(300)]
    session = make_session(project, "long", *logs)

    page = fetch(signed_in, f"/p/acme/sessions/{session.id}/?from={first}")
    rows = [int(number) for number in re.findall(r'<span class="outline-n">(\d+)</span>', page)]
    shown = [int(number) for number in re.findall(r'<article class="req" id="r(\d+)"', page)]
    assert shown
    assert len(rows) < 250
    assert set(shown) <= set(rows)
    told = [range(int(a), int(b or a) + 1) for a, b in re.findall(r'data-numbers="(\d+)-?(\d*)"', page)]
    assert {number for numbers in told for number in numbers} == set(range(1, 301))


@pytest.mark.parametrize("kind", ["attempts", "branches", "parallel"])
def test_many_relations_are_told_in_few_words(signed_in: Client, project: Project, kind: str) -> None:
    error = {"status": "error", "error": {"type": "RateLimitError", "message": "no"}, "response": None}
    if kind == "attempts":
        logs = [chat([user_says("Again")], "x", at=n / 10, seconds=0.01) | error for n in range(400)]
    elif kind == "branches":
        start = [user_says("Begin"), assistant("One")]
        logs = [
            chat(start[:1], "One"),
            *(chat([*start, user_says(f"Next {n}")], f"Two {n}", at=5 + n) for n in range(400)),
        ]
    else:
        logs = [chat([user_says(f"Question {n}")], "x", at=n / 100, seconds=60) for n in range(400)]
    session = make_session(project, kind, *logs)
    for query in ("", "?from=351", "?branch=300"):
        fetch(signed_in, f"/p/acme/sessions/{session.id}/{query}")
    fetch(signed_in, page_of(RequestLog.objects.filter(session_id=session.pk).order_by("-started_at").first()))


# --- a request --------------------------------------------------------------------------------------------------------


def test_many_calls_are_reached_block_by_block(signed_in: Client, project: Project) -> None:
    calls = [
        {"id": f"call_{n:04}_unique_enough", "type": "function", "function": {"name": f"tool_{n}_", "arguments": "{}"}}
        for n in range(2_000)
    ]
    session = make_session(project, "calls", answer_of(chat([user_says("Go")], "x"), content=None, tool_calls=calls))
    log = request_of(session)
    fetch(signed_in, f"/p/acme/sessions/{session.id}/")
    page, seen = fetch(signed_in, page_of(log)), set()
    for _ in range(20):
        found = re.findall(r'<code class="tool-name"><bdi>tool_(\d+)_</bdi>', page)
        assert found
        assert not seen & set(found)
        seen |= set(found)
        following = more(page, "more blocks of this message")
        if following is None:
            break
        page = fetch(signed_in, following)
    assert len(seen) == 2_000
    assert "no result was sent back" not in page


def test_many_items_of_an_answer_are_reached(signed_in: Client, project: Project) -> None:
    output = [
        {"type": "function_call", "call_id": f"call_{n}", "name": f"tool_{n}_", "arguments": "{}"} for n in range(700)
    ]
    log = make_log() | {
        "call_type": "responses",
        "request": {"model": "m", "input": "go"},
        "response": {"output": output},
    }
    session = make_session(project, "items", log)
    fetch(signed_in, f"/p/acme/sessions/{session.id}/")
    page, seen = fetch(signed_in, page_of(request_of(session))), set()
    for _ in range(20):
        output_html = page.partition('id="output"')[2].partition('id="parameters"')[0]
        found = re.findall(r'<code class="tool-name"><bdi>tool_(\d+)_</bdi>', output_html)
        assert found
        assert not seen & set(found)
        seen |= set(found)
        following = more(page, "more items? of the answer")
        if following is None:
            break
        page = fetch(signed_in, following)
    assert len(seen) == 700


def test_many_messages_are_reached(signed_in: Client, project: Project) -> None:
    session = make_session(project, "messages", chat([user_says(f"m{n}. " + "<" * 1_900) for n in range(60)], "x"))
    page, seen = fetch(signed_in, page_of(request_of(session))), set()
    for _ in range(30):
        found = re.findall(r"m(\d+)\. &lt;", page.partition('id="parameters"')[0])
        seen |= set(found)
        links = re.findall(r'<a class="more-btn" href="([^"#]+)#input"[^>]*>Show [\d,]+ more messages?', page)
        if not links or len(seen) == 60:
            break
        page = fetch(signed_in, unescape(links[-1]))
    assert len(seen) == 60


def test_many_tools_prompts_and_members(signed_in: Client, project: Project) -> None:
    tools = [{"type": "function", "function": {"name": f"tool_{n}", "parameters": {"n": n}}} for n in range(1_500)]
    systems = [{"role": "system", "content": f"Prompt {n}. " + "<" * 1_000} for n in range(200)]
    log = chat([user_says("Go")], "x")
    log["request"] |= {"tools": tools, **{f"p{n}": n for n in range(3_000)}}
    log["request"]["messages"] = [*systems, *log["request"]["messages"]]
    log["metadata"] = {f"member {n}": {"v": "<" * 500} for n in range(1_000)}
    session = make_session(project, "tools", log)
    fetch(signed_in, f"/p/acme/sessions/{session.id}/")
    page = fetch(signed_in, page_of(request_of(session)))
    assert re.search(r'[\d,]+ more <a class="link" href="\?raw=request#raw">in the raw JSON</a>', page)
    assert re.search(r'[\d,]+ more <a class="link" href="\?raw=log#raw">in the raw JSON</a>', page)


def test_the_raw_json_is_read_to_its_end_without_script(signed_in: Client, project: Project) -> None:
    session = make_session(project, "raw", chat([user_says("<" * 250_000 + "end.")], "x"))
    log = request_of(session)
    page = fetch(signed_in, page_of(log, "?raw=request"))
    following, pages = more(page, "more characters?"), []
    links = re.findall(r'href="([^"]*raw/request/\?offset=\d+)"', page)
    following = unescape(links[0])
    while following:
        response = signed_in.get(following)
        assert response.status_code == 200
        pages.append(response.content.decode())
        assert len(response.content) < 700_000
        found = re.search(r'href="([^"]*raw/request/\?offset=\d+)"', pages[-1])
        following = unescape(found[1]) if found else None
    assert "end." in pages[-1]
    assert "<h1>Raw JSON: Request</h1>" in pages[0]
    assert len(pages) == 3


def test_the_text_of_deep_arguments_says_what_is_not_indented(signed_in: Client, project: Project) -> None:
    deep = "[" * 30_000 + "]" * 30_000
    calls = [{"id": "call_1", "type": "function", "function": {"name": "run", "arguments": deep}}]
    session = make_session(project, "deep", answer_of(chat([user_says("Go")], "x"), content=None, tool_calls=calls))
    page = fetch(signed_in, f"/p/acme/sessions/{session.id}/")
    following = more(page, "more characters")
    assert following
    response = signed_in.get(following)
    assert re.search(r"[\d,]+ characters are shown as they came: it is nested too deeply", response.content.decode())
    assert signed_in.get(f"{following}?download=1").content.count(b"[") == 30_000


# --- what changed -----------------------------------------------------------------------------------------------------


def test_changes_are_reached_one_after_the_other(signed_in: Client, project: Project) -> None:
    def history(edit: str) -> list[Any]:
        # Every other message is the same, so that each edited one is a change of its own.
        return [
            (user_says if n % 2 == 0 else assistant)(
                f"Message {n}" + (f" {edit} " + "<word> " * 2_000 if n % 4 == 2 else "")
            )
            for n in range(121)
        ]

    logs = [
        chat(history("as it was"), "One"),
        chat([*history("edited"), assistant("One"), user_says("On")], "Two", at=60),
    ]
    session = make_session(project, "edited", *logs)
    log = RequestLog.objects.filter(session_id=session.pk).order_by("-started_at").first()
    address, seen = page_of(log, "changes/"), []
    for _ in range(40):
        page = fetch(signed_in, address)
        titles = re.findall(r"<h3>Message (\d+) edited</h3>", page)
        assert titles
        seen += titles
        following = more(page, "more changes?")
        if following is None:
            break
        address = following
    assert seen == [str(n + 1) for n in range(2, 121, 4)]


def test_the_edited_messages_of_one_change_are_reached(signed_in: Client, project: Project) -> None:
    def history(edit: str) -> list[Any]:
        texts = [f"Message {n} {edit} " + "<word> " * 1_000 if 0 < n < 160 else "The same" for n in range(162)]
        return [(user_says if n % 2 == 0 else assistant)(text) for n, text in enumerate(texts)]

    later = [*history("edited"), assistant("One"), user_says("On")]
    session = make_session(project, "one", chat(history("as it was"), "One"), chat(later, "Two", at=60))
    log = RequestLog.objects.filter(session_id=session.pk).order_by("-started_at").first()
    address, seen = page_of(log, "changes/"), []
    for _ in range(60):
        page = fetch(signed_in, address)
        assert "not stored any more" not in page
        found = re.findall(r'<p class="change-of">message (\d+), ', page) or re.findall(
            r"<h3>Message (\d+) edited", page
        )
        assert found
        seen += found
        following = more(page, "more edited messages?")
        if following is None:
            break
        address = following
    assert seen == [str(n + 1) for n in range(1, 160)]


def test_histories_that_are_too_much_to_compare_are_said_to_be(signed_in: Client, project: Project) -> None:
    def added(work: int) -> Added:
        from sessions_app import bounds

        lists = [pack_digests([bytes([n % 7, k]) * 4 for n in range(300)]) for k in range(2)]
        blocks = {address: content for _, own in lists for address, content in own.items()}

        class Request:
            def __init__(self, packed: bytes) -> None:
                self.input_parts, self.output_parts, self.resent_count = packed, b"\0\0", 290

        requests = {n: Request(packed) for n, (packed, _) in enumerate(lists)}
        with bounds.answer(10**6, 600) as budget:
            budget.work_left = work
            return Comparison(requests, PackedLists(blocks)).added(1, None)  # type: ignore[arg-type]

    assert added(10**6).is_compared
    spent = added(0)
    assert not spent.is_compared
    assert (spent.start, spent.changes) == (290, ())


# --- statements -------------------------------------------------------------------------------------------------------


@signed_in_page
@changes(rights.MAKE_KEYS, all_may_read=True)
def sleeping(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        shown = cursor.fetchone()[0]
        if request.GET.get("long"):
            cursor.execute("SELECT pg_sleep(30)")
    return HttpResponse(shown)


urlpatterns = [path("sleeping", sleeping), path("api/sleeping", sleeping), *urls.urlpatterns]


@pytest.mark.urls("tests.pages.test_bounded_pages")
@pytest.mark.django_db(transaction=True)
def test_a_statement_that_takes_too_long_ends_its_page(settings: Any, client: Client, user: Any) -> None:
    settings.LOGSUI_PAGE_STATEMENT_SECONDS = 1
    client.force_login(user)
    response = client.get("/sleeping?long=1")
    assert response.status_code == 504
    assert "This page took too long" in response.content.decode()
    assert "after 1 second," in response.content.decode()
    answer = client.get("/api/sleeping?long=1")
    assert (answer.status_code, answer.json()["error"]["type"]) == (504, "timeout")


@pytest.mark.urls("tests.pages.test_bounded_pages")
@pytest.mark.django_db(transaction=True)
def test_what_writes_has_no_such_limit(settings: Any, client: Client, user: Any) -> None:
    settings.LOGSUI_PAGE_STATEMENT_SECONDS = 7
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])
    client.force_login(user)
    shown = [client.get("/sleeping"), client.post("/sleeping"), client.get("/sleeping"), client.post("/sleeping")]
    assert [response.content for response in shown] == [b"7s", b"0", b"7s", b"0"]


def test_turns_of_ordinary_length_are_all_on_the_page(signed_in: Client, project: Project) -> None:
    session = make_session(project, "ordinary", *turns([f"Question {n}" for n in range(20)]))
    page = fetch(signed_in, f"/p/acme/sessions/{session.id}/")
    assert len(re.findall(r'<article class="req"', page)) == 20
    assert "too much" not in page


# --- a session too long for one outline -------------------------------------------------------------------------------


def test_of_a_session_that_is_too_long_the_first_requests_are_shown(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("session.page", "thread.place"):
        monkeypatch.setattr(f"sessions_app.pages.{module}.MOST_LINES", 10)
    session = make_session(project, "long", *turns([f"Question {n}" for n in range(15)]))
    page = fetch(signed_in, f"/p/acme/sessions/{session.id}/")
    assert len(re.findall(r'<article class="req"', page)) == 10
    assert "its pages have the first 10 requests and steps" in page
    api = re.search(r'href="(/api/v1/sessions/[^"]+)">API', page)
    assert api
    listed = signed_in.get(unescape(api[1])).json()["results"]
    assert len(listed) == 15

    last = fetch(signed_in, f"/p/acme/requests/{listed[-1]['id']}/")
    assert "too long to show where this request is in it" in last
    assert "Question 14" in last
    assert "no earlier request" not in last
    for part in ("changes/", "?raw=log", "?input=new"):
        fetch(signed_in, f"/p/acme/requests/{listed[-1]['id']}/{part}")
    assert "<h1>Request 1</h1>" in fetch(signed_in, f"/p/acme/requests/{listed[0]['id']}/")
