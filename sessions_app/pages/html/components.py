"""The small pieces of a page: Jinja2 macros in `templates/components/`, called from Python and from templates.

What loops over hundreds of rows is written with these: a macro takes a third of the time of a Django template.
Values are escaped unless they are Markup; what a macro returns is Markup, which Django's templates take as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, LiteralString

from django.conf import settings
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame, MacroRef
from jinja2.utils import missing
from markupsafe import Markup, escape

from sessions_app.pages.html import formats
from sessions_app.pages.html.plain_text import revealed, spelled, straight, visible

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
    "revealed": revealed,
    "session_title": formats.session_title,
    "share": formats.share,
    "short_id": formats.short_id,
    "size": formats.size,
    "spelled": spelled,
    "straight": straight,
    "stamp": formats.stamp,
    "tokens": formats.tokens,
}


# What a text may have that is not written as it is: characters of markup, and those of `visible` and `straight`.
_SPECIAL = re.compile("[&<>\"'\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]")


class _Code(CodeGenerator):
    """Writes less around values and macros than Jinja2 does, of which a page has 9,000 and 1,500.

    `finalize` alone escapes what is written. Jinja2 would call its own function around it for each value, and that
    makes each a Markup. Macros are plain functions, and are called as such: none of ours wants a context or a caller.
    """

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write(finalize.src or "")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write(")")

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        if macro_ref.accesses_kwargs or macro_ref.accesses_varargs or macro_ref.accesses_caller:
            self.fail("A component has only the arguments that it names.", macro_ref.node.lineno)
        self.write(f"environment.macro(macro, {tuple(one.name for one in macro_ref.node.args)!r})")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        self.visit(node.node, frame)
        self.write("(")
        for given in (*node.args, *node.kwargs):
            self.visit(given, frame)
            self.write(", ")
        self.write(")")


class _Components(Environment):
    code_generator_class = _Code

    def macro(self, function: Callable[..., str], names: tuple[str, ...]) -> Component:
        """The function of a macro, to be called with arguments in order or by name. What it returns is escaped."""
        count, new = len(names), str.__new__

        def call(*args: Any, **named: Any) -> Markup:
            if len(args) != count:
                args = (*args, *[named.pop(name, missing) for name in names[len(args) :]])
            if named or len(args) != count:
                raise TypeError(f"{function.__name__} takes {', '.join(names)}")
            return new(Markup, function(*args))

        return call


@cache
def environment() -> Environment:
    """Where macros are read from. A name that is not given is an error, not an empty text."""
    loader = FileSystemLoader(settings.BASE_DIR / "templates" / "components")
    made = _Components(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=written,
    )
    made.filters.update(FILTERS)
    return made


def written(value: Any) -> str:
    """The HTML of a value: a text is escaped, its control characters made visible, its letters in their order."""
    kind = type(value)
    if kind is Markup:
        return value  # type: ignore[no-any-return]
    if kind is str:
        return escape(straight(visible(value))) if _SPECIAL.search(value) else value
    return str(value) if kind is int else escape(value)


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
