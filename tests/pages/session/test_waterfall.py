"""The Waterfall view as the server renders it, and the curves above it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.test import Client

from sessions_app.models import Project, Session
from sessions_app.pages.session import waterfall_view
from sessions_app.pages.session.waterfall import FAILED, GENERATING, RUNS, UNTIL_FIRST_TOKEN
from tests.factories import START, make_log, make_session
from tests.pages.conversations import chat, turns, user
from tests.pages.session.test_session import get, text
from tests.pages.session.test_session_lanes import TASK, session_of
from tests.pages.session.test_session_traces import HOSTILE, made, post, tool
from tests.pages.session.test_session_traces import chat as traced

Row = tuple[int, str, str]


def rows(page: str) -> list[Row]:
    """The depth, name and kind ("group", "step" or "request") of each row."""
    pattern = r'<(li|summary) class="wf-row"([^>]*)>(.*?)<svg class="wf-time"'
    found = []
    for tag, attributes, inner in re.findall(pattern, page, re.DOTALL):
        depth = re.search(r'data-depth="(\d+)"', attributes)
        kind = "group" if tag == "summary" else "step" if "data-kind" in attributes else "request"
        found.append((int(depth[1]) if depth else -1, text(inner), kind))
    return found


def drawings(page: str) -> list[list[tuple[str, float, float]]]:
    """Class, start and width in percent of the bars of each row."""
    svgs = re.findall(r'<svg class="wf-time" aria-hidden="true">(.*?)</svg>', page, re.DOTALL)
    pattern = r'<rect class="(\w)" x="([\d.]+)%" width="([\d.]+)%"'
    return [[(look, float(x), float(w)) for look, x, w in re.findall(pattern, svg)] for svg in svgs]


def numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="w(\d+)"', page)]


def link(page: str, key: str) -> str:
    found = re.search(rf'href="([^"]*)" data-key="{re.escape(key)}"', page)
    return unescape(found[1]) if found else ""


# --- rows -----------------------------------------------------------------------------------------------------------


def test_rows_are_nested_as_the_trace_nests(signed_in: Client, project: Project) -> None:
    """An agent with a call, a tool, and an agent of its own; each takes a second."""
    post(
        project,
        made(1, "invoke_agent", name="planner"),
        traced(2, parent=1, at=0, question="Plan"),
        tool(3, "get_weather", parent=1, at=1),
        made(4, "invoke_agent", parent=1, at=2, name=HOSTILE),
        traced(5, parent=4, at=2, question="Look"),
    )
    page = get(signed_in, Session.objects.get(), "?view=waterfall")

    found = rows(page)
    assert [(depth, kind) for depth, _, kind in found] == [
        (0, "group"),
        (1, "request"),
        (1, "step"),
        (1, "group"),
        (2, "request"),
    ]
    assert "planner" in found[0][1]
    assert "get_weather" in found[2][1]
    assert "<script>alert(1)" not in page
    bars = drawings(page)
    assert [bar[0][0] for bar in bars] == ["s", "g", "x", "s", "g"]
    # The agent's bar goes to the end of what it contains, three seconds later.
    assert bars[0] == [("s", 0.0, 100.0)]
    assert bars[1][0][1:] == pytest.approx((0, 33.33), abs=0.1)
    assert bars[2][0][1:] == pytest.approx((33.33, 33.33), abs=0.1)


def test_requests_of_a_sub_agent_stand_together_with_their_sums(signed_in: Client, project: Project) -> None:
    page = get(signed_in, session_of(project), "?view=waterfall")

    assert [(depth, kind) for depth, _, kind in rows(page)] == [
        (0, "request"),
        (0, "group"),
        (1, "request"),
        (1, "request"),
        (0, "request"),
    ]
    group = rows(page)[1][1]
    assert group.startswith(TASK)
    assert "1 request failed" in group
    assert "$0.750" in group


def test_attempts_failures_and_overlaps_are_marked(signed_in: Client, project: Project) -> None:
    failed = {"status": "error", "response": None, "error": {"type": "overloaded", "message": "wait"}}
    logs = [
        chat([user("One")], "Two.", at=0, seconds=4, first_token_at=(START + timedelta(seconds=1)).isoformat()),
        chat([user("Else")], "Other.", at=2, seconds=4),
        chat([user("Again")], "", at=20) | failed,
        chat([user("Again")], "Yes.", at=23),
    ]
    page = get(signed_in, make_session(project, "s", *logs), "?view=waterfall")

    found = [name for _, name, _ in rows(page)]
    assert "parallel" in found[0]
    assert "parallel" in found[1]
    assert "overloaded" in found[2]
    assert "attempt 1/2" in found[2]
    assert "attempt 2/2" in found[3]
    assert re.search(r'id="w3"[^>]* data-state="error"', page)
    bars = drawings(page)
    assert [look for look, _, _ in bars[0]] == ["t", "g"]
    assert bars[0][1][1] == pytest.approx(bars[0][0][1] + 4, abs=0.1)
    assert bars[2][0][0] == "e"


def test_pauses_are_folded(signed_in: Client, project: Project) -> None:
    page = get(signed_in, make_session(project, "s", *turns(["One", "Two"], every=3_600)), "?view=waterfall")

    head = page[page.index('class="wf-head"') : page.index('class="wf-body"')]
    assert "pause 59 m 58 s" in text(head)
    assert "pause of 59 m 58 s folded" in text(page)
    first, second = drawings(page)
    assert first[0][2] > 40
    assert second[0][1] > 50


def test_each_pause_says_its_length(signed_in: Client, project: Project) -> None:
    """Four turns with pauses between them that lie close to each other, and twenty, of which not all have room."""
    logs = [chat([user(str(n))], "Yes.", at=at, seconds=8) for n, at in enumerate((0, 130, 380, 820))]
    page = get(signed_in, make_session(project, "few", *logs), "?view=waterfall")
    head = page[page.index('class="wf-head"') : page.index('class="wf-body"')]
    shown = re.findall(r'<text [^>]*class="idle" data-axes="([^"]*)"\s*>([^<]*)<', head)
    for length in ("2 m 02 s", "4 m 02 s", "7 m 12 s"):
        # Without the word where there is no room for it, so on each width.
        assert f"<title>pause {length}</title>" in text_of_spaces(head)
        axes = [axes for axes, words in shown if words.replace("\u202f", " ").removeprefix("pause ") == length]
        assert "wide" in " ".join(axes)
    assert "3 pauses folded, 13 m 16 s in all" in text(page)

    logs = [chat([user(str(n))], "Yes.", at=100 * n, seconds=8) for n in range(21)]
    page = get(signed_in, make_session(project, "many", *logs), "?view=waterfall")
    assert page.count("<title>pause 1") == 20
    assert "20 pauses folded, 30 m 40 s in all" in text(page)


def text_of_spaces(page: str) -> str:
    return page.replace("\u202f", " ")


def test_words_of_the_axis_do_not_overlap(signed_in: Client, project: Project) -> None:
    logs = [chat([user(str(n))], "Yes.", at=at, seconds=7) for n, at in enumerate((0, 45, 52, 120, 180, 183, 400, 405))]
    page = get(signed_in, make_session(project, "s", *logs), "?view=waterfall")
    marks = re.findall(r'<text x="([\d.]+)%"[^>]*data-axes="([^"]*)"\s+(?:data-edge="(\w+)")?>([^<]*)<', page)
    for axis, pixels in (("wide", 740), ("middle", 388), ("narrow", 180)):
        right = -9.0
        for x, axes, edge, words in marks:
            if axis in axes.split():
                middle, width = float(x) * pixels / 100, 6 * len(words)
                left = middle - {"start": 0, "end": width}.get(edge, width / 2)
                assert left > right, (axis, words)
                right = left + width
        assert right > 0


# --- zoom -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def even(project: Project) -> Session:
    """Eight requests, each takes two seconds and begins where the one before it ends."""
    return make_session(project, "even", *turns([f"Text {n}" for n in range(8)], every=2))


def test_zoom_has_an_address_and_links(signed_in: Client, even: Session) -> None:
    whole = get(signed_in, even, "?view=waterfall")
    assert numbers(whole) == list(range(1, 9))
    assert link(whole, "-") == link(whole, "0") == ""
    assert link(whole, "+").endswith("?view=waterfall&t0=4&t1=12")

    part = get(signed_in, even, "?view=waterfall&t0=4.5&t1=7.5")
    assert numbers(part) == [3, 4]
    assert drawings(part)[0] == [("g", 0.0, 50.0)]
    assert link(part, "0").endswith("?view=waterfall")
    assert link(part, "ArrowRight").endswith("t0=6&t1=9")
    assert link(part, "ArrowLeft").endswith("t0=3&t1=6")
    # What was brushed is in percent of the whole: the page says the address in seconds.
    brushed = get(signed_in, even, "?view=waterfall&p0=25&p1=50")
    assert "view=waterfall&amp;t0=4&amp;t1=8" in brushed


@pytest.mark.parametrize("query", ["t0=nan&t1=5", "t0=9&t1=2", "t0=x", "t0=-inf&t1=inf", "p0=nan&p1=nan", "t0=1e300"])
def test_what_is_no_time_shows_all(signed_in: Client, even: Session, query: str) -> None:
    assert len(numbers(get(signed_in, even, f"?view=waterfall&{query}"))) in (8, 3)


def test_htmx_gets_the_rows_alone(signed_in: Client, even: Session) -> None:
    part = get(signed_in, even, "?view=waterfall&t0=4&t1=8", HX_REQUEST="true")
    assert part.lstrip().startswith('<div class="wf" id="waterfall"')
    assert "<html" not in part


def test_long_sessions_have_pages_of_rows(signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waterfall_view, "MOST_ROWS", 3)
    logs = [make_log(f"Text {n}", started_at=START + timedelta(seconds=n * 3)) for n in range(1, 9)]
    session = make_session(project, "long", *logs)

    first = get(signed_in, session, "?view=waterfall")
    assert numbers(first) == [1, 2, 3]
    assert "?view=waterfall&amp;page=2" in first
    assert numbers(get(signed_in, session, "?view=waterfall&from=5")) == [4, 5, 6]
    last = get(signed_in, session, "?view=waterfall&page=99")
    assert numbers(last) == [7, 8]
    # The keys g g and G, and who has no keys, go to the ends.
    assert re.search(r'href="[^"]*page=3#r8" data-key="G"', first)
    assert re.search(r'href="[^"]*\?view=waterfall#r1" data-key="g g"', last)
    assert 'data-key="g g"' not in first
    assert 'data-key="G"' not in last


def test_a_row_of_a_page_stands_in_its_groups(
    signed_in: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waterfall_view, "MOST_ROWS", 2)
    post(project, made(1, "invoke_agent", name="planner"), *(traced(n, parent=1, at=n) for n in range(2, 6)))
    page = get(signed_in, Session.objects.get(), "?view=waterfall&page=2")

    assert [(depth, kind) for depth, _, kind in rows(page)] == [(0, "group"), (1, "request"), (1, "request")]
    assert page.count("<details open>") == page.count("</ol></details>")


# --- the curves -----------------------------------------------------------------------------------------------------


def strip(page: str) -> str:
    return page[page.index('id="curves"') : page.index("</section>", page.index('id="curves"'))]


def sized(sizes: list[int], model: str = "gpt-4o") -> list[dict[str, object]]:
    """A conversation whose requests have inputs of these sizes."""
    logs = turns([f"Text {n}" for n in range(len(sizes))], cost=0.5, model=model)
    for log, size in zip(logs, sizes, strict=True):
        log["usage"] = {"input_tokens": size, "output_tokens": 10}
    return logs


@pytest.mark.parametrize("view", ["", "?view=waterfall", "?view=table"])
def test_curves_tell_cost_and_context(signed_in: Client, project: Project, view: str) -> None:
    session = make_session(project, "s", *sized([30_000, 90_000, 20_000, 40_000]))
    found = strip(get(signed_in, session, view))

    assert "largest context 90.0k of 128k (70 %)" in text(found)
    assert "cost $2.00" in text(found)
    # The window is drawn, the context as a line of four spots, and where it shrank is marked.
    assert 'class="limit"' in found
    assert re.search(r'class="context-curve" d="M\d+ [\d.]+(L\d+ [\d.]+){3}"', found)
    assert re.search(r'class="mark-context" d="M\d+ 0v100"', found)
    points = unescape(re.findall(r'data-points="([^"]*)"', found)[0]).split("\n")
    assert [point.split("|")[1] for point in points] == ["1", "2", "3", "4"]
    assert "$1.50 so far" in points[2]
    assert "context shrank from 90.0k to 20.0k tokens since request 2" in points[2]


def test_the_0_tokens_of_a_request_that_failed_are_no_context(signed_in: Client, project: Project) -> None:
    first, second, third = sized([90_000, 90_100, 90_200])
    failed = second | {"error": {"message": "Slow down"}, "status_code": 429, "response": None}
    failed["usage"] = {"input_tokens": 0, "output_tokens": 0}
    page = get(signed_in, make_session(project, "s", first, failed, third))

    assert "shrank" not in page
    found = strip(page)
    assert re.search(r'class="context-curve" d="M\d+ [\d.]+L\d+ [\d.]+"', found)
    points = unescape(re.findall(r'data-points="([^"]*)"', found)[0]).split("\n")
    assert "context unknown" in points[1]


def test_unknown_windows_are_said_to_be_unknown(signed_in: Client, project: Project) -> None:
    found = strip(get(signed_in, make_session(project, "s", *sized([1_000, 2_000], "our-own-model"))))

    assert "window unknown: our-own-model" in text(found)
    assert 'class="limit"' not in found
    nothing = [log | {"usage": None, "cost": None} for log in turns(["One", "Two"])]
    found = strip(get(signed_in, make_session(project, "quiet", *nothing)))
    assert "context unknown" in text(found)
    assert "cost-curve" not in found


def test_errors_and_finds_are_marked_and_points_are_bounded(signed_in: Client, project: Project) -> None:
    logs = sized([1_000 + n for n in range(500)])
    logs[250] |= {"status": "error", "response": None, "error": {"type": "timeout", "message": "slow"}}
    found = strip(get(signed_in, make_session(project, "s", *logs), "?view=table&find=%22Answer+7%22"))

    assert found.count("M", found.index("mark-error"), found.index("/>", found.index("mark-error"))) == 1
    assert "mark-hit" in found
    points = unescape(re.findall(r'data-points="([^"]*)"', found)[0]).split("\n")
    assert 100 < len(points) <= 240
    assert any(point.split("|")[1] == "251" and "failed" in point for point in points)
    path = re.findall(r'class="context-curve" d="([^"]*)"', found)[0]
    assert path.count("L") <= 260


def test_a_single_request_has_no_curves(signed_in: Client, project: Project) -> None:
    assert 'id="curves"' not in get(signed_in, make_session(project, "s", make_log()))


@pytest.mark.parametrize(
    ("file", "block"), [("session.css", ".bar, .timing {"), ("timeline.css", ".wf-key, .wf-time {")]
)
def test_each_part_of_a_bar_has_an_ink(file: str, block: str) -> None:
    """What has none is black, and not seen in the dark theme."""
    css = (settings.BASE_DIR / "static" / "css" / file).read_text()
    rules = css[css.index(block) :][:1_500]
    for part in (FAILED, UNTIL_FIRST_TOKEN, GENERATING, RUNS):
        assert f".{part} {{ fill: var(" in rules or f".{part} {{ fill: color-mix(" in rules, part
