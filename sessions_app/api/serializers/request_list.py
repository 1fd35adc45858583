"""Requests of a project in a list, with the places where words were found."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.api.links import PageLinks
from sessions_app.api.serializers.base import (
    URI,
    CostField,
    KnownText,
    Resource,
    TimeField,
    next_cursor,
    texts,
    tokens,
)
from sessions_app.api.serializers.matches import MatchSerializer, searched_to
from sessions_app.api.serializers.requests import CallErrorSerializer
from sessions_app.queries.request_list import ListedRequest
from sessions_app.queries.search.snippets import Snippet
from sessions_app.records import ERROR, KINDS, RUNNING, SUCCESS


class ListedRequestSerializer(Resource):
    """A request in a list; its own address has everything of it."""

    # The context has `links`, the `words` of the query, and `snippets` by request id.

    id = serializers.UUIDField()
    request_id = serializers.CharField(help_text="The caller's id, or a generated one.")
    session_id = serializers.UUIDField()
    session_key = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(list(KINDS))
    call_type = KnownText()
    model = KnownText()
    provider = KnownText()
    status = serializers.ChoiceField(
        [SUCCESS, ERROR, RUNNING], help_text="running: it began, and its log says that there is no end yet."
    )
    status_code = serializers.IntegerField(source="http_status", allow_null=True)
    error = serializers.SerializerMethodField()
    started_at = TimeField()
    first_token_at = TimeField(allow_null=True)
    ended_at = TimeField(allow_null=True)
    duration_ms = serializers.SerializerMethodField()
    finish_reason = KnownText()
    input_tokens = tokens()
    output_tokens = tokens()
    cached_tokens = tokens()
    cost = CostField()
    user = KnownText()
    tags = texts()
    input_preview = KnownText(help_text="The beginning of what the user said.")
    output_preview = KnownText(help_text="The beginning of the answer.")
    matches = serializers.SerializerMethodField(help_text="The first places where the words of `q` were found.")
    url = serializers.SerializerMethodField(help_text="Its page.")

    @extend_schema_field(CallErrorSerializer(allow_null=True))
    def get_error(self, row: ListedRequest) -> dict[str, Any] | None:
        if row.status != ERROR and not row.error_type and not row.error_message:
            return None
        return CallErrorSerializer.shared().to_representation(row)

    @extend_schema_field({"type": ["number", "null"], "minimum": 0})
    def get_duration_ms(self, row: ListedRequest) -> float | None:
        if row.ended_at is None or row.ended_at < row.started_at:
            return None
        return round((row.ended_at - row.started_at) / timedelta(milliseconds=1), 3)

    @extend_schema_field(MatchSerializer(many=True))
    def get_matches(self, row: ListedRequest) -> list[dict[str, Any]]:
        snippets: dict[UUID, list[Snippet]] = self._context["snippets"]
        return [self._matches.to_representation(one) for one in snippets.get(row.id, ())]

    @cached_property
    def _matches(self) -> MatchSerializer:
        return MatchSerializer(context=self._context)

    @extend_schema_field(URI)
    def get_url(self, row: ListedRequest) -> str:
        links: PageLinks = self._context["links"]
        return links.request(row.id)


class ListedRequestPageSerializer(Resource):
    """A page of requests."""

    results = ListedRequestSerializer(many=True)
    next = next_cursor()
    searched_to = searched_to()
