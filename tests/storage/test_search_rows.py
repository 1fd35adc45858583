"""Whatever happens to requests, each text of a session is in one row of the search index, and no other word is."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command

from sessions_app import ids
from sessions_app.content.compression import decompress
from sessions_app.content.documents import PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.search_facts import add_own
from sessions_app.content.search_text import Hasher, unpacked
from sessions_app.content.searched_parts import SEARCHED, add_part
from sessions_app.ingest import corrections, reindexing
from sessions_app.models import Part, Project, RequestLog, RequestSearch, SearchBacklog, Session
from sessions_app.queries.search_coverage import search_coverage
from sessions_app.storage import part_lists, search
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.deletion import delete_requests, delete_sessions
from tests.ingest.forests import bodies, forest
from tests.ingest.test_grouping import deliver

pytestmark = pytest.mark.django_db(transaction=True)


def check_index() -> None:
    """Each request has a row; each part with text is in one row, of a request that refers to it; the words are its."""
    requests = {request.id: request for request in RequestLog.objects.all()}
    rows = {row.id: row for row in RequestSearch.objects.all()}
    assert rows.keys() == requests.keys()
    covered: Counter[Any] = Counter()
    session_keys = dict(Session.objects.values_list("id", "session_key"))
    for request in requests.values():
        row = rows[request.id]
        assert (row.session_id, row.bucket, row.project_id) == (request.session_id, request.bucket, request.project_id)
        digests = search.digests_in(bytes(row.parts))
        assert set(digests) <= refers_to(request)
        covered.update(ids.part_id(row.session_id, one) for one in digests)
        key = session_keys[request.session_id] or "" if search.shows_key(request.rule) else ""
        hasher = Hasher(row.project_id)
        add_own(hasher, request, request.metadata or {}, key, request.rule, request.failed_tools)
        for part in Part.objects.filter(session_id=row.session_id, bucket=row.bucket):
            if (digest := ids.part_digest(part.id)) in digests:
                raw = decompress(bytes(part.content))
                add_part(hasher, PartKind(part.kind), digest, raw, part.role, MessageReader())
        assert sorted(row.words) == unpacked(hasher.packed())
    assert covered == Counter(Part.objects.filter(kind__in=SEARCHED).values_list("id", flat=True))


def refers_to(request: RequestLog) -> set[bytes]:
    with binary_cursor() as cursor:
        lists = (bytes(request.input_parts), bytes(request.output_parts), bytes(request.context_parts))
        return part_lists.digests(cursor, request.session_id, request.bucket, [lists])


@pytest.mark.parametrize("seed", range(4))
def test_each_text_is_in_one_row_whatever_happens(project: Project, seed: int) -> None:
    rng = random.Random(seed)
    logs = bodies(forest(seed), seed, copies=1 + seed % 2)
    half = len(logs) // 2
    deliver(project, logs[:half])
    check_index()
    for action in (delete_some, correct_some, delete_some):
        action(project, rng)
        check_index()
    deliver(project, logs[half:], digesters=1 + seed % 2)
    check_index()
    correct_some(project, rng)
    delete_some(project, rng)
    check_index()
    call_command("regroup", project=project.slug, verbosity=0)
    check_index()
    delete_sessions(project.pk, list(Session.objects.values_list("id", flat=True)))
    assert not RequestSearch.objects.exists()


def delete_some(project: Project, rng: random.Random) -> None:
    log_ids = list(RequestLog.objects.order_by("id").values_list("id", flat=True))
    delete_requests(project.pk, rng.sample(log_ids, len(log_ids) // 5))


def correct_some(project: Project, rng: random.Random) -> None:
    """Move a request, split a session, merge two, and take back one of these."""
    requests = list(RequestLog.objects.order_by("id"))
    first, second, third = rng.sample(requests, 3)
    made = [corrections.move_requests(project, [first.id], None, "ada")]
    second.refresh_from_db()
    with contextlib.suppress(corrections.CorrectionError):
        made.append(corrections.split_session(project, second.session_id, second.id, "ada"))
    check_index()
    third = RequestLog.objects.get(request_id=third.request_id)
    other = Session.objects.exclude(id=third.session_id).order_by("id").first()
    assert other
    made.append(corrections.merge_sessions(project, third.session_id, other.id, "ada"))
    check_index()
    with contextlib.suppress(corrections.CorrectionError):
        corrections.undo(project, rng.choice(made).id, "bob")


@pytest.mark.parametrize("rebuilds", [False, True])
def test_what_was_stored_before_the_index_is_filled_in(project: Project, rebuilds: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr(reindexing, "CHUNK_SESSIONS", 3)
    monkeypatch.setattr(reindexing, "CHUNK_REQUESTS", 5)
    deliver(project, bodies(forest(1), 1, copies=1))
    rng = random.Random(1)
    rows = list(RequestSearch.objects.order_by("id").values_list("id", flat=True))
    RequestSearch.objects.filter(id__in=rng.sample(rows, len(rows) // 2)).delete()
    if rebuilds:
        RequestSearch.objects.update(words=[1, 2])
    reindexing.begin(project, rebuilds=rebuilds)
    assert not search_coverage(project).is_complete
    before = search_coverage(project).before
    for _ in range(6):
        assert reindexing.step(project)
    after = search_coverage(project).before
    assert before
    assert after
    assert after < before
    # What was done is not done again, and what comes meanwhile is indexed as it comes.
    delete_some(project, rng)
    deliver(project, bodies(forest(2), 2, copies=1))
    call_command("reindex_search", project=project.slug, verbosity=0)
    assert search_coverage(project).is_complete
    assert not SearchBacklog.objects.exists()
    check_index()
