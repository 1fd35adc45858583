"""The small pieces of a page: Jinja2 macros in `templates/components/`, called from Python and from templates.

What loops over hundreds of rows is written with these: a macro takes a third of the time of a Django template.
Values are escaped unless they are Markup; what a macro returns is Markup, which Django's templates take as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.conf import settings
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

Component = Callable[..., Markup]


@cache
def environment() -> Environment:
    """Where macros are read from. A name that is not given is an error, not an empty text."""
    loader = FileSystemLoader(settings.BASE_DIR / "templates" / "components")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def component(file: str, name: str) -> Component:
    """The macro `name` of `templates/components/<file>.jinja`.

    Raises jinja2.TemplateNotFound, or AttributeError for a macro that the file lacks.
    """
    macro: Component = getattr(environment().get_template(f"{file}.jinja").module, name)
    return macro
