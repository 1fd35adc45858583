"""A session as one HTML file: the thread as its page draws it, whole, without scripts and without anything remote."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from sessions_app.exports.session import ExportedSession
from sessions_app.exports.story import view_of_export, whole_pieces, windows
from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import session_title
from sessions_app.pages.html.plain_text import texts_apart, with_texts
from sessions_app.pages.session.head import head_of
from sessions_app.pages.session.view import View, builder_of, steps_alone
from sessions_app.queries.window import Window

STYLES = ("logsui", "session", "timeline", "export")
_COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
_INDENTS = re.compile(r"\n\s*")
# What asks the server for more. In a text of a stranger the quotes are escaped.
_ASKING = re.compile(r' (?:hx-[a-z-]+|loading|aria-busy|data-url)="[^"]*"')
_END = "</main></body></html>\n"


def html_pieces(exported: ExportedSession) -> Iterator[bytes]:
    """The beginning of the page, then some requests at a time."""
    return (piece.encode("utf-8", "replace") for piece in whole_pieces(exported, _pieces(exported)))


def _pieces(exported: ExportedSession) -> Iterator[str]:
    shown = view_of_export(exported)
    if shown is None:
        yield "<!doctype html><title>Session</title><p>This session is not there any more."
        return
    yield _beginning(shown, exported)
    for window in windows(shown):
        with texts_apart() as texts:
            sections = list(_thread(window, shown))
        for html in sections:
            yield from with_texts(_ASKING.sub("", html), texts)
    yield _END


def _thread(window: Window, shown: View) -> Iterator[str]:
    yield steps_alone(window, shown)
    for section in builder_of(window, shown).sections():
        yield component("thread", "section")(section, "")


def _beginning(shown: View, exported: ExportedSession) -> str:
    style = style_sheet()
    policy = f"default-src 'none'; style-src '{source_of(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    context = {
        "policy": policy,
        "style": style,
        "title": session_title(shown.session),
        "head": head_of(shown),
        "project": exported.project,
        "page": shown.addresses.session,
        "now": timezone.now(),
        "lines": shown.lines.requests,
    }
    return render_to_string("export.html", context)


@cache
def style_sheet() -> str:
    """The style sheets of a session's page, one after another, without comments."""
    folder = settings.BASE_DIR / "static" / "css"
    css = "\n".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)
    return _INDENTS.sub("\n", _COMMENTS.sub("", css)).strip()


def source_of(style: str) -> str:
    """How a Content-Security-Policy names a style sheet that stands in the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"
