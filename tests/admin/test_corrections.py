"""Corrections of the grouping in the admin site: to look at."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions_app.ingest.corrections import split_session, undo
from sessions_app.models import Correction, Project, RequestLog, Session
from tests.admin.conftest import log

ADDRESS = "/admin/sessions_app/correction/"


@pytest.fixture
def correction(project: Project, store: Callable[..., None]) -> Correction:
    store(log(0), log(1))
    return split_session(
        project, Session.objects.get().pk, RequestLog.objects.get(request_id="s1-1").pk, "<b>alice</b>"
    )


def test_corrections_are_listed_and_read(site: Client, project: Project, correction: Correction) -> None:
    undo(project, correction.pk, "bob")
    for address in (ADDRESS, f"{ADDRESS}{correction.pk}/change/"):
        page = site.get(address).content.decode()
        assert "&lt;b&gt;alice&lt;/b&gt;" in page
        assert "bob" in page
        assert "split" in page
        assert f'href="/p/default/sessions/{correction.source_session_id}/"' in page


def test_they_are_neither_made_changed_nor_deleted_here(site: Client, correction: Correction) -> None:
    assert site.get(f"{ADDRESS}add/").status_code == 403
    assert site.post(f"{ADDRESS}{correction.pk}/change/", {"made_by": "x"}).status_code == 403
    assert site.post(f"{ADDRESS}{correction.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Correction.objects.get().made_by == "<b>alice</b>"


def test_other_projects_are_filtered_out(site: Client, correction: Correction) -> None:
    Project.objects.create(slug="other")
    assert "alice" not in site.get(f"{ADDRESS}?project=other").content.decode()


def test_list_is_a_few_statements(
    site: Client, correction: Correction, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    values = {name: getattr(correction, name) for name in ("project_id", "source_session_id", "target_session_id")}
    Correction.objects.bulk_create(Correction(action="move", made_by="x", **values) for _ in range(60))
    with django_assert_max_num_queries(10):
        assert site.get(ADDRESS).status_code == 200
