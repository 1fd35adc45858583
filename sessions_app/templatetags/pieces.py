"""Pieces of threads and of the pages of requests, for Django's templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.template import Context
from markupsafe import Markup

from sessions_app.pages.html.components import NOTHING, component

register = template.Library()


@register.simple_tag
def warning(words: str, icon_name: str = "alert") -> Markup:
    """What is wrong with a log, beside an icon."""
    return component("pieces", "warning")(words, icon_name)


@register.simple_tag
def outcome(is_error: bool) -> Markup:
    """Whether something failed, as an icon."""
    return component("pieces", "outcome")(is_error)


@register.simple_tag
def http_outcome(is_error: bool, http_status: int | None, unfinished: str = "") -> Markup:
    """Whether a request failed, with the HTTP status of its answer if it is known. `unfinished`: that it has no end."""
    return component("pieces", "http_outcome")(is_error, http_status, unfinished)


@register.simple_tag
def model(name: str, what: str = "") -> Markup:
    """A model with its colour and shape; without one, what else was called."""
    return component("pieces", "model")(name, what)


@register.simple_tag
def more(words: str, href: str, partial: str = "") -> Markup:
    """A button that is replaced by what is at `partial`. `href` is the page that has it too."""
    return component("pieces", "more")(words, href, partial)


@register.simple_tag(takes_context=True)
def correction_menu(context: Context, number: int, url: str, request_id: Any) -> Markup:
    """The menu of corrections of a request, for those who may correct."""
    correct_url = _correct_url(context)
    return component("pieces", "correction_menu")(correct_url, number, url, request_id) if correct_url else NOTHING


def _correct_url(context: Context) -> str:
    return context["correct_url"] if context.get("may_correct") else ""


@register.simple_tag
def show_rest(url: str, offset: int, hidden_chars: int) -> Markup:
    """A button that is replaced by the next piece of a long text, from `offset` on."""
    return component("pieces", "rest")(f"{url}{'&' if '?' in url else '?'}offset={offset}", hidden_chars)


@register.simple_tag
def show_hidden(url: str, offset: int, hidden_chars: int) -> Markup:
    """The same below a box of code, which it does not replace."""
    return component("pieces", "clamp")("", f"{url}?offset={offset}", hidden_chars)


@register.simple_tag
def member_names(names: Sequence[str]) -> Markup:
    """The members in which two reports of a request differ."""
    return component("request", "member_names")(names)
