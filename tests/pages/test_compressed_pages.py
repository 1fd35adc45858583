"""HTML is compressed, with a length that says little; secrets and everything else are sent as they are."""

from __future__ import annotations

import gzip

from django.contrib.auth.models import User
from django.test import Client

from sessions_app.access.rights import MAKE_KEYS
from sessions_app.models import Project, RequestLog
from tests.factories import grant, make_log, make_session

GZIP = {"Accept-Encoding": "gzip, br"}


def test_pages_are_compressed_for_who_accepts_it(signed_in: Client, project: Project) -> None:
    session = make_session(project, "s", *[make_log(f"Question {n} " * 200) for n in range(20)])
    path = f"/p/acme/sessions/{session.id}/"
    plain, packed = signed_in.get(path), signed_in.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert int(packed.headers["Content-Length"]) == len(packed.content) < len(plain.content) / 4
    assert b"Question 19" in gzip.decompress(packed.content)
    partial = signed_in.get(path, headers={**GZIP, "HX-Request": "true"})
    assert b"Question 19" in gzip.decompress(partial.content)


def test_the_length_of_a_compressed_page_is_random(signed_in: Client, project: Project) -> None:
    make_session(project, "s", make_log("Hello " * 500))
    assert len({len(signed_in.get("/p/acme/sessions/", headers=GZIP).content) for _ in range(12)}) > 3


def test_a_key_and_documents_are_not_compressed(signed_in: Client, project: Project, user: User) -> None:
    grant(user, MAKE_KEYS)
    made = signed_in.post("/p/acme/settings/keys/", {"name": "n", "scopes": ["ingest"]}, headers=GZIP)
    assert b"lsk_" in made.content or b"secret" in made.content
    make_session(project, "s", make_log("Hello " * 500))
    log = RequestLog.objects.get()
    raw = signed_in.get(f"/p/acme/requests/{log.pk}/raw/log/?download=1", headers=GZIP)
    assert "Content-Encoding" not in {*made.headers, *raw.headers}
