"""Logs as they are sent, and the answers to those who send them.

`wire/native.py` and `wire/litellm.py` check logs, on their exact bytes and without Django. The fields here describe the
same members; tests send generated logs to see that both agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.api.links import PageLinks
from sessions_app.api.serializers.base import URI, Described, Resource, Schema, count
from sessions_app.api.serializers.errors import ErrorDetailSerializer
from sessions_app.ingest.waiting import StoredLog
from sessions_app.records import ERROR, KINDS, RUNNING, SUCCESS
from sessions_app.wire.fields import MAX_COST, MAX_COUNT, MAX_ID_CHARS
from sessions_app.wire.usage import USAGE_MEMBERS

# No maxItems: an operator may set another limit.
MANY = "At most 10,000, unless LOGSUI_MAX_LOGS_PER_REQUEST says otherwise."
# Years 1 and 9999 in seconds since 1970.
EARLIEST_SECONDS, LATEST_SECONDS = -62_135_596_800, 253_402_300_799
# Seconds as a text are understood too, and an empty text as absent.
SECONDS_TEXT: Schema = {"type": "string", "pattern": r"^([0-9]{1,10}(\.[0-9]{1,6})?)?$"}
GIVEN: Schema = {"type": ["object", "array", "string", "number", "boolean"]}


LOG_TIME: Schema = {
    "anyOf": [
        {"type": "string", "format": "date-time", "description": "RFC 3339; without an offset it is UTC."},
        {"type": "number", "minimum": EARLIEST_SECONDS, "maximum": LATEST_SECONDS, "description": "Since 1970, UTC."},
        {"type": "null"},
        SECONDS_TEXT,
    ]
}
LOG_COST: Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": int(MAX_COST)},
        {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,20})?$"},
        {"type": "null"},
    ]
}
LOG_ERROR: Schema = {"type": ["object", "string", "null"], "properties": {"type": {}, "message": {}}}


def sent_text(help_text: str = "", **options: Any) -> serializers.CharField:
    return serializers.CharField(required=False, allow_null=True, help_text=help_text, **options)


def sent_id(help_text: str = "") -> serializers.CharField:
    return sent_text(help_text, max_length=MAX_ID_CHARS)


def sent_choice(choices: tuple[str, ...], help_text: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(list(choices), required=False, allow_null=True, help_text=help_text)


class LogUsageSerializer(Resource):
    """Also understood: the names of any provider, such as prompt_tokens and completion_tokens."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: count(required=False, allow_null=True, max_value=MAX_COUNT) for name in USAGE_MEMBERS}


class LogSerializer(Resource):
    """One call of a model. It must have at least one of request, response and error. Members that are not listed here
    are kept with the metadata.
    """

    request_id = sent_id("A log that is sent twice is stored once. Generated when absent.")
    session_id = sent_id("The session it belongs to; takes precedence over trace_id.")
    trace_id = sent_id("Groups requests into a session.")
    parent_id = sent_id()
    kind = sent_choice(KINDS, "llm when absent.")
    call_type = sent_text("Such as chat.completions; read from the request when absent.")
    model = sent_text("Read from the bodies when absent.")
    provider = sent_text()
    status = sent_choice(
        (SUCCESS, ERROR, RUNNING),
        "error when there is an error or a status of 400 or more. running: send the log again when the call has ended.",
    )
    status_code = serializers.IntegerField(required=False, allow_null=True, min_value=100, max_value=999)
    error = Described(LOG_ERROR, "An object with type and message, or a text.")
    started_at = Described(LOG_TIME, "The time of receipt when absent.")
    first_token_at = Described(LOG_TIME)
    ended_at = Described(LOG_TIME)
    request = Described({}, "The body as it was sent to the model, any JSON.")
    response = Described({}, "The body as it came back, any JSON.")
    usage = LogUsageSerializer(required=False, allow_null=True)
    cost = Described(LOG_COST, "US dollars.")
    user = sent_text("The end user.")
    tags = serializers.ListField(child=serializers.CharField(), required=False, allow_null=True)
    metadata = serializers.DictField(required=False, allow_null=True, help_text="Anything else.")

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        bodies: list[Schema] = [{"required": [name], "properties": {name: GIVEN}} for name in ("request", "response")]
        failed: Schema = {"required": ["error"], "properties": {"error": {"type": ["object", "string"]}}}
        return schema | {"anyOf": [*bodies, failed], "example": LOG_EXAMPLE}


class LogsSerializer(Resource):
    """One log, an array of logs, or an array under `logs`."""

    logs = LogSerializer(many=True)

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        log = ref(LogSerializer)
        wrapped = {"type": "object", "properties": {"logs": many(log)}, "required": ["logs"]}
        return union(schema, log, many(log), wrapped) | {"example": [LOG_EXAMPLE]}


class LiteLLMPayloadSerializer(Resource):
    """A StandardLoggingPayload of LiteLLM, as its generic_api callback posts it."""

    id = Described({}, "LiteLLM's id of the call.")

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        least = [{"required": [name]} for name in ("id", "litellm_call_id", "messages", "response")]
        return schema | {"anyOf": least, "example": LITELLM_EXAMPLE}


class LiteLLMPayloadsSerializer(Resource):
    """One payload, or an array of them."""

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        payload = ref(LiteLLMPayloadSerializer)
        return union(schema, payload, many(payload)) | {"example": [LITELLM_EXAMPLE]}


def many(one: Schema) -> Schema:
    return {"type": "array", "items": one, "minItems": 1, "description": MANY}


def union(schema: Schema, *choices: Schema) -> Schema:
    """Any of these, described as `schema` is."""
    return {"anyOf": list(choices), "description": schema["description"]}


# --- answers --------------------------------------------------------------------------------------------------------


class RejectedLogSerializer(Resource):
    """A log that cannot be stored, and why."""

    index = count("The position of the log in its body, from 0.")
    error = ErrorDetailSerializer()


class AcceptedSerializer(Resource):
    """How many logs were accepted, and which were not."""

    accepted = count()
    rejected = RejectedLogSerializer(many=True)


class StoredLogSerializer(Resource):
    """Where a log is stored."""

    index = count("The position of the log in its body, from 0.")
    id = serializers.UUIDField(source="request_log_id")
    request_id = serializers.CharField()
    session_id = serializers.UUIDField()
    session_key = serializers.CharField(allow_null=True)
    duplicate = serializers.BooleanField(help_text="It had been sent before.")
    contradicts = serializers.BooleanField(
        help_text="It differs from what was received before under its id: kept beside that, not counted."
    )
    url = serializers.SerializerMethodField()

    @extend_schema_field(URI)
    def get_url(self, log: StoredLog) -> str:
        links: PageLinks = self._context["links"]
        return links.request(log.request_log_id)


class StoredSerializer(AcceptedSerializer):
    """How many logs were accepted, and where they are stored."""

    duplicates = count()
    logs = StoredLogSerializer(many=True)


class NothingAcceptedSerializer(Resource):
    """No log was accepted: the error is that of the first one. accepted and rejected are missing when the body as a
    whole cannot be read.
    """

    error = ErrorDetailSerializer()
    accepted = count(required=False)
    rejected = RejectedLogSerializer(many=True, required=False)


LOG_EXAMPLE: Schema = {
    "request_id": "req-81f2",
    "trace_id": "checkout-bot-4711",
    "started_at": "2026-01-31T14:00:00Z",
    "ended_at": "2026-01-31T14:00:02.5Z",
    "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Where is my order?"}]},
    "response": {
        "choices": [{"message": {"role": "assistant", "content": "On its way."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 5},
    },
    "cost": 0.0021,
    "user": "ada",
    "tags": ["production"],
}
LITELLM_EXAMPLE: Schema = {
    "id": "chatcmpl-1",
    "call_type": "acompletion",
    "model": "gpt-4o",
    "status": "success",
    "startTime": 1769868000.0,
    "endTime": 1769868002.5,
    "messages": [{"role": "user", "content": "Where is my order?"}],
    "response": {"choices": [{"message": {"role": "assistant", "content": "On its way."}}]},
    "metadata": {"requester_metadata": {"litellm_trace_id": "checkout-bot-4711"}},
}
