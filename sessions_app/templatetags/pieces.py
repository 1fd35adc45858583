"""Pieces of threads for Django's templates."""

from __future__ import annotations

from django import template
from markupsafe import Markup

from sessions_app.pages.html.components import component

register = template.Library()


@register.simple_tag
def status(state: str, words: str = "") -> Markup:
    """How something went, in words beside an icon; `state` is "ok", "error" or "warn"."""
    return component("pieces", "status")(state, words)


@register.simple_tag
def outcome(is_error: bool) -> Markup:
    """Whether something failed, as an icon."""
    return component("pieces", "outcome")(is_error)


@register.simple_tag
def http_outcome(is_error: bool, http_status: int | None) -> Markup:
    """Whether a request failed, with the HTTP status of its answer if it is known."""
    return component("pieces", "http_outcome")(is_error, http_status)
