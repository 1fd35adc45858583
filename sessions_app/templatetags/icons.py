"""Icons of the sprite, the same in templates and in components."""

from __future__ import annotations

from django import template
from markupsafe import Markup

from sessions_app.pages.html.components import component

register = template.Library()


@register.simple_tag
def icon(name: str, size: str = "s") -> Markup:
    """An icon of the sprite; `size` is "s" beside text, or empty."""
    return component("icon", "icon")(name, size)
