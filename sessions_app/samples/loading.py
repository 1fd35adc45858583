"""Loads the sample sessions into a project's inbox, as a client would. Existing sessions are not changed."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from sessions_app import ids
from sessions_app.ingest.accept import InboxFull, accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import InboxEntry, Project, Session
from sessions_app.samples import Sample, all_samples, bodies, started

POLL_SECONDS = 0.2
# How long to wait for a full inbox to be digested.
SECONDS_FOR_ROOM = 60


class RejectedSampleError(Exception):
    """A sample was rejected, which is a bug."""


def settle(project: Project) -> None:
    """Digest until none of the project's bodies waits, here or in another digester."""
    digest_until_empty()
    while InboxEntry.objects.filter(project_id=project.id).exists():
        time.sleep(POLL_SECONDS)
        digest_until_empty()


def load(project: Project) -> list[Sample]:
    """Load the samples that are missing or incomplete, oldest first, and return them.

    Times are relative to the first loading. Any loaded session shows when that was, so that loading again sends the
    same bytes and adds nothing. Raises RejectedSampleError.
    """
    if InboxEntry.objects.filter(project_id=project.id).exists():
        settle(project)
    stored = stored_sessions(project)
    anchor = anchor_of(stored)
    missing = [sample for sample in reversed(all_samples()) if not is_complete(sample, stored.get(sample.key))]
    for sample in missing:
        for body in bodies(sample, anchor):
            put(project, sample, body)
    return missing


def stored_sessions(project: Project) -> dict[str, Session]:
    """The sample sessions that the project has, by key."""
    keys = {session_of(project, sample): sample.key for sample in all_samples()}
    fields = ("first_at", "request_count")
    found = Session.objects.filter(project_id=project.id, id__in=keys).only(*fields)
    return {keys[session.id]: session for session in found}


def session_of(project: Project, sample: Sample) -> uuid.UUID:
    """The session id of a sample, from its key or from its first request."""
    if sample.key_field:
        return ids.session_id(project.key, sample.key)
    return ids.own_session_id(project.key, ids.request_key(project.key, sample.logs[0]["request_id"]))


def anchor_of(stored: dict[str, Session]) -> datetime:
    """The time of loading in whole seconds: now, or the time that a loaded session shows."""
    for sample in all_samples():
        if sample.key in stored:
            return moment_of_loading(sample, stored[sample.key].first_at)
    return timezone.now().replace(microsecond=0)


def moment_of_loading(sample: Sample, first_at: datetime) -> datetime:
    """The whole second for which `started(sample, second)` is `first_at`, which has whole milliseconds."""
    exact = first_at - timedelta(seconds=sample.first_second)
    second = exact.replace(microsecond=0)
    candidates = (second, second + timedelta(seconds=1))
    return min(candidates, key=lambda candidate: abs(started(sample, candidate) - first_at))


def is_complete(sample: Sample, session: Session | None) -> bool:
    return session is not None and session.request_count >= sample.request_count


def put(project: Project, sample: Sample, body: bytes) -> None:
    for _ in range(SECONDS_FOR_ROOM):
        try:
            accepted = accept_body(project.id, sample.source, body, sample.content_type)
        except InboxFull:
            time.sleep(1)
            continue
        if accepted.rejected:
            raise RejectedSampleError(f"sample {sample.key}: {accepted.rejected[0]}")
        return
    raise InboxFull
