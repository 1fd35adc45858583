"""The outline of a session: folds by turn, agent and run, with their sums; few rows of what is very long."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from sessions_app.models import Project, Session
from sessions_app.pages.session import outline, outline_tree
from sessions_app.pages.thread import addresses
from tests.factories import make_session
from tests.pages.conversations import agent, assistant, call, chat, result, user
from tests.pages.session.test_session import get, text
from tests.pages.session.test_session_traces import calls, made, post, tool
from tests.pages.session.test_session_traces import chat as traced


def outline_of(page: str) -> str:
    start = page.index('id="outline-rows"')
    return page[page.index(">", start) + 1 : page.index('class="outline-foot"', start)]


def heads(html: str) -> list[str]:
    """The text of each head of a fold."""
    return [text(found) for found in re.findall(r'(?s)<(?:a|summary) class="fold-head".*?</(?:a|summary)>', html)]


def rows(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li data-n="(\d+)"', html)]


def steps_of(count: int, prompt: str = "Go on", start: int = 0, **members: Any) -> list[Any]:
    """An agent that calls a tool in each of its requests, after one prompt."""
    usage = {"input_tokens": 100, "output_tokens": 10}
    messages = [user(prompt)]
    logs = []
    for n in range(count):
        answer = assistant(None, tool_calls=[call(f"c{start}-{n}", "read_file")])
        log = chat(list(messages), answer, at=(start + n) * 4, finish="tool_calls", usage=usage, cost=0.5) | members
        logs.append(log)
        messages += [answer, result(f"c{start}-{n}", f"text {n}")]
    return logs


def test_it_works(signed_in: Client, project: Project) -> None:
    one, two = agent()
    two["response"]["choices"][0]["finish_reason"] = "length"
    session = make_session(project, "s", one, two, *steps_of(2, "And now this", 10))
    html = outline_of(get(signed_in, session))

    first, second = heads(html)
    assert "1 cut off 2 requests" in first
    assert second == "And now this 2 requests · 200→20 · $1.00"
    assert rows(html) == [1, 2, 3, 4]
    assert re.findall(r'data-kind="turn" data-numbers="([\d-]+)"', html) == ["1-2", "3-4"]
    assert html.count("<details open>") == html.count("</details>") == 2
    # The cut answer is marked in its row as well.
    assert "cut off" in text(html.split('data-n="2"')[1].split("</li>")[0])


def test_only_turns_of_several_requests_have_a_fold(signed_in: Client, project: Project) -> None:
    prompts = ["One", "Two", "Three", "Three", "Four", "Five", "Five"]
    logs = [chat([user(prompt)], assistant(f"{n}"), at=n * 4) for n, prompt in enumerate(prompts)]
    html = outline_of(get(signed_in, make_session(project, "s", *logs)))
    assert rows(html) == [1, 2, 3, 4, 5, 6, 7]
    assert re.findall(r'data-kind="turn" data-numbers="([\d-]+)"', html) == ["3-4", "6-7"]


def test_first_message_that_is_left_alone_of_what_the_user_said_begins_no_turn(
    signed_in: Client, project: Project
) -> None:
    """The client sends the first and the last four messages: soon the second prompt is no longer sent."""
    first, second = steps_of(4, "Refactor it"), steps_of(8, "And test it", 10)
    history = first[-1]["request"]["messages"]
    for log in second:
        messages = [*history, *log["request"]["messages"]]
        log["request"]["messages"] = [messages[0], *messages[1:][-4:]]
    html = outline_of(get(signed_in, make_session(project, "s", *first, *second)))
    assert re.findall(r'data-kind="turn" data-numbers="([\d-]+)"', html) == ["1-4", "5-12"]


def test_what_happened_to_the_context_is_marked(signed_in: Client, project: Project) -> None:
    logs = steps_of(3)
    for log, tokens in zip(logs, (90_000, 95_000, 12_000), strict=True):
        log["usage"] = {"input_tokens": tokens, "output_tokens": 10}
    html = outline_of(get(signed_in, make_session(project, "s", *logs)))
    assert "context shrank from 95.0k to 12.0k tokens since request 2 3" in text(html)
    assert "1 where the context was compacted or shrank" in heads(html)[0]


def test_agents_of_a_trace_are_folds_with_what_they_delegated(signed_in: Client, project: Project) -> None:
    post(
        project,
        made(1, "invoke_agent", name="invoke_agent boss"),
        traced(2, calls("ask", "c1"), parent=1, at=0.1, question="Compare both plans."),
        tool(3, "ask", "The first.", "c1", parent=1, at=2),
        made(4, "invoke_agent", parent=3, at=2.1, name="invoke_agent helper"),
        traced(5, calls("look", "c2"), parent=4, at=2.2, question="Which one is cheaper?"),
        traced(6, parent=4, at=3, question="Which one is cheaper?"),
        traced(7, parent=1, at=4, question="Compare both plans."),
    )
    html = outline_of(get(signed_in, Session.objects.get()))

    kinds = re.findall(r'class="outline-fold" data-kind="(\w+)" data-numbers="([^"]+)"', html)
    assert kinds == [("turn", "1-4"), ("agent", "1-4"), ("run", "2-3"), ("agent", "2-3")]
    assert "2 own" in heads(html)[1]
    assert "4 in all" in heads(html)[1]
    # The main agent is open, what it delegated is closed.
    assert re.findall(r"<details( open)?>", html) == [" open", " open", "", ""]


def test_the_same_prompt_again_begins_a_turn(signed_in: Client, project: Project) -> None:
    asked, said = user("go on"), assistant("Part done.")
    calling = assistant(None, tool_calls=[call("c1-of-many-digits", "read_file")])
    looked = [asked, said, asked, calling, result("c1-of-many-digits", "x = 1")]
    session = make_session(
        project,
        "s",
        chat([asked], said),
        chat([asked, said, asked], calling, at=5, finish="tool_calls"),
        # The results of tools come with the same prompt in the history.
        chat(looked, said, at=10),
        # Another answer to the same is no prompt, nor is another attempt.
        chat(looked, "Other words.", at=15),
        chat([*looked, said, asked], said, at=20),
    )
    html = outline_of(get(signed_in, session))
    assert re.findall(r'data-kind="turn" data-numbers="([\d-]+)"', html) == ["2-4"]
    page = get(signed_in, session, "?view=table")
    assert page.count('class="t-prompt"') == 3


@pytest.fixture
def small_outline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "MOST_ROWS", 60)
    monkeypatch.setattr(outline_tree, "MOST_CHILDREN", 10)
    monkeypatch.setattr(outline_tree, "PIECE", 5)
    monkeypatch.setattr(addresses, "BLOCK", 50)


@pytest.mark.usefixtures("small_outline")
def test_turns_that_are_not_on_the_page_are_links_that_load_their_rows(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *steps_of(30, "One", 0), *steps_of(80, "Two", 40), *steps_of(20, "Three", 150))
    html = outline_of(get(signed_in, session, "?from=101"))

    assert set(range(101, 131)) <= set(rows(html))
    assert rows(html)[0] > 90
    closed = re.findall(r'<a class="fold-head" id="[^"]+" href="([^"]+)" hx-get="([^"]+)"', html)
    assert closed[0][0] == "?from=1#r1"
    assert "One 30 requests · 3.0k→300 · $15.00" in heads(html)[0]
    # Without a script the link leads to the block; with one it is replaced by the rows, which link to their blocks.
    loaded = signed_in.get(unescape(closed[0][1]), headers={"HX-Request": "true"}).content.decode()
    assert rows(loaded) == list(range(1, 31))
    assert "<html" not in loaded
    assert 'href="?from=1#r1"' in loaded
    assert loaded.count("<li") == loaded.count("</li>")
    assert signed_in.get(unescape(closed[0][1])).status_code == 302


@pytest.mark.usefixtures("small_outline")
def test_a_long_turn_is_in_pieces_and_each_can_be_loaded(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *steps_of(130))
    html = outline_of(get(signed_in, session))
    assert rows(html) == list(range(1, 51))

    found = set(rows(html))
    waiting = re.findall(r'hx-get="([^"]+/outline/[^"]+)"', html)
    while waiting:
        loaded = signed_in.get(unescape(waiting.pop()), headers={"HX-Request": "true"}).content.decode()
        found |= set(rows(loaded))
        waiting += re.findall(r'hx-get="([^"]+/outline/[^"]+)"', loaded)
    assert found == set(range(1, 131))


def test_folds_are_those_of_this_project_and_known(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *steps_of(3))
    home = f"/p/acme/sessions/{session.id}/outline/"
    for fold in ("", "x", "turn-9-12", "turn-3-1", "piece-0-9999999", "turn-²-3"):
        assert signed_in.get(home, {"fold": fold}, headers={"HX-Request": "true"}).status_code == 404
    whole = signed_in.get(home, {"fold": "piece-0-99"}, headers={"HX-Request": "true"})
    assert rows(whole.content.decode()) == [1, 2, 3]


def test_failed_requests_are_told_to_scripts(signed_in: Client, project: Project) -> None:
    logs = steps_of(4)
    logs[2] |= {"status": "error", "error": {"type": "timeout", "message": "too slow"}, "response": None}
    page = get(signed_in, make_session(project, "s", *logs))
    assert 'data-count="4" data-failed="3"' in page


def test_the_outline_of_5000_requests_is_light(signed_in: Client, project: Project) -> None:
    """Its tree is tested without the database, which would take a minute."""
    nodes: list[Any] = [outline_tree.Fold("turn", n, n + 1) for n in range(5_000)]
    pieces = outline_tree.in_pieces(nodes, 0)
    assert len(pieces) <= outline_tree.MOST_CHILDREN
    assert [pieces[0].key, pieces[-1].key] == ["piece-0-2500", "piece-2500-5000"]


def test_an_answer_of_one_word_before_its_calls_is_no_name_of_a_tool(signed_in: Client, project: Project) -> None:
    calling = assistant("Looking.", tool_calls=[call("c1", "read_file")])
    silent = assistant(None, tool_calls=[call("c2", "read_file")])
    logs = [chat([user(f"Read {n}")], answer, at=n, finish="tool_calls") for n, answer in enumerate((calling, silent))]
    html = outline_of(get(signed_in, make_session(project, "s", *logs)))

    looks = re.findall(r'class="outline-label" data-look="(\w+)">([^<]+)', html)
    assert looks == [("answer", "Looking."), ("tools", "read_file")]
