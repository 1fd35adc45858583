"""`?` shows the map of all keys of a page: what its scripts handle, and what its links and buttons answer to."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from sessions_app.models import Project, RequestLog
from tests.factories import make_log, make_session

pytestmark = pytest.mark.django_db

SCRIPTS = Path(settings.BASE_DIR, "static/js")
ARROWS = {"←": "ArrowLeft", "→": "ArrowRight", "↑": "ArrowUp", "↓": "ArrowDown"}
# Which keys of a script are for pages that have something, and the sign of that.
OF_WHAT_IS_THERE = (
    ("page", "jkG", "data-row"),
    ("page", "eE", "sess-rows"),
    ("page", "x", 'name="pick"'),
    ("session", "jkeEiopdrh", 'class="thread"'),
    ("timeline", "jkeEio", 'id="waterfall"'),
)


@pytest.fixture
def pages(signed_in: Client, project: Project) -> dict[str, str]:
    session = make_session(project, "s1", make_log("rounded"), make_log("twice"))
    request = RequestLog.objects.filter(session_id=session.id).latest("started_at")
    place = reverse("session", args=[project.slug, session.id])
    of_request = reverse("request", args=[project.slug, request.id])
    addresses = {
        "sessions": reverse("sessions", args=[project.slug]),
        "requests": reverse("requests", args=[project.slug]),
        "conversation": f"{place}?find=rounded",
        "waterfall": f"{place}?view=waterfall",
        "table": f"{place}?view=table",
        "request": of_request,
        "prompt": f"{of_request}prompt/",
        "changes": f"{of_request}changes/",
    }
    return {name: signed_in.get(address).content.decode() for name, address in addresses.items()}


def in_map(page: str) -> set[str]:
    """The keys of the page's map. What stands after `shift` is an upper-case letter; the keys of a line may also be
    pressed one after another.
    """
    found: set[str] = set()
    for line in re.findall(r"<dd>(.*?)</dd>", page.split('id="keyboard-help"')[1].split("</dialog>")[0], re.DOTALL):
        keys = [html.unescape(key) for key in re.findall(r"<kbd>(.*?)</kbd>", line)]
        found |= {" ".join(keys[first : first + 2]) for first in range(len(keys))} | set(keys)
        found |= {key.upper() for before, key in itertools.pairwise(keys) if before == "shift"}
    return found | {ARROWS[key] for key in found & ARROWS.keys()}


def of_links(page: str) -> set[str]:
    return {html.unescape(key) for key in re.findall(r'data-key="([^"]+)"', page)}


def of_script(name: str) -> Iterator[str]:
    """Single characters that a script handles. Arrows, Enter and the like belong to what has the focus."""
    code = (SCRIPTS / f"{name}.js").read_text()
    for table in re.findall(r"const keys = \{\n(.*?)\n {2}\};", code, re.DOTALL):
        yield from re.findall(r'^ {4}"?([^\s"])"?:', table, re.MULTILINE)
    yield from re.findall(r'\.key === "(.)"', code)


def of_scripts(page: str) -> set[str]:
    names = re.findall(r'src="/static/js/(\w+)[.\w]*\.js"', page)
    found = {(name, key) for name in names for key in of_script(name)}
    for name, keys, sign in OF_WHAT_IS_THERE:
        found -= set() if sign in page else {(name, key) for key in keys}
    return {key for _, key in found} - {"g"}


def test_every_key_is_in_the_map_of_its_page(pages: dict[str, str]) -> None:
    missing = {name: (of_links(page) | of_scripts(page)) - in_map(page) for name, page in pages.items()}
    assert {name: keys for name, keys in missing.items() if keys} == {}


def test_the_keys_of_scripts_are_found(pages: dict[str, str]) -> None:
    assert {"j", "E", "h", "t"} <= of_scripts(pages["conversation"])
    assert {"x", "/", "?"} <= of_scripts(pages["sessions"])
    assert {"1", "2", "3", "f", "n"} <= of_links(pages["conversation"])
    # The neighbour of one of two requests is before it or after it.
    of_request = of_links(pages["request"]) | of_scripts(pages["request"])
    assert "t" in of_request
    assert {"j", "k"} & of_request
