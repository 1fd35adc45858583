"""Tool calls on the page of a session: drawn as what they are, with all of their text and the way to the raw form."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from django.test import Client

from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, Session
from tests.pages.tool_calls import CALLS, Called, conversation

FORMS = {
    "as=command": 'class="drawn"',
    "as=file&path=a.py&first=7": 'data-n="7"',
    "as=file&path=%00%ff&first=x": 'class="drawn"',
    "as=search": 'class="code"',
    "as=data": 'class="code"',
    "as=odd&first=-1": 'class="code"',
}


def page_of(client: Client, project: Project, calls: dict[str, Called] = CALLS, query: str = "") -> str:
    body = json.dumps(conversation(calls)).encode("utf-8", "surrogatepass")
    assert not accept_body(project.pk, "native", body).rejected
    digest_until_empty()
    session = Session.objects.get(project_id=project.pk)
    return client.get(f"/p/{project.slug}/sessions/{session.id}/{query}").content.decode()


def calls_in(page: str) -> list[str]:
    """The HTML of each call, in order. A call may have folds inside."""
    return re.split(r'(?=<details class="tool")', page)[1:]


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def one(client: Client, project: Project, name: str, arguments: Any, result: Any = "ok") -> str:
    [html] = calls_in(page_of(client, project, {"one": Called(name, arguments, result)}))
    return html


def test_calls_are_drawn_as_what_they_are(signed_in: Client, project: Project) -> None:
    found = dict(zip(CALLS, calls_in(page_of(signed_in, project)), strict=True))
    said = {name: text(html) for name, html in found.items()}

    assert "exec_command ls -a → .git".replace("→ ", "") in said["codex exec_command"]
    assert "in /repo Raw ls -a yield_time_ms : 1000 exit code 0 Raw Chunk ID: d53104" in said["codex exec_command"]
    assert "data-other>exit code 1</span>" in found["codex shell"]
    assert "src/retry.py and 1 more +3 −1" in said["codex apply_patch"]
    assert '<ins class="add">+ Seven attempts</ins>' in found["codex apply_patch"]
    assert '<span class="f2">3 passed</span>' in found["claude Bash"]
    assert "Downloading 100%" in said["claude Bash"].partition("Overwritten lines 10")[0]
    assert "exit code" not in said["claude Bash"]
    assert "/repo/calc.py +1 −1" in said["claude Edit"]
    assert "change 2 of 2" in said["claude MultiEdit"]
    assert "replace_all: true" in said["claude MultiEdit"]
    assert 'data-n="42">    <span class="k">return</span> a - b' in found["claude Read"]
    assert "lines 41 to 42, Python" in said["claude Read"]
    assert "NOTES.md written, +3 −0" in said["claude Write"]
    assert "3 lines in 2 files" in said["claude Grep"]
    assert "stderr a warning" in said["gemini run_shell_command"]
    assert 'href="https://example.org/a"' in found["search"]
    assert "1 result" in said["search"]
    assert "12 rows Raw month orders mean 2026-01 1000 12.5" in said["rows"]
    assert "options : 2 members deep : 1 member deeper : 3 items 1 2 1 member x : null" in said["data"]
    assert all(" style=" not in html and "data-raw>Raw</a>" in html for html in found.values())


def test_the_raw_text_and_the_larger_drawing_have_addresses(signed_in: Client, project: Project) -> None:
    lines = "\n".join(f"print({n})" for n in range(100))
    html = one(signed_in, project, "Write", {"file_path": "a.py", "content": lines}, "\n".join(map(str, range(99))))
    raw, larger = (re.findall(pattern, html)[0] for pattern in (r'href="([^"]*)" data-raw', r'hx-get="([^"]*as=call)"'))

    assert "Show 60 more lines" in html
    assert "print(39)" in html
    assert "print(40)" not in html
    assert '"print(0)\\nprint(1)' in unescape(signed_in.get(raw).content.decode())
    whole = signed_in.get(larger, headers={"HX-Request": "true"}).content.decode()
    assert "+ print(99)" in whole
    assert "more line" not in whole


def test_the_larger_drawing_of_a_result(signed_in: Client, project: Project) -> None:
    html = one(signed_in, project, "Bash", {"command": "seq 99"}, "\n".join(map(str, range(99))))
    url = re.findall(r'hx-get="([^"?]*)\?as=command"', html)[0]
    for form, marks in FORMS.items():
        answer = signed_in.get(f"{url}?{form}")
        assert answer.status_code == 200
        assert marks in answer.content.decode()


def test_what_is_found_is_marked_and_shown(signed_in: Client, project: Project) -> None:
    lines = [f"line {n}" for n in range(500)]
    lines[400] = "the zebra"
    calls = {
        "edit": Called("Write", {"file_path": "a", "content": "\n".join(lines)}, "ok"),
        "output": Called("Bash", {"command": "x"}, "\n".join(lines)),
        "tree": Called("get", {"q": 1}, json.dumps([*lines])),
        "key": Called("get", {"outer": {"zebra": 1}}, "ok"),
    }
    found = calls_in(page_of(signed_in, project, calls, "?find=zebra"))
    assert ["<mark" in html for html in found] == [True] * 4


# --- messages formatted or raw --------------------------------------------------------------------------------------


def test_messages_are_formatted_or_raw_as_the_address_says(signed_in: Client, project: Project) -> None:
    page = page_of(signed_in, project, {})
    assert "Mend <strong>add</strong>" in page
    assert 'href="?text=raw" title="Show messages as raw text (m)"' in page

    session = Session.objects.get(project_id=project.pk)
    url = f"/p/{project.slug}/sessions/{session.id}/"
    raw = signed_in.get(f"{url}?text=raw").content.decode()
    assert "Mend **add** in `calc.py`.\n\n- quickly</div>" in raw
    assert "It **adds** now." in raw
    assert 'href="?text=markdown" aria-current="true"' in raw
    # Remembered, on the pages of requests, too.
    assert "Mend **add**" in signed_in.get(url).content.decode()
    request = re.findall(rf'href="(/p/{project.slug}/requests/[^"]*)"', raw)[0]
    assert "It **adds** now." in signed_in.get(request).content.decode()
    assert "<strong>adds</strong>" in signed_in.get(f"{url}?text=markdown").content.decode()
    assert "<strong>adds</strong>" in signed_in.get(url).content.decode()


def test_raw_messages_are_inert(signed_in: Client, project: Project) -> None:
    log = conversation({})
    log["request"]["messages"][0]["content"] = "<script>x</script>\x00**b**"
    assert not accept_body(project.pk, "native", json.dumps(log).encode()).rejected
    digest_until_empty()
    session = Session.objects.get(project_id=project.pk)
    page = signed_in.get(f"/p/{project.slug}/sessions/{session.id}/?text=raw&find=script").content.decode()
    assert "<script>x" not in page
    assert "\x00" not in page
    assert "&lt;<mark" in page
    assert "**b**" in page
