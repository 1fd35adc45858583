"""Components escape what they are given, and Django's templates take what they return."""

from __future__ import annotations

import pytest
from django.template import engines
from jinja2 import UndefinedError
from markupsafe import Markup

from sessions_app.pages.html.components import component, environment

HOSTILE = '"><script>alert(1)</script>'


def test_values_are_escaped_and_markup_is_not() -> None:
    icon = component("icon", "icon")
    drawn = icon(HOSTILE)
    assert isinstance(drawn, Markup)
    assert "<script" not in drawn
    assert "<b>" in icon(Markup("<b>"))


def test_django_templates_take_a_component_as_it_is() -> None:
    drawn = component("icon", "icon")("copy")
    page = engines["django"].from_string("{{ drawn }}{{ text }}").render({"drawn": drawn, "text": "<i>"})
    assert page == f"{drawn}&lt;i&gt;"


def test_a_value_that_is_missing_is_an_error() -> None:
    macro = environment().from_string("{% macro m(a) %}{{ a }}{% endmacro %}").module.m
    with pytest.raises(UndefinedError):
        macro()
