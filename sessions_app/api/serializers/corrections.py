"""Corrections of the grouping: what was done, and the three things that can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from sessions_app.api.links import PageLinks
from sessions_app.api.serializers.base import (
    URI,
    IdField,
    KnownText,
    Resource,
    Schema,
    TimeField,
    count,
    next_cursor,
    shown,
)
from sessions_app.content.json_bytes import json_kind
from sessions_app.ingest.corrections import MOST_REQUESTS
from sessions_app.models import Correction

ACTIONS = (Correction.MOVE, Correction.SPLIT, Correction.MERGE)
EXAMPLE_ID = "3d1f2f4e-8a55-5c0b-9d51-0c9a3a1f7e21"


class CorrectionSerializer(Resource):
    """A correction that was made; `target_session_id` has the requests, unless it was undone."""

    # The context has the project's slug as `project`, and `links` to its pages.

    id = count()
    project = serializers.SerializerMethodField(help_text="The project's slug.")
    action = serializers.ChoiceField(list(ACTIONS))
    made_at = TimeField()
    made_by = serializers.CharField(help_text="The user, or the API key by its name.")
    source_session_id = serializers.UUIDField()
    target_session_id = serializers.UUIDField()
    request_id = serializers.UUIDField(
        source="request_log_id",
        allow_null=True,
        help_text="Where a session was split: the id that this request had then.",
    )
    request_count = count("How many requests went to the other session.")
    undone_at = TimeField(allow_null=True)
    undone_by = KnownText()
    url = serializers.SerializerMethodField(help_text="The page with the session's corrections.")

    def get_project(self, correction: Any) -> str:
        return str(self._context["project"])

    @extend_schema_field(URI)
    def get_url(self, correction: Any) -> str:
        links: PageLinks = self._context["links"]
        return links.corrections(correction.target_session_id)


class CorrectionPageSerializer(Resource):
    """A page of corrections."""

    results = CorrectionSerializer(many=True)
    next = next_cursor()


# --- what is asked for ----------------------------------------------------------------------------------------------


class IdListField(serializers.ListField):
    """Ids of requests; an error names the one that is wrong."""

    child = IdField()

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, list) and 1 <= len(data) <= MOST_REQUESTS:
            return self.run_child_validation(data)
        got = f"an array of {len(data):,}" if isinstance(data, list) else shown(data)
        raise serializers.ValidationError(f"must be an array of 1 to {MOST_REQUESTS:,} ids of requests, got {got}")


class StrictResource(Resource):
    """An object that may have no other members than these, of which one is `action`."""

    def to_internal_value(self, data: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(data.keys() - self.fields.keys())
        if unknown:
            expected = ", ".join(sorted(self.fields))
            message = f"is not a member of a {data['action']}, which takes {expected}"
            raise serializers.ValidationError({unknown[0][:60]: [message]})
        checked: dict[str, Any] = super().to_internal_value(data)
        return checked

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        return schema | {"additionalProperties": False}


class MoveSerializer(StrictResource):
    """Requests of one session go to the target, or to a new session when that is null or absent."""

    action = serializers.ChoiceField([Correction.MOVE])
    request_ids = IdListField(min_length=1, max_length=MOST_REQUESTS)
    target_session_id = IdField(required=False, allow_null=True)


class SplitSerializer(StrictResource):
    """This request and all later ones of its session go to a new one, and so do those that arrive later."""

    action = serializers.ChoiceField([Correction.SPLIT])
    request_id = IdField()


class MergeSerializer(StrictResource):
    """All requests of the session go to the target, and so do those that arrive later. Its id then leads there."""

    action = serializers.ChoiceField([Correction.MERGE])
    session_id = IdField()
    target_session_id = IdField()


BY_ACTION: dict[str, type[StrictResource]] = {
    Correction.MOVE: MoveSerializer,
    Correction.SPLIT: SplitSerializer,
    Correction.MERGE: MergeSerializer,
}


class AskedCorrectionSerializer(Resource):
    """One of the three corrections, as its `action` says."""

    def run_validation(self, data: Any = empty) -> dict[str, Any]:
        if not isinstance(data, dict):
            message = f"must be an object with the member action, got {json_kind(data)}"
            raise serializers.ValidationError({"body": [message]})
        action = data.get("action", empty)
        if not isinstance(action, str) or action not in BY_ACTION:
            message = f"must be one of {', '.join(BY_ACTION)}, got {shown(action)}"
            raise serializers.ValidationError({"action": [message]})
        asked: dict[str, Any] = BY_ACTION[action].shared().run_validation(data)
        return asked

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        choices = [ref(choice) for choice in BY_ACTION.values()]
        return {
            "anyOf": choices,
            "description": schema["description"],
            "example": {"action": Correction.SPLIT, "request_id": EXAMPLE_ID},
        }
