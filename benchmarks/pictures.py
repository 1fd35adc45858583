"""`python -m benchmarks.pictures docs/img`: the pictures of the documentation, taken from the pages of the samples."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.__main__ import free_port
from benchmarks.installation import HOST, Installation
from benchmarks.screens import Act, Screen, click, unfold
from benchmarks.screenshots import SETTLE_MILLISECONDS, begin, browsing, context_of, prepared

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

WIDTH = 1440
AGENT, EXPORT = "{session kontor-invoices-0419}", "{session agent-slow-export-2211}"


@dataclass(frozen=True, slots=True)
class Picture:
    """What one picture shows: an element of a page, or the top of the window, as high as `height` at most."""

    name: str
    address: str
    selector: str = ""
    height: int = 820
    act: Act | None = None


def attempts_unfolded(page: Page) -> None:
    page.evaluate("for (const fold of document.querySelectorAll('details.attempts')) fold.open = true")


PICTURES = (
    Picture("session", "{session incident-4471}"),
    Picture("sessions", "/p/demo/sessions/"),
    Picture("waterfall", f"{AGENT}?view=waterfall"),
    Picture("table", f"{AGENT}?view=table"),
    Picture("dense", f"{AGENT}?dense=1"),
    Picture("prompt", "{request claims-desk-5521 8}prompt/"),
    Picture("findings", "{session agent-stuck-deploy-0613}?panel=findings", "#findings", 460),
    Picture("prompt-cache", "{session claims-desk-5521}?panel=cache", "#cache", 460),
    Picture("rules", "{session interview-coach-ag}", "#session-head", 120),
    Picture("outline", EXPORT, ".outline", 640),
    Picture("continues", EXPORT, "#r3", 150),
    Picture("side-call", EXPORT, "#r2", 220),
    Picture("attempts", EXPORT, "#r11", 470, attempts_unfolded),
    Picture("model", EXPORT, "#r12", 140),
    Picture("system-and-tools", EXPORT, "#r5", 420, unfold),
    Picture("parallel", EXPORT, ".parallel:has(#r5)", 230),
    Picture("branches", EXPORT, ".fork", 60),
    Picture("rewritten-summary", "{session relocation-7719}", "#r8", 190),
    Picture("rewritten-edited", "{session relocation-7719}", "#r9", 260, click("#r9 .marks .textbtn")),
    Picture("rewritten-dropped", "{session relocation-7719}", "#r10", 90),
    Picture("steps", "{session market-brief-2026-47}", "#main", 560),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="only these pictures")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = [picture for picture in PICTURES if not options.names or picture.name in options.names]
    missing = []
    with ExitStack() as stack:
        for picture, is_there in taken(Installation(free_port(), stack), chosen, options.folder):
            missing += [] if is_there else [picture.name]
    print(f"{len(chosen) - len(missing)} pictures in {options.folder}", *(f"without {name}" for name in missing))
    return int(bool(missing))


def taken(installation: Installation, pictures: list[Picture], folder: Path) -> Iterator[tuple[Picture, bool]]:
    installation.make()
    installation.manage("load_samples", "--wait")
    paths, cookies = prepared([Screen(picture.name, picture.address) for picture in pictures], installation.port)
    server = f"http://{HOST}:{installation.port}"
    with installation.web(), browsing() as browser, context_of(browser, WIDTH, "light") as context:
        for picture in pictures:
            begin(context, cookies)
            yield picture, take(context, server + paths[picture.name], picture, folder)


def take(context: BrowserContext, url: str, picture: Picture, folder: Path) -> bool:
    """Write the picture; says whether what it shows is there."""
    page = context.new_page()
    page.goto(url)
    # The first answer of a process takes longer, and what takes too long is left out of a page.
    page.reload()
    if picture.act:
        picture.act(page)
        page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    box = (
        page.locator(picture.selector).first.bounding_box()
        if picture.selector and page.locator(picture.selector).count()
        else None
    )
    if picture.selector and box is None:
        page.close()
        return False
    clip = box or {"x": 0, "y": 0, "width": WIDTH, "height": picture.height}
    clip = {**clip, "height": min(clip["height"], picture.height)}
    page.screenshot(path=folder / f"{picture.name}.png", full_page=bool(box), clip=clip)
    page.close()
    return True


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logsui.settings")
    sys.exit(main())
