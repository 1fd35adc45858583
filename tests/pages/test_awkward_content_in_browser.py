"""Content of an unusual shape stays readable in a real Chromium: texts from right to left, wide tables, tall images."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_project, make_session
from tests.pages.conversations import chat, png, user

pytestmark = pytest.mark.django_db(transaction=True)

ARABIC = "مرحبا، أريد أن أعرف رصيد حسابي رقم 4711 وكذلك آخر خمس عمليات (من فضلك). " * 4
COLUMNS = 30
TABLE = "\n".join(
    (
        "|" + " column |" * COLUMNS,
        "|" + "---|" * COLUMNS,
        "|" + " value |" * COLUMNS,
    )
)
# Where text is cut so that its beginning is not seen: what overflows, and does so at its right.
LOST_BEGINNINGS = """() => [...document.querySelectorAll("bdi, [dir=auto]")].filter((text) => {
  if (!/^\\s*[\\u0590-\\u08ff]/.test(text.textContent)) return false;
  for (let box = text.parentElement; box; box = box.parentElement) {
    if (!["hidden", "clip"].includes(getComputedStyle(box).overflowX)) continue;
    const [inner, outer] = [text.getBoundingClientRect(), box.getBoundingClientRect()];
    return inner.width > 0 && inner.right > outer.right + 1;
  }
}).map((text) => text.parentElement.outerHTML.slice(0, 120))"""


def test_texts_from_right_to_left_keep_their_beginning(
    visitor: Page, live_server: LiveServer, transactional_db: None
) -> None:
    first = chat([user(ARABIC)], ARABIC, user=ARABIC[:80], tags=[ARABIC[:60]])
    second = chat([user(ARABIC), {"role": "assistant", "content": ARABIC}, user(ARABIC)], ARABIC, at=5)
    session = make_session(make_project(), "rtl", first, second)
    of_session = f"sessions/{session.id}/"
    for path in (
        *("sessions/", "sessions/?q=رصيد", "requests/", of_session, f"{of_session}?dense=1"),
        *(f"{of_session}?dense=0&view=waterfall", f"{of_session}?view=table"),
    ):
        visitor.goto(f"{live_server.url}/p/acme/{path}")
        for width in (1440, 390):
            visitor.set_viewport_size({"width": width, "height": 900})
            assert visitor.evaluate(LOST_BEGINNINGS) == [], (path, width)


def test_what_is_cut_says_all_of_it_under_a_pointer(
    visitor: Page, live_server: LiveServer, transactional_db: None
) -> None:
    text = "A question that is longer than its line has room for, and goes on. " * 3
    session = make_session(make_project(), "long", chat([user(text)], text))
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/?view=table")
    cut = visitor.locator(".t-did bdi").first
    cut.hover()
    assert str(cut.get_attribute("title")).startswith("A question that is longer than its line has room for, and")


def test_wide_tables_scroll_and_images_keep_their_shape(
    visitor: Page, live_server: LiveServer, transactional_db: None
) -> None:
    images = [(1, 1), (900, 20), (20, 900), (300, 200)]
    content = [{"type": "image_url", "image_url": {"url": png(*size)}} for size in images]
    session = make_session(make_project(), "odd", chat([{"role": "user", "content": content}], TABLE))
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/")
    cells = visitor.locator(".out td")
    expect(cells).to_have_count(COLUMNS)
    # Each word stands in one line.
    assert cells.first.evaluate("e => e.clientHeight / parseFloat(getComputedStyle(e).lineHeight)") < 2
    scroller = visitor.locator(".out .table-scroll")
    assert scroller.evaluate("e => e.scrollWidth > e.clientWidth && e.tabIndex === 0")
    for image, (width, height) in zip(visitor.locator(".thumb img").all(), images, strict=True):
        expect(image).to_have_js_property("complete", True)
        box = image.bounding_box()
        assert box
        assert box["width"] <= min(width, 176)
        assert box["height"] <= min(height, 176)
        assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.5)


def test_numbers_of_the_table_are_whole(visitor: Page, live_server: LiveServer, transactional_db: None) -> None:
    usage = {"input_tokens": 1_234_567, "output_tokens": 123_456}
    logs = [chat([user("One")], "Yes", usage=usage, cost=cost) for cost in ("0.00062", "12345.67")]
    session = make_session(make_project(), "numbers", *logs)
    visitor.goto(f"{live_server.url}/p/acme/sessions/{session.id}/?view=table")
    for width in (1440, 1000, 800):
        visitor.set_viewport_size({"width": width, "height": 900})
        cut = visitor.locator(".sess-rows [data-row] .num:visible").evaluate_all(
            "cells => cells.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)"
        )
        assert cut == [], width
