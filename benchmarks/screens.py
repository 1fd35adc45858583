"""Every page and state that is worth a look: one table, for `make screenshots` and for the tests that walk the pages.

A new page or state is a line here. In an address `{session KEY}` stands for a sample's session, and `{request KEY N}`
for its request N.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sessions_app.models import Project

Act = Callable[["Page"], object]
_PLACE = re.compile(r"\{(session|request) ([\w.-]+)(?: (\d+))?\}")
NO_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Screen:
    """A page, or a state of it after `act`. `signed_in`: whether somebody is. `walked`: the tests look at it, too."""

    name: str
    address: str
    act: Act | None = None
    status: int = 200
    signed_in: bool = True
    walked: bool = True

    @property
    def samples(self) -> set[str]:
        """The keys of the samples that it shows."""
        return {key for _, key, _ in _PLACE.findall(self.address)}


def click(selector: str) -> Act:
    return lambda page: page.locator(selector).first.click()


def press(*keys: str) -> Act:
    def act(page: Page) -> None:
        for key in keys:
            page.keyboard.press(key)

    return act


def unfold(page: Page) -> None:
    """Opens what is folded, but no menus: one of those at a time can be open."""
    page.evaluate("for (const fold of document.querySelectorAll('details:not(.menu)')) fold.open = true")


def menu(page: Page, selector: str) -> None:
    page.locator(f"{selector} > summary").first.click()


def suggestions(page: Page) -> None:
    page.locator("#q").press_sequentially("status:")
    page.locator("#suggestions [role=option]").first.wait_for()


def picked(page: Page) -> None:
    for row in (0, 2):
        page.locator("#session-rows [name=pick]").nth(row).check()


def opened(selector: str) -> Act:
    return partial(menu, selector=selector)


def shorten(page: Page) -> None:
    """Leaves away sections that are like those before them."""
    page.evaluate("for (const section of [...document.querySelectorAll('section')].slice(9)) section.remove()")


LIST, REQUESTS = "/p/demo/sessions/", "/p/demo/requests/"
AGENT, SHORT = "{session kontor-invoices-0419}", "{session claims-desk-5521}"

SCREENS = (
    # The lists
    Screen("sessions", LIST),
    Screen("sessions-help", LIST, press("?"), walked=False),
    Screen("sessions-words", f"{LIST}?q=%22export+times+out%22"),
    Screen("sessions-filtered", f"{LIST}?q=status%3Aerror+model%3Agpt-4.1", walked=False),
    Screen("sessions-nothing", f"{LIST}?q=zeppelin&range=1h", walked=False),
    Screen("sessions-wrong-query", f"{LIST}?q=cost%3Amuch"),
    Screen("sessions-suggestions", LIST, suggestions),
    Screen("sessions-picked", LIST, picked),
    Screen("sessions-columns", LIST, opened("main details.menu")),
    Screen("sessions-range", LIST, opened("#range"), walked=False),
    Screen("sessions-projects", LIST, opened(".topbar-home details"), walked=False),
    Screen("sessions-account", LIST, opened(".topbar-tools details:last-of-type")),
    Screen("requests", REQUESTS),
    Screen("requests-words", f"{REQUESTS}?q=booking", walked=False),
    Screen("view-new", "/p/demo/views/new/?q=status%3Aerror"),
    # A session
    Screen("session", AGENT, walked=False),
    Screen("session-unfolded", AGENT, unfold),
    Screen("session-dense", f"{AGENT}?dense=1"),
    Screen("session-help", SHORT, press("?")),
    Screen("session-chosen", f"{AGENT}#r15", press("j", "j"), walked=False),
    Screen("session-found", f"{SHORT}?find=booking", walked=False),
    Screen("session-waterfall", f"{AGENT}?view=waterfall"),
    Screen("session-table", f"{AGENT}?view=table"),
    Screen("session-name", f"{AGENT}name/"),
    Screen("session-tags", f"{AGENT}tags/"),
    Screen("session-corrections", f"{AGENT}corrections/"),
    Screen("session-correct", f"{AGENT}correct/"),
    Screen("trace", "{session market-brief-2026-47}", unfold),
    Screen("trace-waterfall", "{session market-brief-2026-47}?view=waterfall", walked=False),
    Screen("trace-table", "{session market-brief-2026-47}?view=table", walked=False),
    Screen("branches", "{session agent-slow-export-2211}", walked=False),
    Screen("rewritten", "{session relocation-7719}", unfold, walked=False),
    Screen("cache-misses", f"{SHORT}?panel=cache", unfold, walked=False),
    Screen("loops", "{session agent-stuck-deploy-0613}?panel=findings", unfold, walked=False),
    Screen("full-context", "{session report-writer-2290}?panel=findings", unfold, walked=False),
    Screen("refused", "{session forum-moderation-0931}", walked=False),
    Screen("shell-and-patches", "{session 019ab2c4-tide-tables}", unfold),
    Screen("litellm", "{session search-summary-55e1}", walked=False),
    Screen("pictures", "{session board-deck-q4}", unfold, walked=False),
    Screen("images-made", "{session brand-icons-03}", unfold, walked=False),
    Screen("right-to-left", "{session bank-ar-3310}", walked=False),
    Screen("long", "{session stocktake-hall-3-aisle-7}", walked=False),
    Screen("long-waterfall", "{session stocktake-hall-3-aisle-7}?view=waterfall", walked=False),
    Screen("long-table", "{session stocktake-hall-3-aisle-7}?view=table", walked=False),
    # A request
    Screen("request", "{request kontor-invoices-0419 15}", walked=False),
    Screen("request-unfolded", "{request kontor-invoices-0419 1}", unfold),
    Screen("request-raw", "{request claims-desk-5521 4}?raw=request#raw", walked=False),
    Screen("request-failed", "{request search-summary-55e1 1}", walked=False),
    Screen("request-changes", "{request claims-desk-5521 8}changes/"),
    Screen("request-same-history", "{request kontor-invoices-0419 15}changes/", walked=False),
    Screen("prompt", "{request claims-desk-5521 8}prompt/", unfold),
    Screen("prompt-found", "{request kontor-invoices-0419 15}prompt/?find=totals", walked=False),
    # Settings and the first steps
    Screen("keys", "/p/demo/settings/keys/"),
    Screen("traces", "/p/demo/settings/traces/"),
    Screen("prices", "/p/demo/settings/prices/"),
    Screen("password", "/account/password/", walked=False),
    Screen("project-new", "/projects/new/", walked=False),
    Screen("onboarding", "/p/default/start/"),
    Screen("onboarding-unfolded", "/p/default/start/", unfold, walked=False),
    Screen("sign-in", "/login/", signed_in=False),
    Screen("api", "/api/v1/docs", shorten),
    # Errors
    Screen("not-found", "/p/demo/nothing/", status=404),
    Screen("session-gone", f"/p/demo/sessions/{NO_ID}/", status=404),
    Screen("request-gone", f"/p/demo/requests/{NO_ID}/", status=404, walked=False),
)


def chosen(words: Iterable[str]) -> Iterator[Screen]:
    """The screens whose name has one of these words; all of them if there are none."""
    wanted = list(words)
    return (screen for screen in SCREENS if not wanted or any(word in screen.name for word in wanted))


def addresses(project: Project, screens: Iterable[Screen]) -> Mapping[str, str]:
    """The path of each screen, by its name, in a project that has the samples."""
    from django.urls import reverse

    from sessions_app.models import RequestLog
    from sessions_app.samples import all_samples
    from sessions_app.samples.loading import session_of

    sessions = {sample.key: session_of(project, sample) for sample in all_samples()}

    def path(place: re.Match[str]) -> str:
        kind, key, number = place.groups()
        if kind == "session":
            return reverse("session", args=[project.slug, sessions[key]])
        requests = RequestLog.objects.filter(session_id=sessions[key], step=False).order_by("started_at", "id")
        return reverse("request", args=[project.slug, requests[int(number) - 1].id])

    return {screen.name: _PLACE.sub(path, screen.address) for screen in screens}
