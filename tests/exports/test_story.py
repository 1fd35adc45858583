"""How the formats for people read a session: some requests at a time, never more than their content allows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_app.exports import story
from sessions_app.models import Project
from tests.exports.conftest import Exports
from tests.factories import make_log, make_session
from tests.pages.conversations import turns


def test_blocks_that_are_too_large_are_read_in_parts(
    project: Project, exported: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = [f"{number} " + "x" * 200_000 for number in range(4)]
    session = make_session(project, "a", *[make_log(text) for text in large], make_log("small"), make_log("too"))
    read: list[tuple[int, int]] = []
    load = story._read

    def noted(shown: story.View, first: int, last: int, budget: int) -> story.Window:
        read.append((first, last))
        return load(shown, first, last, budget)

    monkeypatch.setattr(story, "_read", noted)
    monkeypatch.setattr(story, "BLOCK_BYTES", 100_000)
    text = exported(session, "md").decode()
    assert all(text.count(said) == 1 for said in large)
    assert {(first, last) for first, last in read if last - first == 1} >= {(n, n + 1) for n in range(4)}


def test_blocks_have_a_constant_number_of_statements(
    project: Project, exported: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "BLOCK", 5)
    counts = []
    for key, count in (("a", 10), ("b", 20)):
        session = make_session(project, key, *turns([f"{key}{number}" for number in range(count)]))
        with CaptureQueriesContext(connection) as asked:
            assert exported(session, "md").decode().count("\n## ") == count
        counts.append(len(asked))
    # Two blocks more: the requests, their lists and their parts.
    assert counts[1] - counts[0] <= 2 * 3
