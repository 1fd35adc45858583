"""Whether a user may do something: a page must not offer what the server would refuse."""

from __future__ import annotations

from django import template
from django.contrib.auth.models import AnonymousUser, User

from sessions_app.access import rights

register = template.Library()


@register.filter
def may(user: User | AnonymousUser, name: str) -> bool:
    """`{% if user|may:"MAKE_KEYS" %}`, with a name of `sessions_app.access.rights`."""
    return rights.may(user, getattr(rights, name))
