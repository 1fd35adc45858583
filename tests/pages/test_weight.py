"""How much a browser fetches before a session is there."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project
from sessions_app.samples import all_samples, bodies
from sessions_app.samples.loading import put, session_of
from tests.factories import START

pytestmark = pytest.mark.django_db

MOST_FILES, MOST_BYTES = 12, 150_000


def test_the_first_view_of_a_session_is_light(signed_in: Client, project: Project) -> None:
    sample = next(sample for sample in all_samples() if sample.key == "kontor-invoices-0419")
    for body in bodies(sample, START):
        put(project, sample, body)
    digest_until_empty()
    address = reverse("session", args=[project.slug, session_of(project, sample)])
    for view in ("conversation", "waterfall", "table"):
        page = signed_in.get(f"{address}?view={view}", headers={"Accept-Encoding": "gzip"})
        assert page.headers["Content-Encoding"] == "gzip"
        links = set(re.findall(r'(?:src|href)="/static/([^"]+)"', gzip.decompress(page.content).decode()))
        files = [Path(str(finders.find(link))).read_bytes() for link in links]
        assert len(files) + 1 <= MOST_FILES
        assert len(page.content) + sum(len(gzip.compress(file)) for file in files) < MOST_BYTES
