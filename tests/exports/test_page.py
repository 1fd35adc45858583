"""A session as one HTML file: drawn as its page, whole, without scripts and without anything remote."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from django.test import Client

from sessions_app.exports.page import html_pieces
from sessions_app.exports.session import ExportedSession
from sessions_app.models import Project, Session
from tests.exports.conftest import Exports, address
from tests.exports.sources import LITELLM, store_litellm, store_otlp
from tests.exports.test_markdown import HOSTILE, NAME
from tests.factories import make_log, make_session, make_user
from tests.pages.conversations import assistant, call, chat, png, result, turns, user


class Elements(HTMLParser):
    """The elements of a page, and what its texts say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.said = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.said += data


def written(exported: Exports, session: Session) -> str:
    return exported(session, "html").decode()


def is_self_contained(page: str) -> Elements:
    elements = Elements(page)
    ids = {attributes.get("id") for _, attributes in elements.found}
    for tag, attributes in elements.found:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form", "audio", "video")
        assert not [name for name in attributes if name.startswith(("on", "hx-", "style", "srcset"))]
        assert attributes.get("src", "data:image/").startswith("data:image/")
        href = attributes.get("href", "http://")
        assert href.startswith(("http://", "https://", "mailto:")) or href[1:] in ids, href
        assert "more-btn" not in attributes.get("class", "")
    assert not re.search(r"[\d,]+ more (?!of)|in the raw JSON|Not shown here", elements.said)
    return elements


def test_it_works(project: Project, exported: Exports) -> None:
    page = written(exported, make_session(project, "order 4711", *turns(["One", "Two", "Three"])))
    elements = is_self_contained(page)
    assert [a["id"] for tag, a in elements.found if tag == "article"] == ["r1", "r2", "r3"]
    assert all(said in elements.said for said in ("One", "Two", "Three", "Answer 3", "order 4711"))
    assert elements.said.count("Answer 1") == 1
    assert page.endswith("</html>\n")


def test_its_policy_allows_its_own_style_and_nothing_else(project: Project, exported: Exports) -> None:
    page = written(exported, make_session(project, "a"))
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    [policy] = [a["content"] for _, a in Elements(page).found if a.get("http-equiv") == "Content-Security-Policy"]
    directives = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    assert directives == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert "url(" not in style


def test_images_are_within(project: Project, exported: Exports) -> None:
    image = {"type": "image_url", "image_url": {"url": png()}}
    elements = is_self_contained(written(exported, make_session(project, "a", chat([user([image])], "A square"))))
    [source] = [attributes["src"] for tag, attributes in elements.found if tag == "img"]
    assert source == png()


def test_what_a_page_cuts_is_whole(project: Project, exported: Exports) -> None:
    lines = "\n".join(f"line-{number}-" + "w" * 90 for number in range(300))
    rows = [{"key": f"row-{number}", "text": "v" * 300, **{f"c{n}": n for n in range(12)}} for number in range(100)]
    deep: object = "deepest"
    for _ in range(30):
        deep = {"in": deep}
    calls = [
        call("c1", "bash", '{"command": "ls", "extra": {"a": "%s"}}' % ("e" * 3_000)),
        call("c2", "read_file", '{"path": "a.py"}'),
        call("c3", "query", json.dumps({"deep": deep, "long": "k" * 5_000})),
        call("c4", "edit_file", json.dumps({"path": "a", "old_string": "x", "new_string": lines})),
    ]
    answer = assistant(lines, tool_calls=calls)
    returned = {"c1": lines, "c2": lines, "c3": json.dumps(rows), "c4": "ok"}
    replies = [result(call_id, text) for call_id, text in returned.items()]
    words = {f"t{n}": f"tool-{n} " * 100 + "." for n in range(60)}
    tools = [{"type": "function", "function": {"name": name, "description": said}} for name, said in words.items()]
    asked = [user(lines), *[user(f"message-{number}.") for number in range(150)]]
    logs = [
        chat(asked, answer, body={"tools": tools}),
        chat([*asked, answer, *replies], "Done", at=10, body={"tools": tools}),
    ]
    elements = is_self_contained(written(exported, make_session(project, "a", *logs)))
    said = elements.said
    assert said.count("line-299-") >= 5
    assert all(f"message-{number}." in said for number in range(150))
    assert all(f"row-{number}" in said for number in range(100))
    assert all(said.count(f"tool-{n} ") == 100 for n in range(60))
    assert "deepest" in said
    assert "k" * 5_000 in said
    assert "e" * 3_000 in said


def test_very_long_texts_are_written_by_themselves(project: Project, exported: Exports) -> None:
    """No piece of the file, and so no copy in memory, has all of it."""
    long = "<b>&\u202e```\n" + "word <i> " * 60_000
    asked = [user(long), assistant(None, tool_calls=[call("c", "f", json.dumps({"a": long}))]), result("c", long)]
    session = make_session(project, "a", chat(asked, "Done <!--text 0-->"))
    pieces = list(html_pieces(ExportedSession(session, project, "http://testserver")))
    assert max(map(len, pieces)) < 400_000
    elements = is_self_contained(b"".join(pieces).decode())
    assert elements.said.count("word <i> ") >= 180_000
    assert "Done <!--text 0-->" in elements.said


def test_nothing_of_a_stranger_is_html(project: Project, exported: Exports) -> None:
    evil = HOSTILE + '" hx-get="http://evil/" onclick="x" </style></main><svg onload=x>'
    name = evil.replace("\0", "")
    answer = assistant(evil, tool_calls=[call(evil, evil, evil)])
    asked = [user(evil), {"role": "system", "content": evil}, assistant(evil, name=name) | {"role": NAME}]
    image = {"type": "image_url", "image_url": {"url": "http://evil/x.png"}}
    logs = [
        chat(asked, answer, user=evil, model=evil, tags=[evil], finish=evil),
        chat([*asked, answer, result(evil, evil), user([image])], assistant([{"type": evil, evil: evil}]), at=10),
        make_log(evil, status="error", error={"type": evil, "message": evil}, response=None),
    ]
    elements = is_self_contained(written(exported, make_session(project, name, *logs)))
    assert 'hx-get="http://evil/"' in elements.said
    assert "evil" not in "".join(a.get("src", "") for _, a in elements.found)


@pytest.mark.parametrize("name", LITELLM)
def test_payloads_of_litellm_are_whole(project: Project, exported: Exports, name: str) -> None:
    sessions = store_litellm(project, name)
    assert sessions
    for session in sessions:
        elements = is_self_contained(written(exported, session))
        assert sum(tag == "article" for tag, _ in elements.found) == session.request_count


@pytest.mark.parametrize("folder", ["openai-agents", "google-adk", "pydantic-ai", "openinference-langchain"])
def test_payloads_of_opentelemetry_are_whole(project: Project, exported: Exports, folder: str) -> None:
    for session in store_otlp(project, folder):
        is_self_contained(written(exported, session))


def test_it_looks_as_the_page(project: Project, exported: Exports) -> None:
    """The same drawing: an article of the file is that of the page, but for where its links lead."""
    session = make_session(project, "a", *turns(["One", "**Two**"]))
    browser = Client()
    browser.force_login(make_user())
    page = browser.get(f"/p/acme/sessions/{session.pk}/").content.decode()
    assert articles(written(exported, session)) == articles(page)
    assert f'href="{address(session)}?format=html"' in page


def articles(page: str) -> list[str]:
    found = re.findall(r"<article.*?</article>", page, re.DOTALL)
    found = [re.sub(r'<details class="menu.*?</details>', "", one, flags=re.DOTALL) for one in found]
    return [re.sub(r"\s+", " ", re.sub(r' (?:hx-[a-z-]+|href|data-url)="[^"]*"', "", unescape(one))) for one in found]
