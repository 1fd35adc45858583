"""Two renderings of the same state are the same files."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.http import HttpResponse, JsonResponse
from django.test import Client

from benchmarks import rendering


def test_tokens_that_are_new_for_each_page_are_taken_out() -> None:
    pages = [
        HttpResponse(f'<form><input name="csrfmiddlewaretoken" value="{token}"><b>x</b></form>')
        for token in ("aa", "b")
    ]
    first, second = (rendering.text_of(page) for page in pages)
    assert first == second
    assert "<b>x</b>" in first


def test_json_has_a_line_for_each_member() -> None:
    text = rendering.text_of(JsonResponse({"a": 1, "b": {"c": "é"}}))
    assert text.splitlines()[0].startswith("200 application/json")
    assert '  "c": "é"' in text


def test_long_addresses_have_names_of_their_own() -> None:
    names = {rendering.file_name(f"/p/demo/sessions/?q={'x' * 300}{end}") for end in "ab"}
    assert len(names) == 2
    assert max(map(len, names)) <= 200


@pytest.mark.django_db
def test_pages_are_found_by_their_links(admin_client: Client, tmp_path: Path) -> None:
    from sessions_app.models import Project

    Project.objects.create(slug="demo", name="Demo")
    found = rendering.reachable(admin_client)
    assert set(rendering.STARTS) <= set(found)
    assert all("/logout/" not in address for address in found)
