"""Whether a user may do something, so that no page offers what would be refused."""

from __future__ import annotations

from typing import Any

from django import template

from sessions_app.access import rights

register = template.Library()


@register.filter
def may(user: Any, name: str) -> bool:
    """`{% if user|may:"MAKE_KEYS" %}`, with a name of `sessions_app.access.rights`."""
    return rights.may(user, getattr(rights, name))
