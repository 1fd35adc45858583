"""The small pieces of a page: Jinja2 macros in `templates/components/`, called from Python and from templates.

What loops over hundreds of rows is written with these: a macro takes a third of the time of a Django template.
Values are escaped unless they are Markup; what a macro returns is Markup, which Django's templates take as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, LiteralString

from django.conf import settings
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from sessions_app.pages.html import formats
from sessions_app.pages.html.plain_text import visible

Component = Callable[..., Markup]

NOTHING = Markup("")

# How values are written, in components and in Django's templates.
FILTERS: dict[str, Callable[..., Any]] = {
    "ago": formats.ago,
    "breakable": formats.breakable,
    "clock": formats.clock,
    "cost": formats.cost,
    "exact_cost": formats.exact_cost,
    "day": formats.day,
    "duration": formats.duration,
    "exact": formats.exact,
    "extent": formats.extent,
    "hue": formats.hue,
    "initials": formats.initials,
    "iso": formats.iso,
    "session_title": formats.session_title,
    "share": formats.share,
    "short_id": formats.short_id,
    "size": formats.size,
    "stamp": formats.stamp,
    "tokens": formats.tokens,
}


@cache
def environment() -> Environment:
    """Where macros are read from. A name that is not given is an error, not an empty text."""
    loader = FileSystemLoader(settings.BASE_DIR / "templates" / "components")
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    made.filters.update(FILTERS)
    return made


def _printable(value: Any) -> Any:
    """What is written for a value: a text with its control characters made visible. Jinja2 escapes it after this."""
    return visible(value) if type(value) is str else value


@cache
def component(file: str, name: str) -> Component:
    """The macro `name` of `templates/components/<file>.jinja`.

    Raises jinja2.TemplateNotFound, or AttributeError for a macro that the file lacks.
    """
    macro: Component = getattr(environment().get_template(f"{file}.jinja").module, name)
    return macro


def joined(pieces: Iterable[str], between: LiteralString = "") -> Markup:
    """Pieces one after another. Those that are no Markup are escaped."""
    # Escaping Markup makes it anew, which takes longer than all the rest.
    return Markup(between.join([piece if type(piece) is Markup else escape(piece) for piece in pieces]))  # noqa: S704 - escaped


def sentence(words: LiteralString, *values: object) -> Markup:
    """Words with a value in the place of each `{}`. Values that are no Markup are escaped."""
    return Markup(words).format(*values)  # noqa: S704 - words of ours
