"""Sessions, pages of them, and the receipt for one that was deleted."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from sessions_app.api.links import PageLinks
from sessions_app.api.serializers.base import (
    URI,
    CostField,
    KnownText,
    Resource,
    TimeField,
    count,
    next_cursor,
    texts,
    tokens,
)
from sessions_app.api.serializers.matches import MatchSerializer, searched_to
from sessions_app.ingest.names import NAME_CHARS
from sessions_app.records import RULES

WHY = (
    "Why a request is in its session: its caller chose an id (session_id, trace_id); it continues a response, or a "
    "conversation as inferred from its messages; it is another attempt after a failure; a person moved it there "
    "(manual); or none of these (own)."
)


class NameField(serializers.CharField):
    """A text that may be empty. A number is no name."""

    default_error_messages = {"max_length": "must have at most {max_length} characters"}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=NAME_CHARS, allow_blank=True, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("must be a text")
        return super().to_internal_value(data)


def rule_choice() -> serializers.ChoiceField:
    return serializers.ChoiceField(list(RULES), help_text=WHY)


class SessionSerializer(Resource):
    """Requests that belong together."""

    # The context has the project's slug as `project`, and `links` to its pages.

    id = serializers.UUIDField()
    session_key = serializers.CharField(
        allow_null=True, help_text="The caller's id; null when the session was formed without one."
    )
    project = serializers.SerializerMethodField(help_text="The project's slug.")
    name = KnownText(help_text="What a person named it, else its source, else the same as `title`.")
    title = KnownText(help_text="The beginning of the first user text.")
    preview = KnownText(help_text="The beginning of the last answer.")
    started_at = TimeField(source="first_at")
    last_at = TimeField()
    request_count = count()
    error_count = count()
    retry_count = count("How many of its requests repeat one that failed.")
    step_count = count("How many steps it has: agents, tools and others around its requests.")
    tool_error_count = count("How many tool results say that the tool failed. Each is counted once in a session.")
    tool_looks_failed_count = count("How many tool results do not say so, but look failed by their text.")
    failed_tools = texts("The names of the tools of these results, as far as they are known.")
    input_tokens = tokens()
    output_tokens = tokens()
    cached_tokens = tokens()
    cost = CostField()
    models = serializers.ListField(child=serializers.CharField(), source="model_names")
    users = texts()
    tags = texts()
    sources = texts()
    rules = serializers.ListField(child=rule_choice(), help_text="Why its requests are in it; there may be several.")
    url = serializers.SerializerMethodField(help_text="Its page.")

    def get_project(self, session: Any) -> str:
        return str(self._context["project"])

    @extend_schema_field(URI)
    def get_url(self, session: Any) -> str:
        links: PageLinks = self._context["links"]
        return links.session(session.id)


class NamedSerializer(Resource):
    """What a session is to be called."""

    name = NameField(help_text="Empty: the name that a person gave is taken away.")

    def run_validation(self, data: Any = empty) -> dict[str, Any]:
        if not isinstance(data, dict) or data.keys() != {"name"}:
            raise serializers.ValidationError({"body": ["must be an object with the member name and no other"]})
        checked: dict[str, Any] = super().run_validation(data)
        return checked


class ListedSessionSerializer(SessionSerializer):
    """A session in a list."""

    # Written by the endpoint: only a search for words has them.
    matches = MatchSerializer(
        many=True, required=False, help_text="If `q` has words: the first places where they were found, at most three."
    )


class SessionPageSerializer(Resource):
    """A page of sessions."""

    results = ListedSessionSerializer(many=True)
    next = next_cursor()
    searched_to = searched_to()


class RemovedSerializer(Resource):
    """What was deleted from one table."""

    rows = count()
    bytes = count("As the database stores them, without indexes.")


class DeletedSerializer(Resource):
    """How much was deleted, as users count."""

    sessions = count()
    requests = count()


class LeftSerializer(Resource):
    """What still mentions an id of what was deleted, and was left because it may hold other logs too."""

    rejected_logs = count("Rejected logs that mention an id.", source="mentions.rejected_logs")
    waiting_bodies = count(
        "Bodies that wait to be digested and mention an id: they may bring it back.", source="mentions.waiting_bodies"
    )
    not_looked_through = count(
        "Older rejected logs and waiting bodies that were not searched.", source="mentions.unseen"
    )


class ReceiptSerializer(Resource):
    """What was deleted."""

    deleted = DeletedSerializer(source="*")
    rows = count()
    bytes = count()
    tables = serializers.DictField(child=RemovedSerializer())
    left = LeftSerializer(source="*")
