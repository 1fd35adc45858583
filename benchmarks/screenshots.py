"""`python -m benchmarks.screenshots FOLDER`: pictures of every page and state of the samples, wide and narrow, light
and dark, and a page that shows them all.

It fails if a page answers with another status than expected, if the browser complains (errors of scripts, what the
Content-Security-Policy refused), or if a page is wider than the window. The states are in benchmarks/screens.py.
"""

from __future__ import annotations

import argparse
import html
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.__main__ import free_port
from benchmarks.installation import HOST, Installation
from benchmarks.screens import Screen, addresses, chosen

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

WIDTHS, THEMES = {1440: 900, 390: 844}, ("light", "dark")
MOST_HEIGHT = 4_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What comes or moves after a page was loaded: regions, transitions, what scripts draw.
SETTLE_MILLISECONDS = 200
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class Look:
    """How a screen is looked at, and what was wrong."""

    screen: Screen
    width: int
    theme: str
    problems: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        return f"{self.screen.name}-{self.width}-{self.theme}.png"


def main() -> int:
    options = parse()
    screens = list(chosen(options.words))
    options.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        looks = list(taken(Installation(free_port(), stack), screens, options))
    (options.folder / "index.html").write_text(overview(looks), encoding="utf-8")
    failed = sum(bool(look.problems) for look in looks)
    print(f"{len(looks)} pictures in {options.folder}/index.html, {failed} of them with problems")
    return int(failed > 0 or not looks)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("words", nargs="*", help="only states whose names have one of these words")
    parser.add_argument("--width", type=int, choices=WIDTHS, action="append")
    parser.add_argument("--theme", choices=THEMES, action="append")
    return parser.parse_args()


def taken(installation: Installation, screens: Sequence[Screen], options: argparse.Namespace) -> Iterator[Look]:
    """Picture after picture, of a running server with the samples. Problems are printed as they are found."""
    installation.make()
    installation.manage("load_samples", "--wait")
    paths, cookies = prepared(screens, installation.port)
    server = f"http://{HOST}:{installation.port}"
    with installation.web(), browsing() as browser:
        for width, theme in product(options.width or WIDTHS, options.theme or THEMES):
            with context_of(browser, width, theme) as context:
                for screen in screens:
                    look = Look(screen, width, theme)
                    begin(context, cookies if screen.signed_in else [])
                    take(context, server + paths[screen.name], look, options.folder)
                    for problem in look.problems:
                        print(f"{look.file}: {problem}", flush=True)
                    yield look


def prepared(screens: Sequence[Screen], port: int) -> tuple[Mapping[str, str], list[Any]]:
    """The paths of the screens, and the cookies of the administrator."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.test import Client

    from sessions_app.models import Project

    client = Client()
    client.force_login(get_user_model().objects.get(username="admin"))
    cookies = [
        {"name": cookie.key, "value": cookie.value, "url": f"http://{HOST}:{port}"}
        for cookie in client.cookies.values()
    ]
    return addresses(Project.objects.get(slug="demo"), screens), cookies


@contextmanager
def browsing() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    program = os.environ.get("LOGSUI_TEST_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit(f"No Chromium found. LOGSUI_TEST_BROWSER may name one; looked for {', '.join(BROWSERS)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def context_of(browser: Browser, width: int, theme: Any) -> Iterator[BrowserContext]:
    size: Any = {"width": width, "height": WIDTHS[width]}
    is_phone = width < 600
    context = browser.new_context(
        viewport=size, color_scheme=theme, reduced_motion="reduce", has_touch=is_phone, is_mobile=is_phone
    )
    yield context
    context.close()


def begin(context: BrowserContext, cookies: list[Any]) -> None:
    """Forget what earlier pages had remembered."""
    context.clear_cookies()
    context.add_cookies(cookies)


def take(context: BrowserContext, url: str, look: Look, folder: Path) -> None:
    """Open the page in a new tab, bring it into its state, and write the picture; notes what is wrong."""
    page = context.new_page()
    try:
        with noted(page, look):
            answer = page.goto(url, wait_until="load")
            if answer is None or answer.status != look.screen.status:
                look.problems.append(f"answered {answer and answer.status} instead of {look.screen.status}")
            if look.screen.act:
                look.screen.act(page)
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            if (wider := page.evaluate(WIDER)) > 0:
                look.problems.append(f"{wider} px wider than the window")
            photograph(page, folder / look.file)
    except Exception as error:
        # Whatever is wrong with one page, the others are still looked at.
        look.problems.append(str(error).splitlines()[0])
    finally:
        page.close()


@contextmanager
def noted(page: Page, look: Look) -> Iterator[None]:
    """What the browser complains about meanwhile is a problem, but for the expected status of an error page."""

    def note(message: ConsoleMessage) -> None:
        expected = look.screen.status >= 400 and "Failed to load resource" in message.text
        if message.type in ("error", "warning") and not expected:
            look.problems.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: look.problems.append(str(error)))
    yield


def photograph(page: Page, file: Path) -> None:
    """The whole page, or what fits of a very long one. What is open over the page stands in the window."""
    if page.locator("dialog[open]").count():
        page.screenshot(path=file)
        return
    size = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], MOST_HEIGHT)}
    page.screenshot(path=file, full_page=True, clip=clip)  # type: ignore[arg-type]


def overview(looks: Sequence[Look]) -> str:
    """A page with all pictures, those of one state beside each other."""
    parts = ["<!doctype html><meta charset=utf-8><title>Screenshots</title>"]
    for name, group in groupby(sorted(looks, key=lambda look: look.screen.name), key=lambda look: look.screen.name):
        parts.append(f"<h2 id={name}>{name}</h2>")
        for look in group:
            wrong = "".join(f"<p><b>{html.escape(problem)}</b>" for problem in look.problems)
            image = f"<img loading=lazy height=420 src={look.file} alt='{look.width} px, {look.theme}'>"
            parts.append(f"<a href={look.file}>{image}</a>{wrong}")
    return "\n".join(parts)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logsui.settings")
    sys.exit(main())
