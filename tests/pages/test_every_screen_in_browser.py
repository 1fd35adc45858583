"""Every page and state of benchmarks/screens.py in a real Chromium: axe finds nothing, nothing shifts, all of it fits.

Each is looked at wide and light, and then narrow and dark: what is open stays open meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from benchmarks.screens import SCREENS, Screen, addresses
from benchmarks.screenshots import WIDER, WIDTHS
from sessions_app.access.rights import CORRECT_SESSIONS, DISMISS_FINDINGS
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.samples import all_samples, bodies
from sessions_app.samples.loading import put
from tests.factories import START, grant, make_project

pytestmark = pytest.mark.django_db(transaction=True)

WALKED = [screen for screen in SCREENS if screen.walked]
RIGHTS = (CORRECT_SESSIONS, DISMISS_FINDINGS)
WIDE, NARROW = WIDTHS.items()
# What another width and other colours can change. The rest is of the same elements.
CHANGED = (
    *("color-contrast", "target-size", "scrollable-region-focusable", "button-name", "link-name", "label"),
    *("select-name", "summary-name", "aria-hidden-focus", "empty-table-header", "link-in-text-block"),
)
# Columns of a chart are as narrow as their number wants; each request is reached by other links, too. A finger gets
# higher lines than the mouse of this browser. The headings of a text that was logged are its own.
EXEMPT = {"target-size": ".filled-links, .req.dense", "heading-order": ".prose"}
INSIDE = "(element, selector) => Boolean(element.closest(selector))"
SHIFT = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => setTimeout(() => resolve(sum)));
})"""

# What can have the focus and does not show it: neither itself, nor what is around or drawn in it, nor its label.
UNSEEN_FOCUS = """() => {
  const rings = (e, pseudo) => {
    const style = getComputedStyle(e, pseudo);
    if (e.localName === "rect") return style.stroke !== "none";
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  const found = new Set();
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  for (const e of document.querySelectorAll(all)) {
    if (!e.checkVisibility({ visibilityProperty: true }) || e.disabled) continue;
    e.focus({ preventScroll: true });
    if (document.activeElement !== e || !e.matches(":focus-visible")) continue;
    const around = [e.parentElement, e.parentElement.parentElement, ...(e.labels || [])];
    const near = [e, ...around, ...e.querySelectorAll("rect")];
    if (!near.some((one) => rings(one)) && !rings(e, "::after")) found.add(e.outerHTML.slice(0, 120));
  }
  return [...found].slice(0, 3);
}"""


@pytest.fixture
def paths(transactional_db: None) -> dict[str, str]:
    make_project("default")
    demo = make_project("demo", name="Demo")
    wanted = set().union(*(screen.samples for screen in WALKED))
    for sample in all_samples():
        if sample.key in wanted:
            for body in bodies(sample, START):
                put(demo, sample, body)
    digest_until_empty()
    return dict(addresses(demo, WALKED))


def violations(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What axe finds, by all of its rules or by these."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['html'][:200]} {node['failureSummary'][:200]}"
        for one in found
        for node in one["nodes"][:3]
        if not (one["id"] in EXEMPT and page.locator(node["target"][0]).evaluate(INSIDE, EXEMPT[one["id"]]))
    ]


def wrong_with(page: Page, screen: Screen, url: str) -> list[str]:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    answer = page.goto(url)
    assert answer
    found = [] if answer.status == screen.status else [f"answered {answer.status}"]
    if (shift := page.evaluate(SHIFT)) > 0.01:
        found.append(f"layout shift of {shift}")
    # Regions of a page may come later, and look so meanwhile.
    expect(page.locator(".htmx-request")).to_have_count(0)
    if screen.act:
        screen.act(page)
    found += violations(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    # A finger has larger buttons, which need more room.
    finger = page.context.new_cdp_session(page)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    # What an open menu covers is no target as long as it does.
    rules = [rule for rule in CHANGED if rule != "target-size" or not page.locator("details.menu[open]").count()]
    found += [f"narrow and dark: {one}" for one in violations(page, rules)]
    if (wider := page.evaluate(WIDER)) > 0:
        found.append(f"narrow: {wider} px wider than the window")
    finger.detach()
    # Keys show the focus, a mouse does not.
    page.keyboard.press("Shift")
    found += [f"no ring of the focus: {one}" for one in page.evaluate(UNSEEN_FOCUS)]
    return found


@pytest.mark.timeout(900)
def test_every_screen_is_accessible_and_still_and_fits(
    visitor: Page, context: BrowserContext, live_server: LiveServer, paths: dict[str, str], problems: list[str]
) -> None:
    grant(get_user_model().objects.get(username="alice"), *RIGHTS)
    cookies: Any = context.cookies()
    report = []
    for screen in WALKED:
        context.clear_cookies()
        if screen.signed_in:
            context.add_cookies(cookies)
        found = wrong_with(visitor, screen, live_server.url + paths[screen.name])
        # An error page is one that could not be loaded.
        found += [one for one in problems if screen.status == 200 or "Failed to load resource" not in one]
        report += [f"{screen.name}: {one}" for one in found]
        problems.clear()
    assert not report, "\n".join(report)
