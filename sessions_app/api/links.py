"""Addresses of pages, as the API tells them to programs."""

from __future__ import annotations

import uuid

from django.http import HttpRequest


def session_url(request: HttpRequest, project_slug: str, session_id: uuid.UUID) -> str:
    return request.build_absolute_uri(f"/p/{project_slug}/sessions/{session_id}/")


def corrections_url(request: HttpRequest, project_slug: str, session_id: uuid.UUID) -> str:
    return request.build_absolute_uri(f"/p/{project_slug}/sessions/{session_id}/corrections/")


def request_url(request: HttpRequest, project_slug: str, request_log_id: uuid.UUID) -> str:
    return request.build_absolute_uri(f"/p/{project_slug}/requests/{request_log_id}/")
