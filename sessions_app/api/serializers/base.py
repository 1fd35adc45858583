"""The base class of all resources, and the field types that they share.

REST framework's own `to_representation` takes about 42 µs for a request, which a list of 1,000 would feel. `Resource`
reads the declared fields once a class and then takes about 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, Self

from rest_framework import serializers

Schema = dict[str, Any]
URI: Schema = {"type": "string", "format": "uri"}
# What gives a member of an answer: the object in, the member's value out.
Write = Callable[[Any], Any]
# Values of these fields are written by orjson without a conversion.
WRITTEN_AS_THEY_ARE = frozenset(
    {
        serializers.BooleanField,
        serializers.CharField,
        serializers.ChoiceField,
        serializers.DictField,
        serializers.FloatField,
        serializers.IntegerField,
        serializers.JSONField,
        serializers.ListField,
        serializers.URLField,
        serializers.UUIDField,
    }
)


class Resource(serializers.Serializer[Any]):
    """An object of the API. Members of an answer come from attributes, from methods, or from a dict's members."""

    @classmethod
    @cache
    def shared(cls) -> Self:
        """One instance for all calls that need no context: to copy the fields for each call would cost more than the
        rest. Neither writing nor validation changes it.
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
        return [(name, _writer(field)) for name, field in cls.shared().fields.items()]

    @classmethod
    @cache
    def _of_mapping(cls) -> list[tuple[str, Write]]:
        return [(name, _mapping_writer(name, field)) for name, field in cls.shared().fields.items()]

    @classmethod
    def extend_schema(cls, schema: Schema, ref: Callable[[type[Resource]], Schema]) -> Schema:
        """The resource's JSON Schema, with what its fields cannot express; `ref` refers to another resource."""
        return schema


def _writer(field: serializers.Field[Any, Any, Any, Any]) -> Write | str:
    if isinstance(field, serializers.SerializerMethodField):
        return str(field.method_name)
    convert = _conversion(field)
    read: Write = _itself if field.source == "*" else attrgetter(str(field.source))
    return read if convert is None else lambda instance: _converted(read(instance), convert)


def _mapping_writer(name: str, field: serializers.Field[Any, Any, Any, Any]) -> Write:
    convert = _conversion(field)
    if convert is None:
        return lambda instance: instance[name]
    return lambda instance: _converted(instance[name], convert)


def _itself(instance: Any) -> Any:
    return instance


def _converted(value: Any, convert: Write) -> Any:
    return None if value is None else convert(value)


def _conversion(field: serializers.Field[Any, Any, Any, Any]) -> Write | None:
    if isinstance(field, serializers.ListSerializer):
        one = type(field.child).shared().to_representation
        return lambda items: [one(item) for item in items]
    if isinstance(field, Resource):
        return type(field).shared().to_representation
    if isinstance(field, serializers.DictField) and isinstance(field.child, Resource):
        one = type(field.child).shared().to_representation
        return lambda members: {name: one(member) for name, member in members.items()}
    return None if type(field) in WRITTEN_AS_THEY_ARE else field.to_representation


# --- fields -------------------------------------------------------------------------------------------------------


class KnownText(serializers.CharField):
    """A text that is null in the answer when it is empty, since empty means unknown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]  # null, where CharField has none
        return value or None


class Moment(serializers.DateTimeField):
    """A time, as `2026-11-20T10:00:00.000000Z`."""

    def __init__(self, help_text: str = "RFC 3339 in UTC with microseconds.", **options: Any) -> None:
        super().__init__(help_text=help_text, **options)

    def to_representation(self, value: datetime) -> str:  # type: ignore[override]  # never None here
        return time_text(value)


class CostField(serializers.RegexField):
    """US dollars, as a decimal text without exponent and trailing zeros."""

    def __init__(self, **options: Any) -> None:
        help_text = "US dollars, a decimal without exponent."
        super().__init__(r"^[0-9]+(\.[0-9]+)?$", allow_null=True, help_text=help_text, **options)

    def to_representation(self, value: Decimal) -> str:  # type: ignore[override]  # a Decimal comes in
        return cost_text(value)


def count(help_text: str = "", **options: Any) -> serializers.IntegerField:
    """A whole number from 0."""
    return serializers.IntegerField(min_value=0, help_text=help_text, **options)


def tokens(**options: Any) -> serializers.IntegerField:
    """A number of tokens; null when no request says."""
    return count(allow_null=True, **options)


def texts(help_text: str = "") -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), help_text=help_text)


def next_cursor() -> serializers.CharField:
    """Where a list continues."""
    return serializers.CharField(allow_null=True, help_text="The cursor for the next page; null on the last one.")


def time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def cost_text(cost: Decimal) -> str:
    text = format(cost, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
