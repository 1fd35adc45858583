"""The line in a session's thread that says of a request that it was reported again with other content."""

from __future__ import annotations

from markupsafe import Markup

from sessions_app.pages.html.components import NOTHING, joined, sentence
from sessions_app.pages.html.formats import exact
from sessions_app.pages.html.pieces import code, link, reference, row
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.contradictions import Contradicted

MOST_NAMED = 3


def note(found: Contradicted | None, url: str) -> Markup:
    """The line; empty when no copy contradicts the request at `url`."""
    if found is None:
        return NOTHING
    named = joined(map(code, found.differs[:MOST_NAMED]), ", ")
    more = len(found.differs) - MOST_NAMED
    named += f" and {counted(more, 'other member')}" if more > 0 else ""
    again = link(f"{url}#copies", "Reported again with other content")
    if found.count == 1:
        words = sentence("{}: it differs in {}", again, named)
    else:
        words = sentence("{}, {} times: it differs first in {}", again, exact(found.count), named)
    return row("", reference("alert", words))
