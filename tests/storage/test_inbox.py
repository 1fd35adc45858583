"""Bodies in the inbox."""

from __future__ import annotations

import os

import pytest
from django.db import transaction

from sessions_app.models import Project
from sessions_app.storage import inbox
from sessions_app.storage.connections import binary_cursor

pytestmark = pytest.mark.django_db


def test_bodies_come_back_whatever_their_size() -> None:
    """A large one is fetched in pieces, the small ones beside it together."""
    project = Project.objects.create(slug="acme", name="Acme")
    bodies = [b"[]", os.urandom(2 * inbox.FETCHED_BYTES + 7), b"{}", os.urandom(inbox.FETCHED_BYTES)]
    for body in bodies:
        inbox.put(project.pk, "native", "application/json", body, 1)

    with transaction.atomic(), binary_cursor() as cursor:
        entries = inbox.claim(cursor, project.pk, 100, inbox.ANY_SIZE)
        found = [entry.take_body() for entry in inbox.with_bodies(entries)]

    assert found == bodies
