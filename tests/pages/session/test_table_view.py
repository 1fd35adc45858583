"""The Table view of a session: its columns, its order, which requests it has, and its pages."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from sessions_app.models import Project, Session
from sessions_app.pages.session import table_view
from tests.factories import make_session
from tests.pages.conversations import agent, turns
from tests.pages.session.test_outline import steps_of
from tests.pages.session.test_session import get, text


@pytest.fixture
def talk(project: Project) -> Session:
    """Five requests in three turns, whose costs are known but for the failed one."""
    logs: list[dict[str, Any]] = turns(["One", "Two", "Three", "Four", "Five"])
    for log, cost in zip(logs, (0.2, None, 0.5, 0.1, 0.3), strict=True):
        log |= {"cost": cost, "usage": {"input_tokens": 100, "output_tokens": 10, "cached_tokens": 50}}
    logs[1] |= {"status": "error", "response": None, "error": {"type": "timeout", "message": "too slow"}, "usage": None}
    logs[2]["response"]["choices"][0]["finish_reason"] = "length"
    return make_session(project, "talk", *logs)


def rows(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tr data-row id="r(\d+)"', page)]


def heads(page: str) -> dict[str, tuple[str, str]]:
    """By the name of each column, its link and the direction of the order."""
    found = re.findall(r'(?s)<th role="columnheader"(.*?)>\s*<a href="([^"]*)">(.*?)</a>', page)
    direction = re.compile(r'aria-sort="(\w+)"')
    return {text(name): (unescape(href), (direction.findall(more) or [""])[0]) for more, href, name in found}


def test_it_works(signed_in: Client, talk: Session) -> None:
    page = get(signed_in, talk, "?view=table")
    assert rows(page) == [1, 2, 3, 4, 5]
    found = [text(row) for row in re.findall(r"(?s)<tr data-row.*?</tr>", page)]
    assert re.search(r"^1 ok \S+ \+0 ms Answer 1 gpt-4o 2\.0 s – 100 50 % 10 \$0\.200 \$0\.200$", found[0])
    assert re.search(r"failed \S+ \+10\.0 s too slow \(timeout\) gpt-4o 2\.0 s – – – – ", found[1])
    assert "cut off" in found[2]
    # The user's prompts stand between the rows; below them the sums.
    prompts = [text(row) for row in re.findall(r'(?s)<tr class="t-prompt".*?</tr>', page)]
    assert prompts == ["One", "Two", "Three", "Four", "Five"]
    foot = text(page[page.index("<tfoot") : page.index("</tfoot>")])
    assert "5 requests, 1 failed" in foot
    assert "10.0 s 400 50 % 40 $1.10" in foot


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("cost", [4, 1, 5, 3, 2]),
        ("-cost", [3, 5, 1, 4, 2]),
        ("status", [2, 3, 1, 4, 5]),
        ("-n", [5, 4, 3, 2, 1]),
        ("-offset", [5, 4, 3, 2, 1]),
        ("nonsense", [1, 2, 3, 4, 5]),
        ("-", [1, 2, 3, 4, 5]),
    ],
)
def test_each_column_orders_the_rows_and_unknown_comes_last(
    signed_in: Client, talk: Session, sort: str, expected: list[int]
) -> None:
    page = get(signed_in, talk, f"?view=table&sort={sort}")
    assert rows(page) == expected
    # Turns have no place where the order is not that of time.
    assert ("t-prompt" in page) is (expected == [1, 2, 3, 4, 5])


def test_heads_are_links_that_turn_the_order(signed_in: Client, talk: Session) -> None:
    plain = heads(get(signed_in, talk, "?view=table"))
    assert plain["#"] == ("?view=table&sort=-n", "ascending")
    assert plain["Cost"] == ("?view=table&sort=-cost", "")
    assert plain["Model"] == ("?view=table&sort=model", "")
    down = heads(get(signed_in, talk, "?view=table&sort=-cost&only=failed"))
    assert down["Cost"] == ("?view=table&sort=cost&only=failed", "descending")
    assert down["#"] == ("?view=table&only=failed", "")


def test_only_some_requests(signed_in: Client, project: Project, talk: Session) -> None:
    page = get(signed_in, talk, "?view=table&find=Answer")
    chips = page[page.index('aria-label="Which requests"') : page.index("</nav>", page.index('"Which requests"'))]
    assert text(chips).endswith("All 5 Failed 1 Cut off 1 Found 4")
    assert rows(get(signed_in, talk, "?view=table&only=failed")) == [2]
    assert rows(get(signed_in, talk, "?view=table&only=cut")) == [3]
    assert rows(get(signed_in, talk, "?view=table&only=nonsense")) == [1, 2, 3, 4, 5]
    none = get(signed_in, talk, "?view=table&only=tools&sort=cost")
    assert rows(none) == []
    assert "There is no such request. Show all" in text(none)
    assert 'href="?view=table&amp;sort=cost"' in none
    assert "Which requests" not in get(signed_in, make_session(project, "quiet", agent()[0]), "?view=table")


def test_columns_are_chosen_and_remembered(signed_in: Client, talk: Session) -> None:
    assert len(heads(get(signed_in, talk, "?view=table"))) == 14
    chosen = get(signed_in, talk, "?view=table&sort=-cost&columns=title&columns=cost&columns=model")
    assert list(heads(chosen)) == ["#", "Status !", "Did", "Model", "Cost"]
    assert heads(chosen)["#"][0] == "?view=table&columns=model+cost"
    assert list(heads(get(signed_in, talk, "?view=table"))) == ["#", "Status !", "Did", "Model", "Cost"]
    # The form keeps the order, and htmx gets the rows alone.
    assert '<input type="hidden" name="sort" value="-cost">' in chosen
    part = get(signed_in, talk, "?view=table&columns=title", **{"HX-Request": "true"})
    assert list(heads(part)) == ["#", "Status !", "Did"]
    assert "<html" not in part


def test_an_order_is_over_all_pages(signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_view, "MOST_ROWS", 3)
    logs = steps_of(8)
    for n, log in enumerate(logs):
        log["cost"] = (n * 5 % 8) / 10
    session = make_session(project, "s", *logs)
    seen: list[int] = []
    query = "?view=table&sort=-cost"
    while query:
        page = get(signed_in, session, query)
        seen += rows(page)
        later = re.search(r'<a class="more-btn" href="([^"]+)" data-after>Later rows', page)
        query = unescape(later[1]) if later else ""
        assert ("Earlier rows" in page) is (len(seen) > 3)
    assert seen == sorted(range(1, 9), key=lambda number: -((number - 1) * 5 % 8))
    first = get(signed_in, session, "?view=table&sort=-cost")
    assert re.search(rf'href="[^"]*from={seen[-1]}#r{seen[-1]}" data-key="G"', first)
    assert re.search(rf'href="[^"]*from={seen[0]}#r{seen[0]}" data-key="g g"', page)
    # A link to a request leads to the page that has it, in each order.
    assert 4 in rows(get(signed_in, session, "?view=table&from=4"))
    assert 4 in rows(get(signed_in, session, "?view=table&sort=cost&from=4"))
