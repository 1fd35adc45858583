"""Components escape what they are given, and Django's templates take what they return."""

from __future__ import annotations

import pytest
from django.template import engines
from jinja2 import UndefinedError
from markupsafe import Markup

from sessions_app.pages.html.components import component, environment, joined, sentence

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


def test_arguments_are_given_in_order_or_by_name() -> None:
    source = """{% macro m(a, b="2", c="3") %}{{ a }}{{ b }}{{ c }}{% endmacro %}
        {% macro n(a) %}{{ m(a, c="<") }}{% endmacro %}"""
    module = environment().from_string(source).module
    assert module.m("1") == module.m(a="1") == "123"
    assert module.m("1", c="x", b="y") == module.m("1", "y", "x") == "1yx"
    assert module.n(a=">") == "&gt;2&lt;"


@pytest.mark.parametrize(("given", "named"), [(("1", "2"), {}), ((), {"b": "1"}), (("1",), {"a": "1"})])
def test_arguments_that_a_component_does_not_have_are_an_error(given: tuple[str, ...], named: dict[str, str]) -> None:
    macro = environment().from_string("{% macro m(a) %}x{% endmacro %}").module.m
    with pytest.raises(TypeError):
        macro(*given, **named)


def test_control_characters_and_lone_surrogates_are_made_visible() -> None:
    drawn = component("pieces", "code")("a\x1b[31m\ud800")
    assert drawn == "<code><bdi>a␛[31m\ufffd</bdi></code>"
    assert drawn.encode()


def test_components_have_the_filters_of_templates() -> None:
    template = environment().from_string("{{ 12345|exact }} {{ 1500|size }} {{ model|hue }}")
    page = engines["django"].from_string("{% load format %}{{ 12345|exact }} {{ 1500|size }} {{ model|hue }}")
    assert template.render(model="gpt-4o") == page.render({"model": "gpt-4o"})


def test_pieces_that_are_no_markup_are_escaped_when_they_are_joined() -> None:
    assert joined([Markup("<b>"), "<i>"], ", ") == "<b>, &lt;i&gt;"
    assert isinstance(joined([]), Markup)


def test_values_of_a_sentence_are_escaped_unless_they_are_markup() -> None:
    words = sentence("{} of {}", "<i>", Markup("<b>"))
    assert words == "&lt;i&gt; of <b>"
    assert isinstance(words, Markup)
