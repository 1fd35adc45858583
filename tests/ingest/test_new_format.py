"""A new wire format is one module and one line in the registry: nothing else knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace

import pytest

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.json_bytes import JsonBytes, loads
from sessions_app.content.splitting import Splitter
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Part, Project, RequestLog
from sessions_app.records import Documents, Record, SessionClaim
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.reader import read_log as read_stored
from sessions_app.wire import bodies, documents_of, formats
from sessions_app.wire.copies import is_part, merged
from sessions_app.wire.items import JsonItem, lines_of

pytestmark = pytest.mark.django_db


def split_body(body: bytes, content_type: str) -> Sequence[JsonItem]:
    return lines_of(body)


def check_log(raw: JsonBytes) -> str:
    return str(loads(raw)["id"])


def read_log(raw: JsonBytes, received_at: datetime, generated_id: str, memory: ArrayMemory | None = None) -> Record:
    splitter = Splitter(memory)
    skeleton, facts = bodies.split_request(splitter, raw)
    return Record(
        source="toy",
        dedupe_key=check_log(raw),
        request_id=check_log(raw),
        claim=SessionClaim(),
        document=splitter.finish(skeleton),
        started_at=received_at,
        received_at=received_at,
        model=facts.model,
        byte_size=len(raw),
    )


def toy_documents_of(log: bytes) -> Documents:
    return Documents(request=log, response=None, metadata=None, parameters={}, log=log)


def test_logs_of_a_new_format_are_stored_completed_and_read(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = SimpleNamespace(
        split_body=split_body,
        check_log=check_log,
        read_log=read_log,
        documents_of=toy_documents_of,
        merged=merged,
        is_part=is_part,
    )
    monkeypatch.setitem(formats.FORMATS, "toy", toy)
    project = Project.objects.create(slug="acme")
    asked = b'{"id":"1","model":"m","messages":[{"role":"user","content":"Hi"},{"role":"tool","content":"18"}]}'
    for body in (asked, b'{"id":"1","more":2}'):
        assert accept_body(project.pk, "toy", body).accepted == 1
        digest_until_empty()
    request = RequestLog.objects.get()
    assert (request.source, request.model) == ("toy", "m")
    # The id is a text in a member of a request that nobody reads, so it is found by its words.
    assert sorted(Part.objects.values_list("role", flat=True)) == ["", "tool", "user"]
    with binary_cursor() as cursor:
        log = read_stored(cursor, request.id, request.session_id, request.bucket)
    assert log == asked[:-1] + b',"more":2}'
    assert documents_of("toy", log).request == log
