"""Rows and logs for tests: functions with keyword overrides. Logs take the real path, through inbox and digester."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, Permission

from sessions_app.access.rights import Right
from sessions_app.ingest.accept import accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Project, Session
from sessions_app.queries.filters import SessionFilters
from sessions_app.search_language import parse

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
_numbers = count(1)


def make_project(slug: str = "acme", **fields: Any) -> Project:
    return Project.objects.create(slug=slug, **fields)


def make_user(username: str = "alice", *rights: Right, **fields: Any) -> AbstractBaseUser:
    """A user who may read, and what `rights` say."""
    user = get_user_model().objects.create_user(username, password=PASSWORD, **fields)
    grant(user, *rights)
    return user


def grant(user: AbstractBaseUser, *rights: Right) -> None:
    names = [right.codename for right in rights]
    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="sessions_app", codename__in=names))


def make_log(text: str = "Hello", **members: Any) -> dict[str, Any]:
    """A log as `POST /api/v1/logs` takes it: a chat completion of a minute's age unless `members` say otherwise.

    `started_at` may be a datetime, and `seconds` how long the call took.
    """
    started_at = members.pop("started_at", START)
    seconds = members.pop("seconds", 2)
    log = {
        "request_id": f"req-{next(_numbers)}",
        "model": "gpt-4o",
        "started_at": started_at,
        "ended_at": started_at + timedelta(seconds=seconds) if isinstance(started_at, datetime) else None,
        "request": {"model": members.get("model") or "gpt-4o", "messages": [{"role": "user", "content": text}]},
        "response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi there."}}]},
        "usage": {"input_tokens": 8, "output_tokens": 4},
    } | members
    return {name: value for name, value in log.items() if value is not None}


def store_logs(project: Project, *logs: dict[str, Any]) -> None:
    """Accept and digest logs."""
    body = json.dumps(logs, default=datetime.isoformat).encode()
    accepted = accept_body(project.pk, "native", body)
    assert not accepted.rejected, accepted.rejected
    digest_until_empty()


def make_session(project: Project, key: str, *logs: dict[str, Any], **members: Any) -> Session:
    """A session of one log, or of `logs`, under a key of the caller's choice."""
    store_logs(project, *[log | {"session_id": key} for log in logs or [make_log(**members)]])
    return Session.objects.get(project_id=project.pk, session_key=key)


# What filters are called in tests, and the keys of the search language.
_KEYS = {
    "statuses": "status",
    "models": "model",
    "users": "user",
    "tags": "tag",
    "sources": "source",
    "rules": "rule",
    "failed_tools": "failed_tool",
}


def filters_for(text: str = "", **more: Any) -> SessionFilters:
    """Filters for sessions: a query, values of its keys, and what else SessionFilters takes."""
    query = parse(text)
    for name, key in _KEYS.items():
        if name in more:
            query = query.with_values(key, more.pop(name))
    return SessionFilters(query, **more)
