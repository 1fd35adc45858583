"""GET /api/v1/sessions/{id}/export: who may, what is asked in vain, and the files of programs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.api import export
from sessions_app.exports.formats import FORMATS
from sessions_app.exports.table import cell
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, Session
from sessions_app.queries import content
from tests.exports.conftest import Exports, address, reader
from tests.factories import START, make_log, make_project, make_session, make_user, store_logs

HOSTILE = "\u202e=1+1\x00 \ud800 <script>alert(1)</script>\n```\n# heading"


@pytest.mark.parametrize("name", FORMATS)
def test_it_works(project: Project, name: str) -> None:
    session = make_session(project, '../Order 4711\r\n"; x=', make_log("One"), make_log("Two"))
    response = reader(project).get(address(session), {"format": name})
    assert (response.status_code, response.headers["Content-Type"]) == (200, FORMATS[name].media_type)
    file = f"session-order-4711-x-{session.pk.hex[:8]}.{name}"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{file}"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert b"".join(response)


def test_who_may(project: Project) -> None:
    session = make_session(project, "a")
    assert Client().get(address(session)).status_code == 401
    assert reader(project, "ingest").get(address(session)).status_code == 403
    assert reader(make_project("other")).get(address(session)).status_code == 404
    browser = Client()
    browser.force_login(make_user())
    assert browser.get(address(session)).status_code == 200


def test_what_is_asked_in_vain(project: Project) -> None:
    session, client = make_session(project, "a"), reader(project)
    for format in ("xml", "", "JSON"):
        response = client.get(address(session), {"format": format})
        assert (response.status_code, response.json()["error"]["field"]) == (400, "format")
    assert client.get(address(session), {"limit": "1"}).json()["error"]["field"] == "limit"
    assert client.get("/api/v1/sessions/4711/export").status_code == 404


def test_json_is_what_the_api_says_of_the_session(project: Project, exported: Exports) -> None:
    session, client = make_session(project, "a", make_log("One", metadata={"n": 1}), make_log("Two")), reader(project)
    written = json.loads(exported(session))
    assert written["session"] == client.get(f"/api/v1/sessions/{session.pk}").json()
    lines = client.get("/api/v1/sessions.jsonl")
    assert written["requests"] == json.loads(b"".join(lines))["requests"]
    assert [json.loads(line) for line in exported(session, "jsonl").splitlines()] == written["requests"]


def test_documents_are_as_sent(project: Project, exported: Exports) -> None:
    """Also over several lines, and with what no text of a database can hold."""
    body = b'{\n  "messages": [\r\n {"role": "user", "content": "\\ud800 \\u0000 \\n"}], "n": 1e400, "m": 1}'
    log = json.dumps(make_log(session_id="a"), default=str).encode()
    start = log.index(b'"request": ')
    end = log.index(b', "response"')
    accept_body(project.pk, "native", log[:start] + b'"request": ' + body + log[end:])
    digest_until_empty()
    session = Session.objects.get(session_key="a")
    [line] = exported(session, "jsonl").splitlines()
    for kept in (b'"\\ud800 \\u0000 \\n"', b"1e400"):
        assert kept in line
        assert kept in exported(session)
    [line] = b"".join(reader(project).get("/api/v1/sessions.jsonl")).splitlines()
    assert kept in line


def test_csv_has_a_row_for_each_request(project: Project, exported: Exports) -> None:
    error = {"type": "RateLimit", "message": '=HYPERLINK("http://x")' + "x" * 3_000}
    logs = [
        make_log(HOSTILE, model="@SUM(A1)", cost="0.0021", user=HOSTILE, tags=["-1", "b,c"]),
        make_log("Two", status="error", status_code=429, error=error, response=None),
        make_log("Three", response={"choices": [{"finish_reason": "length", "message": {"content": "Hi"}}]}),
    ]
    session = make_session(project, "a", *logs)
    found = list(csv.DictReader(io.StringIO(exported(session, "csv").decode(), newline="")))
    assert [row["number"] for row in found] == ["1", "2", "3"]
    assert [row["status"] for row in found] == ["success", "error", "success"]
    assert (found[0]["model"], found[0]["cost"], found[0]["rule"]) == ("'@SUM(A1)", "0.0021", "session_id")
    assert found[0]["tags"] == "'-1, b,c"
    assert found[1]["status_code"] == "429"
    assert found[1]["error_message"].startswith('\'=HYPERLINK("http://x")x')
    assert found[1]["notes"].startswith("The first 2,000 characters of the error")
    assert found[2]["notes"] == "Stopped by the limit (length)"
    assert found[2]["duration_ms"] == "2000.0"
    assert "\u202e" not in found[0]["user"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@A", "\t=1", "\r=1", " =1", "\u00a0@A", "\uff1d1", "\n=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text).startswith("'")
    assert cell([text, "b"]).startswith("'")


def test_what_is_no_formula_is_written_as_it_is() -> None:
    assert [cell(value) for value in (None, 12, "a=b", "", 0.5, "\x00")] == ["", "12", "a=b", "", "0.5", "\u2400"]


# --- of any size ----------------------------------------------------------------------------------------------------


def test_blocks_have_a_constant_number_of_statements(
    project: Project, exported: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK_REQUESTS", 5)
    session = make_session(project, "a", *[make_log(f"m{number}") for number in range(10)])
    counts = []
    for more in (0, 10):
        for number in range(more):
            store_logs(project, make_log(f"n{number}", session_id="a"))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(exported(session, "jsonl").splitlines()) == 10 + more
        counts.append(len(asked))
    # Ten requests more are two blocks more.
    assert counts[1] - counts[0] <= 2 * 8


def test_a_block_reads_no_more_than_its_budget_at_once(
    project: Project, exported: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is read with its own request: never two large documents at a time."""
    large = [f"{number} " + "x" * 200_000 for number in range(4)]
    session = make_session(project, "a", *[make_log(text) for text in large])
    read: list[int] = []
    load = content.load_parts

    def counted(*args: object, **named: object) -> dict[bytes, content.StoredPart]:
        parts = load(*args, **{"budget": 100_000} | named)  # type: ignore[arg-type]
        read.append(sum(len(part.content or b"") for part in parts.values()))
        return parts

    monkeypatch.setattr(content, "load_parts", counted)
    found = [json.loads(line) for line in exported(session, "jsonl").splitlines()]
    assert [line["request"]["messages"][0]["content"] for line in found] == large
    assert max(read) < 300_000
    assert sum(size > 100_000 for size in read) == 4


# --- read back ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jsonl", "json", "sessions.jsonl"])
def test_an_export_is_imported_as_the_same_session(
    project: Project, exported: Exports, tmp_path: Path, name: str
) -> None:
    logs = [
        make_log(HOSTILE, metadata={"n": 1, "odd": "\ud800"}, tags=["a", "b"], user="ada", parent_id="p"),
        make_log("Two", cost="0.0021", status="error", status_code=500, error={"type": "t", "message": "m"}),
        make_log("Three", started_at=START.replace(hour=11), usage={"input_tokens": 7, "cached_tokens": 3}),
    ]
    session = make_session(project, "order 4711", *logs)
    file = tmp_path / "export"
    if name == "sessions.jsonl":
        file.write_bytes(b"".join(reader(project).get("/api/v1/sessions.jsonl")))
    else:
        file.write_bytes(exported(session, name))
    other = make_project("other")
    call_command("import_logs", str(file), "--project", "other", "--wait")
    again = Session.objects.get(project_id=other.pk)
    assert again.session_key == "order 4711"
    before, after = (json.loads(b"".join(reader(p).get(address(s)))) for p, s in ((project, session), (other, again)))
    theirs = {"id", "session_id", "url", "project", "continues"}
    kept = set(before["session"]) - theirs
    assert {key: after["session"][key] for key in kept} == {key: before["session"][key] for key in kept}
    for one, two in zip(before["requests"], after["requests"], strict=True):
        assert {k: v for k, v in two.items() if k not in theirs} == {k: v for k, v in one.items() if k not in theirs}


def test_a_session_without_a_key_is_imported_as_one(project: Project, exported: Exports, tmp_path: Path) -> None:
    first = make_log("One")
    history = [*first["request"]["messages"], first["response"]["choices"][0]["message"]]
    second = make_log(request={"messages": [*history, {"role": "user", "content": "Two"}]})
    store_logs(project, first, second)
    session = Session.objects.get()
    file = tmp_path / "export.jsonl"
    file.write_bytes(exported(session, "jsonl"))
    make_project("other")
    call_command("import_logs", str(file), "--project", "other", "--wait")
    again = Session.objects.exclude(pk=session.pk).get()
    assert (again.session_key, again.request_count) == (str(session.pk), 2)


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_writes_the_same(
    project: Project, exported: Exports, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    session = make_session(project, "order 4711")
    file = tmp_path / "out.json"
    call_command(
        "export_session", "order 4711", "--project", "acme", "--output", str(file), "--url", "http://testserver/"
    )
    assert file.read_bytes() == exported(session)
    assert not (tmp_path / "out.json.part").exists()
    call_command("export_session", str(session.pk), "--project", "acme", "--url", "http://testserver")
    assert capfdbinary.readouterr().out == exported(session)


def test_the_command_says_what_is_wrong(project: Project, tmp_path: Path) -> None:
    session = make_session(make_project("other"), "a")
    for named in ("b", str(session.pk), "\0"):
        with pytest.raises(CommandError, match="acme has no session"):
            call_command("export_session", named, "--project", "acme")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_session", "a", "--project", "other", "--output", str(tmp_path / "no" / "file"))


def test_the_menu_leads_to_every_format(project: Project) -> None:
    session = make_session(project, "a")
    browser = Client()
    browser.force_login(make_user())
    page = browser.get(f"/p/acme/sessions/{session.pk}/").content.decode()
    for name in FORMATS:
        assert f'href="{address(session)}?format={name}"' in page
    assert page.count(f"{address(session)}?format=") == len(FORMATS)
