"""The line in a session's thread that says of a request that it was reported again with other content."""

from __future__ import annotations

from sessions_app.pages.html.messages import reference, row
from sessions_app.pages.html.plain_text import shown
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.contradictions import Contradicted
from sessions_app.templatetags.format import exact

MOST_NAMED = 3


def note(found: Contradicted | None, url: str) -> str:
    """The line, as HTML; "" when no copy contradicts the request at `url`."""
    if found is None:
        return ""
    named = ", ".join(f"<code><bdi>{shown(name)}</bdi></code>" for name in found.differs[:MOST_NAMED])
    more = len(found.differs) - MOST_NAMED
    named += f" and {counted(more, 'other member')}" if more > 0 else ""
    times = "" if found.count == 1 else f", {exact(found.count)} times"
    first = "" if found.count == 1 else " first"
    link = f'<a class="link" href="{url}#copies">Reported again with other content</a>'
    words = f"{link}{times}: it differs{first} in {named}"
    return row("", reference("alert", words))
