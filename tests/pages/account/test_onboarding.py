"""How to send the first request, and the card that waits for it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from django.utils import timezone

from sessions_app.access.keys import hash_secret
from sessions_app.access.rights import MAKE_KEYS
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import ApiKey, InboxEntry, Project, RejectedLog
from sessions_app.pages.account.onboarding import LIBRARIES, Library
from tests.factories import make_log, make_project, make_session, make_user

ADDRESS = "/p/acme/start/"
WAITING = "/p/acme/start/waiting/"


@pytest.fixture
def user(db: None) -> AbstractBaseUser:
    return make_user("alice", MAKE_KEYS)


def snippet(page: str, name: str) -> str:
    return unescape(re.search(rf'<code id="snippet-{name}">(.*?)</code>', page, re.DOTALL)[1])  # type: ignore[index]


def test_empty_project_leads_here(signed_in: Client, project: Project) -> None:
    assert signed_in.get("/p/acme/sessions/").url == ADDRESS
    assert b"Send the first request" in signed_in.get(ADDRESS).content


def test_project_with_sessions_shows_them(signed_in: Client, project: Project) -> None:
    make_session(project, "a")
    assert signed_in.get("/p/acme/sessions/").status_code == 200


def test_a_filter_that_finds_nothing_does_not_lead_here(signed_in: Client, project: Project) -> None:
    assert signed_in.get("/p/acme/sessions/?q=x").status_code == 200


def test_snippets_have_the_real_address(signed_in: Client, project: Project) -> None:
    page = signed_in.get(ADDRESS, headers={"host": "logs.acme.example:8443"}).content.decode()
    assert "endpoint: http://logs.acme.example:8443/api/v1/litellm\n" in snippet(page, "proxy")
    assert "curl http://logs.acme.example:8443/api/v1/logs " in snippet(page, "curl")
    assert "YOUR_KEY" in snippet(page, "py")


def test_made_key_is_in_the_snippets(signed_in: Client, project: Project) -> None:
    response = signed_in.post(ADDRESS)
    page = response.content.decode()
    secret = re.search(r'<code id="secret">(lsk_[\w-]+)</code>', page)[1]  # type: ignore[index]
    key = ApiKey.objects.get(hash=hash_secret(secret))
    assert (key.project, key.scopes) == (project, ["ingest"])
    for name in ("proxy", "curl", "py"):
        assert secret in snippet(page, name)
    assert response.headers["Cache-Control"] == "no-store"
    assert secret not in signed_in.get(ADDRESS).content.decode()


def test_making_a_key_keeps_what_was_chosen(signed_in: Client, project: Project) -> None:
    def checked(page: str) -> list[str]:
        return re.findall(r'<input type="radio"[^>]*? value="([^"]+)"[^>]*?\schecked>', page)

    assert checked(signed_in.get(ADDRESS).content.decode()) == ["proxy", LIBRARIES[0].slug]
    chosen = {"via": "otel", "library": "langfuse"}
    assert checked(signed_in.post(ADDRESS, chosen).content.decode()) == ["otel", "langfuse"]
    odd = {"via": "<b>", "library": "none"}
    assert checked(signed_in.post(ADDRESS, odd).content.decode()) == ["proxy", LIBRARIES[0].slug]


def test_curl_snippet_sends_a_log_that_is_accepted(signed_in: Client, project: Project) -> None:
    body = re.search(r"-d '(.*)'", snippet(signed_in.get(ADDRESS).content.decode(), "curl"), re.DOTALL)
    assert body
    accepted = accept_body(project.pk, "native", body[1].encode())
    assert (accepted.accepted, accepted.rejected) == (1, [])


def test_python_snippet_is_python(signed_in: Client, project: Project) -> None:
    page = signed_in.get(ADDRESS).content.decode()
    compile(snippet(page, "py"), "log.py", "exec")
    compile(snippet(page, "sdk"), "app.py", "exec")


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.slug)
def test_snippets_of_opentelemetry_are_those_of_the_documentation(
    signed_in: Client, project: Project, library: Library
) -> None:
    """Which the end-to-end tests run."""
    page = signed_in.get(ADDRESS, headers={"host": "127.0.0.1:8000"}).content.decode()
    shell, program = snippet(page, f"{library.slug}-shell"), snippet(page, library.slug)
    language = "python" if library.program == "app.py" else "js"
    documented = (Path(__file__).parents[3] / "docs" / "opentelemetry.md").read_text()
    assert f"```sh\n{shell}```\n\n```{language}\n{program}```\n" in documented


def test_key_and_address_are_in_the_snippets_of_opentelemetry(signed_in: Client, project: Project) -> None:
    page = signed_in.post(ADDRESS, headers={"host": "logs.acme.example"}).content.decode()
    secret = re.search(r'<code id="secret">(lsk_[\w-]+)</code>', page)[1]  # type: ignore[index]
    for library in LIBRARIES:
        shell = snippet(page, f"{library.slug}-shell")
        assert re.search(r"=http://logs\.acme\.example$", shell, re.MULTILINE)
        assert f"=Bearer%20{secret}" in shell or f"LANGFUSE_SECRET_KEY={secret}\n" in shell


@pytest.mark.parametrize(
    "library", [each for each in LIBRARIES if each.program == "app.py"], ids=lambda each: each.slug
)
def test_programs_for_opentelemetry_are_python(signed_in: Client, project: Project, library: Library) -> None:
    program = snippet(signed_in.get(ADDRESS).content.decode(), library.slug)
    imported = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imported


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node")
@pytest.mark.parametrize(
    "library", [each for each in LIBRARIES if each.program == "app.mjs"], ids=lambda each: each.slug
)
def test_programs_for_opentelemetry_are_javascript(
    signed_in: Client, project: Project, library: Library, tmp_path: Path
) -> None:
    program = tmp_path / "app.mjs"
    program.write_text(snippet(signed_in.get(ADDRESS).content.decode(), library.slug))
    subprocess.run(["node", "--check", program], check=True)


def test_opentelemetry_leads_to_a_sample(signed_in: Client, project: Project) -> None:
    page = signed_in.get("/p/acme/start/").content.decode()
    assert "such a session" not in page
    make_project("demo")
    page = signed_in.get("/p/acme/start/").content.decode()
    assert 'href="/p/demo/sessions/?source=otlp">such a session</a>' in page


def test_one_library_is_chosen(signed_in: Client, project: Project) -> None:
    page = signed_in.get(ADDRESS).content.decode()
    chosen = re.findall(r'<input type="radio" name="library"[^>]*?( checked)?>([^<]+?)\s*</label>', page)
    assert [title for checked, title in chosen if checked] == [LIBRARIES[0].title]
    assert len(chosen) == len(LIBRARIES)


def test_card_waits_and_then_links_to_the_session(signed_in: Client, project: Project) -> None:
    waiting = signed_in.get(WAITING).content.decode()
    assert "Waiting for the first request" in waiting
    assert 'hx-trigger="tick from:body"' in waiting
    session = make_session(project, "a", make_log("<b>Hello</b>"))
    arrived = signed_in.get(WAITING).content.decode()
    assert f'href="/p/acme/sessions/{session.pk}/"' in arrived
    assert "&lt;b&gt;Hello&lt;/b&gt;" in arrived
    assert "hx-get" not in arrived


def test_card_sees_its_own_project_alone(signed_in: Client, project: Project) -> None:
    make_session(make_project("other"), "a")
    assert b"Waiting for the first request" in signed_in.get(WAITING).content


def test_card_says_why_a_log_was_refused(signed_in: Client, project: Project) -> None:
    refused = {"project_id": project.pk, "source": "native", "received_at": timezone.now(), "raw_bytes": 2}
    RejectedLog.objects.create(**refused, reason_type="invalid_field", reason="cost must be a number <b>", body=b"{}")
    assert "cost must be a number &lt;b&gt;" in signed_in.get(WAITING).content.decode()


def test_card_says_that_nothing_is_digested(signed_in: Client, project: Project) -> None:
    accept_body(project.pk, "native", json.dumps(make_log(), default=str).encode())
    assert b"waits to be processed" not in signed_in.get(WAITING).content
    InboxEntry.objects.update(received_at=timezone.now() - timezone.timedelta(minutes=2))
    assert b"waits to be processed" in signed_in.get(WAITING).content
    digest_until_empty()
    assert b"The first request has arrived" in signed_in.get(WAITING).content


@pytest.mark.parametrize("since", ["", "x", "9" * 30, "-1"])
def test_odd_beginning_of_the_wait(signed_in: Client, project: Project, since: str) -> None:
    assert signed_in.get(f"{WAITING}?since={since}").status_code == 200
