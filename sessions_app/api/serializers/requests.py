"""Requests, with and without their documents, and the copies that contradict them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.api.grouping import grouping_detail
from sessions_app.api.links import PageLinks
from sessions_app.api.serializers.base import (
    URI,
    CostField,
    KnownText,
    Resource,
    TimeField,
    Verbatim,
    count,
    next_cursor,
    texts,
    tokens,
)
from sessions_app.api.serializers.insights import RequestInsightsSerializer, SessionInsightsSerializer
from sessions_app.api.serializers.sessions import SessionSerializer, rule_choice
from sessions_app.pricing.classes import CLASSES
from sessions_app.pricing.stored import CostFacts, cost_facts
from sessions_app.queries.requests import RequestRow
from sessions_app.records import ERROR, KINDS, RUNNING, SUCCESS, Documents, StreamNote
from sessions_app.structure import timeline


class CallErrorSerializer(Resource):
    """How a call failed."""

    type = KnownText(source="error_type")
    message = KnownText(source="error_message")


class StreamSerializer(Resource):
    """The stream from which an answer was put together."""

    events = serializers.IntegerField()
    broken_off = serializers.BooleanField(source="is_broken_off", help_text="Its end was not logged.")


class GroupedBySerializer(Resource):
    """Why a request is in its session."""

    rule = rule_choice()
    detail = serializers.CharField(
        help_text="In words: the member that says so, the request that it continues or repeats, or who moved it."
    )


class CostLineSerializer(Resource):
    """One line of the calculation: tokens times their price."""

    name = serializers.ChoiceField(
        list(CLASSES), help_text="The class of the tokens; `request` is the price of the call itself."
    )
    tokens = count("How many; of a request 1.")
    unit_price = CostField(help_text="US dollars for a million tokens; of a request for one.")
    amount = CostField()


class CostDetailsSerializer(Resource):
    """How a cost is known: what the caller stated, and our calculation beside it."""

    source_ = KnownText(help_text="Whose amount `cost` is: `stated` by the caller, or `computed`.")
    stated = CostField()
    computed = CostField()
    differs = serializers.BooleanField(help_text="Whether they differ by more than 1 %.")
    missing = KnownText(help_text="Why there is no calculation: `no_usage`, `unknown_model` or `not_computed`.")
    prices = serializers.SerializerMethodField(
        help_text="Where the prices are from, as of when, for which model, and for which tier of the service. `tier` "
        "is empty for prices of usual calls, also if the call was answered in another tier (`answered_in`)."
    )
    lines = serializers.SerializerMethodField()

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": {"type": "string"}})
    def get_prices(self, facts: CostFacts) -> dict[str, str] | None:
        found = facts.calculation
        if found is None:
            return None
        named = {"source": found.source, "date": found.dated, "model": found.model, "valid_from": found.since}
        return named | {"tier": found.tier if found.is_for_tier else "", "answered_in": found.tier}

    @extend_schema_field(CostLineSerializer(many=True))
    def get_lines(self, facts: CostFacts) -> list[dict[str, Any]]:
        lines = facts.calculation.lines if facts.calculation else ()
        return [CostLineSerializer.shared().to_representation(line) for line in lines]


class RequestFactsSerializer(Resource):
    """What a list tells of a request or step. `RequestSerializer` has what is added on demand."""

    # The context has the `session_key`, `links`, and by request id: `parents`, `standing` (the request that stands for
    # the same call) and `contradicted`.

    id = serializers.UUIDField()
    request_id = serializers.CharField(help_text="The caller's id, or a generated one.")
    session_id = serializers.UUIDField()
    session_key = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(list(KINDS))
    name = KnownText(help_text="What the span, tool or agent calls itself.")
    counted = serializers.BooleanField(
        source="is_counted", help_text="False for steps (tools, agents, …) and for a second report of a call."
    )
    step = serializers.BooleanField(help_text="It is not a model call itself.")
    duplicate_of = serializers.SerializerMethodField(
        help_text="The request that stands for the call which this one reports too."
    )
    contradicting_copies = serializers.SerializerMethodField(
        help_text="How often it was reported again with other content, which is kept beside it and not counted."
    )
    trace_id = KnownText()
    span_id = KnownText()
    parent_id = KnownText(help_text="The id of the span or request above.")
    tool_call_id = KnownText(help_text="Of a tool run: the call that asked for it.")
    problems = serializers.SerializerMethodField(help_text="Which parts of a span could not be read.")
    stream = serializers.SerializerMethodField(
        help_text="Of an answer that was logged as a stream: the number of its events, and whether its end is missing."
    )
    call_type = KnownText()
    model = KnownText()
    provider = KnownText()
    status = serializers.ChoiceField(
        [SUCCESS, ERROR, RUNNING], help_text="running: it began, and its log says that there is no end yet."
    )
    status_code = serializers.IntegerField(
        source="http_status", allow_null=True, help_text="The HTTP status of the model's API."
    )
    error = serializers.SerializerMethodField()
    started_at = TimeField()
    first_token_at = TimeField(allow_null=True)
    ended_at = TimeField(allow_null=True)
    duration_ms = serializers.SerializerMethodField()
    finish_reason = KnownText(help_text="Why the answer ended, in the words of the model's API.")
    tool_error_count = count(
        "How many tool results say that the tool failed: those after its last assistant message, and in its answer."
    )
    tool_looks_failed_count = count("How many of these do not say so, but look failed by their text.")
    failed_tools = texts("Tools of which a result failed or looks failed, in its history, too.")
    input_tokens = tokens()
    output_tokens = tokens()
    cached_tokens = tokens()
    cache_write_tokens = tokens()
    reasoning_tokens = tokens()
    cost = CostField()
    cost_details = serializers.SerializerMethodField()
    user = KnownText(source="end_user")
    tags = texts()
    source_ = serializers.CharField()
    grouped_by = serializers.SerializerMethodField()
    continues = serializers.SerializerMethodField(help_text="The request whose conversation this one continues.")
    url = serializers.SerializerMethodField(help_text="Its page.")

    def get_session_key(self, row: RequestRow) -> str | None:
        key: str | None = self._context["session_key"]
        return key

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_duplicate_of(self, row: RequestRow) -> UUID | None:
        standing: dict[UUID, UUID] = self._context["standing"]
        return standing.get(row.id)

    @extend_schema_field({"type": "integer", "minimum": 0})
    def get_contradicting_copies(self, row: RequestRow) -> int:
        found = self._context["contradicted"].get(row.id)
        return found.count if found else 0

    def get_problems(self, row: RequestRow) -> list[str]:
        return list(StreamNote.apart(row.problems or ())[0])

    @extend_schema_field(StreamSerializer(allow_null=True))
    def get_stream(self, row: RequestRow) -> dict[str, Any] | None:
        note = StreamNote.apart(row.problems or ())[1]
        return None if note is None else StreamSerializer.shared().to_representation(note)

    @extend_schema_field(CostDetailsSerializer)
    def get_cost_details(self, row: RequestRow) -> dict[str, Any]:
        return CostDetailsSerializer.shared().to_representation(cost_facts(row))

    @extend_schema_field(CallErrorSerializer(allow_null=True))
    def get_error(self, row: RequestRow) -> dict[str, Any] | None:
        """Null for a request that succeeded and reports no error."""
        if row.status != ERROR and not row.error_type and not row.error_message:
            return None
        return CallErrorSerializer.shared().to_representation(row)

    @extend_schema_field({"type": ["number", "null"], "minimum": 0})
    def get_duration_ms(self, row: RequestRow) -> float | None:
        duration = timeline.duration(row)
        return None if duration is None else round(duration / timedelta(milliseconds=1), 3)

    @extend_schema_field(GroupedBySerializer)
    def get_grouped_by(self, row: RequestRow) -> dict[str, Any]:
        return {"rule": row.rule, "detail": grouping_detail(row, self._context["parents"].get(row.id))}

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_continues(self, row: RequestRow) -> UUID | None:
        parent = self._context["parents"].get(row.id)
        return parent.request.id if parent else None

    @extend_schema_field(URI)
    def get_url(self, row: RequestRow) -> str:
        links: PageLinks = self._context["links"]
        return links.request(row.id)


class WithInsightsSerializer(Resource):
    """What an answer has with `include=insights`."""

    insights = RequestInsightsSerializer(
        allow_null=True,
        required=False,
        help_text="With `include=insights`: what rules say of it. Null for what is not counted, and for the later "
        "requests of a very long session.",
    )


class RequestSerializer(RequestFactsSerializer, WithInsightsSerializer):
    """A call of a model with its result, or a step around such calls."""


class RequestPageSerializer(Resource):
    """A page of a session's requests."""

    results = RequestSerializer(many=True)
    next = next_cursor()


# --- documents ------------------------------------------------------------------------------------------------------


class DocumentsSerializer(Resource):
    """The documents of a log exactly as they were sent."""

    request = Verbatim(help_text="The body exactly as it was sent; null when there is none.")
    response = Verbatim(help_text="The body exactly as it came back; null when there is none.")
    metadata = Verbatim(help_text="The caller's metadata exactly as sent, and unknown members of the log.")
    parameters = serializers.SerializerMethodField(
        help_text="What the request asks for besides its messages and tools."
    )

    @extend_schema_field({"type": "object"})
    def get_parameters(self, documents: Documents) -> orjson.Fragment:
        """Python's own writer takes whatever its reader gave: NaN, lone surrogates, integers of any size."""
        return orjson.Fragment(json.dumps(documents.parameters))


class ToolResultSerializer(Resource):
    """How a tool's result went."""

    call_id = KnownText()
    name = KnownText(help_text="The tool's name.")
    status = serializers.ChoiceField(
        ["error", "looks_failed", "ok", "unknown"],
        help_text="`error` and `ok`: the result says so. `looks_failed`: its text does. `unknown`: neither.",
    )
    reason = KnownText(help_text="Why it looks failed.")
    in_answer = serializers.BooleanField(help_text="The provider ran the tool while it answered.")


class ToolResultsSerializer(Resource):
    """The tool results of a request."""

    tool_results = ToolResultSerializer(many=True, help_text="In order, with those in its history; at most 1,000.")


class RequestWithDocumentsSerializer(
    RequestFactsSerializer, ToolResultsSerializer, DocumentsSerializer, WithInsightsSerializer
):
    """A request with its documents exactly as they were sent."""


class ExportedRequestSerializer(RequestFactsSerializer, DocumentsSerializer, WithInsightsSerializer):
    """A request with its documents, in a line of an export."""


class ExportedSessionSerializer(SessionSerializer):
    """A line of an export: a session with all of its requests and steps."""

    insights = SessionInsightsSerializer(
        required=False, help_text="With `include=insights`: what rules say of the session."
    )
    requests = ExportedRequestSerializer(many=True, help_text="In chronological order.")


class CopyFactsSerializer(Resource):
    """When and how a request was reported again."""

    id = serializers.UUIDField()
    source_ = serializers.CharField(help_text="The format in which it came: native, litellm, otlp.")
    received_at = TimeField()
    differs = texts("Members in which it differs from the request, as paths; at most ten.")


class ContradictingCopySerializer(CopyFactsSerializer, DocumentsSerializer):
    """A later report of a request that says something else."""


class ContradictingCopyPageSerializer(Resource):
    """A page of contradicting copies."""

    results = ContradictingCopySerializer(many=True)
    next = next_cursor()
