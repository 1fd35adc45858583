"""The base class of all resources, and the field types that they share.

REST framework's own `to_representation` takes about 42 µs for a request, which a list of 1,000 would feel. `Resource`
makes a function of each declared field once, and then takes about 9.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, cached_property
from operator import attrgetter, itemgetter
from typing import Any, Self

import orjson
from drf_spectacular.drainage import set_override
from rest_framework import serializers
from rest_framework.fields import SkipField, empty

from sessions_app.content.json_bytes import json_kind
from sessions_app.pricing.amounts import rounded

Schema = dict[str, Any]
URI: Schema = {"type": "string", "format": "uri"}
AnyField = serializers.Field[Any, Any, Any, Any]
# What gives a member of an answer: the object in, the member's value out.
Write = Callable[[Any], Any]


class Resource(serializers.Serializer[Any]):
    """An object of the API. Members of an answer come from attributes, from methods, or from a dict's members."""

    def get_fields(self) -> dict[str, AnyField]:
        """A member that cannot have its own name in Python (`from`, or `source`, which fields have) is declared with an
        underscore at its end.
        """
        return {name.removesuffix("_"): field for name, field in super().get_fields().items()}

    @classmethod
    @cache
    def shared(cls) -> Self:
        """One instance for all calls that need no context, since copying the fields for each call costs more than
        everything else. Neither writing nor validation changes it.
        """
        return cls()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """The members in the order of their fields. Of a dict, a member that is not there is left out."""
        if isinstance(instance, Mapping):
            return {name: write(instance) for name, write in self._of_mapping() if name in instance}
        return {name: write(instance) for name, write in self._of_object}

    @cached_property
    def _of_object(self) -> list[tuple[str, Write]]:
        return [(name, getattr(self, how) if isinstance(how, str) else how) for name, how in self._plan()]

    @classmethod
    @cache
    def _plan(cls) -> list[tuple[str, Write | str]]:
        """For each member how to write it: a function, or the name of the method that gives it."""
        return [(name, _from_object(field)) for name, field in cls.shared().fields.items()]

    @classmethod
    @cache
    def _of_mapping(cls) -> list[tuple[str, Write]]:
        return [(name, _converting(field, itemgetter(name))) for name, field in cls.shared().fields.items()]

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        """The resource's JSON Schema, with what its fields cannot express; `ref` refers to another resource."""
        return schema


def _from_object(field: AnyField) -> Write | str:
    if isinstance(field, serializers.SerializerMethodField):
        return str(field.method_name)
    return _converting(field, _itself if field.source == "*" else attrgetter(str(field.source)))


def _converting(field: AnyField, read: Write) -> Write:
    """Reads a member and makes JSON of it. Most values orjson writes as they are."""
    if isinstance(field, (KnownText, TimeField, CostField, Verbatim)):
        return field.writer(read)
    one = _nested(field)
    if one is None:
        return read
    if isinstance(field, serializers.ListSerializer):
        return lambda instance: [one(item) for item in read(instance)]
    if isinstance(field, serializers.DictField):
        return lambda instance: {name: one(item) for name, item in read(instance).items()}
    return lambda instance: None if (value := read(instance)) is None else one(value)


def _nested(field: AnyField) -> Write | None:
    """What writes a resource inside of a resource; None for other fields."""
    inner = field if isinstance(field, Resource) else getattr(field, "child", None)
    return type(inner).shared().to_representation if isinstance(inner, Resource) else None


def _itself(instance: Any) -> Any:
    return instance


# --- fields -------------------------------------------------------------------------------------------------------


class KnownText(serializers.CharField):
    """A text that is null in the answer when it is empty, since empty means unknown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    def writer(self, read: Write) -> Write:
        return lambda instance: read(instance) or None


class TimeField(serializers.DateTimeField):
    """A time, as `2026-11-20T10:00:00.000000Z`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(help_text="RFC 3339 in UTC with microseconds.", **options)

    def writer(self, read: Write) -> Write:
        return lambda instance: None if (moment := read(instance)) is None else time_text(moment)


class CostField(serializers.RegexField):
    """US dollars, as a decimal text without exponent and trailing zeros."""

    def __init__(self, help_text: str = "US dollars, a decimal without exponent.", **options: Any) -> None:
        super().__init__(r"^[0-9]+(\.[0-9]+)?$", allow_null=True, help_text=help_text, **options)

    def writer(self, read: Write) -> Write:
        return lambda instance: None if (cost := read(instance)) is None else cost_text(cost)


class Verbatim(serializers.JSONField):
    """A JSON document, put into the answer byte for byte without being parsed."""

    def writer(self, read: Write) -> Write:
        return lambda instance: None if (raw := read(instance)) is None else orjson.Fragment(raw)


class Described(serializers.JSONField):
    """What is sent and checked elsewhere: members of logs in `wire`, filters in `queries`. Here it has its schema."""

    def __init__(self, schema: Schema, help_text: str = "") -> None:
        super().__init__(required=False, help_text=help_text)
        self.schema = schema
        set_override(self, "field", schema)

    def run_validation(self, data: Any = empty) -> Any:
        raise SkipField


def count(help_text: str = "", **options: Any) -> serializers.IntegerField:
    """A whole number from 0."""
    return serializers.IntegerField(min_value=0, help_text=help_text, **options)


def tokens(help_text: str = "", **options: Any) -> serializers.IntegerField:
    """A number of tokens; null when no request says."""
    return count(help_text, allow_null=True, **options)


def texts(help_text: str = "") -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), help_text=help_text)


def next_cursor() -> serializers.CharField:
    """Where a list continues."""
    return serializers.CharField(allow_null=True, help_text="The cursor for the next page; null on the last one.")


def time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def cost_text(cost: Decimal) -> str:
    """The digits that mean something: what was stored earlier may have the tail of a float."""
    return format(rounded(cost), "f")


def shown(value: Any) -> str:
    """A value that is not what was expected, for an error."""
    if value is empty:
        return "nothing"
    return f"string {value[:60]!r}" if isinstance(value, str) else json_kind(value)


class IdField(serializers.UUIDField):
    """An id of a session or request. Unlike UUIDField it takes no numbers."""

    default_error_messages = {"invalid": "must be an id (a UUID), got {got}"}

    def run_validation(self, data: Any = empty) -> uuid.UUID | None:
        if (data is empty and not self.required) or (data is None and self.allow_null):
            return None
        return self.to_internal_value(data)

    def to_internal_value(self, data: Any) -> uuid.UUID:
        try:
            if isinstance(data, str):
                return uuid.UUID(data)
        except ValueError:
            pass
        self.fail("invalid", got=shown(data))
