"""How resources are written: from their fields, in their order, and quickly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.test import Client
from rest_framework import serializers

from sessions_app.api import parameters, urls
from sessions_app.api.renderers import OrjsonRenderer
from sessions_app.api.serializers.base import (
    CostField,
    Described,
    IdField,
    KnownText,
    Resource,
    TimeField,
    Verbatim,
    count,
)
from sessions_app.api.serializers.corrections import IdListField
from sessions_app.api.serializers.errors import ErrorDetailSerializer
from sessions_app.api.serializers.sessions import NameField

assert urls.urlpatterns, "all resources are imported"
# What orjson writes without help.
PLAIN = {
    *(serializers.BooleanField, serializers.CharField, serializers.ChoiceField, serializers.DictField),
    *(serializers.FloatField, serializers.IntegerField, serializers.JSONField, serializers.ListField),
    *(
        serializers.URLField,
        NameField,
        serializers.UUIDField,
        serializers.RegexField,
        type(serializers.DictField().child),
    ),
}
# What is sent and never answered.
ONLY_READ = {Described, IdField, IdListField, parameters.Flag, parameters.PageLimit, parameters.RequestNumber}


@dataclass
class Thing:
    name: str = ""
    size: int = 1
    at: datetime | None = None
    price: Decimal | None = None
    raw: bytes | None = None
    inner: Thing | None = None


class InnerThing(Resource):
    """A thing in a thing."""

    size = count()


class ThingSerializer(Resource):
    """A thing."""

    label = KnownText(source="name")
    at = TimeField(allow_null=True)
    price = CostField()
    raw = Verbatim()
    inner = InnerThing(allow_null=True)
    doubled = serializers.SerializerMethodField()
    size = count()

    def get_doubled(self, thing: Thing) -> int:
        return thing.size * 2


def written(thing: Thing) -> str:
    return orjson.dumps(ThingSerializer(thing).data).decode()


def test_members_are_in_the_order_of_the_fields() -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=timezone(timedelta(hours=2)))
    thing = Thing("a", 2, at, Decimal("0.0100"), b'{"n": 1e400}', Thing(size=3))

    assert written(thing) == (
        '{"label":"a","at":"2026-11-20T10:00:00.000000Z","price":"0.01","raw":{"n": 1e400},"inner":{"size":3},'
        '"doubled":4,"size":2}'
    )


def test_unknown_is_null() -> None:
    expected = '{"label":null,"at":null,"price":null,"raw":null,"inner":null,"doubled":2,"size":1}'
    assert written(Thing(at=None)) == expected


@pytest.mark.parametrize(
    ("cost", "text"), [("1E+3", "1000"), ("10", "10"), ("0.50", "0.5"), ("0E-10", "0"), ("1.0", "1")]
)
def test_costs_have_no_exponent_and_no_zeros_at_the_end(cost: str, text: str) -> None:
    assert f'"price":"{text}"' in written(Thing(price=Decimal(cost)))


def test_time_zones_are_converted_to_utc() -> None:
    assert TimeField().writer(lambda at: at)(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000000Z"


def test_dict_lacks_members_that_are_not_there() -> None:
    error = {"message": "m", "unknown": 1, "type": "t"}
    assert list(ErrorDetailSerializer(error).data.items()) == [("type", "t"), ("message", "m")]


def resources(of: type[Resource] = Resource) -> Iterator[type[Resource]]:
    for resource in of.__subclasses__():
        yield resource
        yield from resources(resource)


OURS = {resource for resource in resources() if resource.__module__.startswith("sessions_app")}


@pytest.mark.parametrize("resource", sorted(OURS, key=lambda resource: resource.__name__))
def test_every_field_has_a_way_to_be_written(resource: type[Resource]) -> None:
    """A field of another kind, such as DecimalField, would reach orjson as it is."""
    for name, field in resource().fields.items():
        for one in (field, getattr(field, "child", None)):
            nested = isinstance(one, Resource | serializers.ListSerializer | serializers.SerializerMethodField)
            assert one is None or nested or hasattr(one, "writer") or type(one) in PLAIN | ONLY_READ, (name, one)


def test_error_while_writing_is_answered_like_any_other(
    client: Client, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    render, calls = OrjsonRenderer.render, []

    def failing(self: OrjsonRenderer, data: Any, *more: Any) -> bytes:
        calls.append(data)
        if len(calls) == 1:
            raise RuntimeError("secret detail")
        return render(self, data)

    monkeypatch.setattr(OrjsonRenderer, "render", failing)
    answer = client.get("/api/v1/sessions")

    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "internal_error")
    assert answer.headers["Content-Type"] == "application/json"
