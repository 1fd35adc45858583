"""Words that the address of a request's page names: marked there, in everything that was said or logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from markupsafe import Markup

from sessions_app.content.needles import Needle
from sessions_app.pages.html.components import NOTHING
from sessions_app.pages.html.marking import Marker
from sessions_app.pages.session.find import ONLY_WORDS, needles_of, target_of
from sessions_app.search_language import QueryError, parse


@dataclass(frozen=True, slots=True)
class Words:
    """The words as they were written, why they are not looked for, and the digest of the part where the page begins.

    b"": it begins at none of the parts, but at a text beside them. None: at the first place.
    """

    text: str = ""
    needles: Sequence[Needle] = ()
    part: bytes | None = None
    error: str = ""

    @property
    def kept(self) -> str:
        """The beginning of a query that keeps them."""
        return f"{urlencode({'find': self.text})}&" if self.needles else ""

    def marked(self, html: str) -> Markup | None:
        """The page with marks, the first of its part as its target; None if it has none of the words."""
        marker = Marker(self.needles)
        marker.read(html)
        part = None if self.part is None else self.part.hex()
        return marker.html() if marker.point_at(0, part, NOTHING) else None


def words_in(query: QueryDict) -> Words:
    """What an address asks to mark. Of text that cannot be looked for it is said why."""
    text, target = query.get("find", ""), target_of(query.get("hit", ""))
    if not text.strip():
        return Words()
    try:
        needles = needles_of(parse(text))
    except QueryError as error:
        return Words(text, error=error.message)
    if not needles:
        return Words(text, error=ONLY_WORDS)
    try:
        return Words(text, needles, bytes.fromhex(target.part) if target else None)
    except ValueError:
        return Words(text, needles)
