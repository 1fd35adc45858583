"""The columns that a user wants in a list: chosen in a menu, named in the address, and remembered in a cookie.

Rows always have all cells, because they are kept in memory for everybody. A style hides those that are not wanted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse

from sessions_app.pages.shell import COOKIE_SECONDS, htmx_of

PARAMETER = "columns"
# The id of the menu's form, which htmx names when it asks.
FORM = "columns-form"
# Always shown. Its name alone stands for a list without any other column.
FIXED = "title"
COLUMNS = {
    "sessions": {
        "activity": "Activity",
        "requests": "Requests",
        "errors": "Errors",
        "duration": "Duration",
        "tokens": "Tokens",
        "cost": "Cost",
        "models": "Models",
        "last": "Last activity",
    },
    "requests": {
        "model": "Model",
        "duration": "Duration",
        "ttft": "Time to first token",
        "tokens": "Tokens",
        "cost": "Cost",
        "user": "Session, user",
    },
    # The Table view of one session.
    "session": {
        "time": "Time",
        "offset": "Offset",
        "model": "Model",
        "timeline": "Timeline",
        "duration": "Duration",
        "ttft": "Time to first token",
        "input": "Input tokens",
        "cached": "Cached",
        "output": "Output tokens",
        "cost": "Cost",
        "total": "Cost so far",
    },
}
_MOST_CHARS = 400


@dataclass(frozen=True)
class ChosenColumns:
    """`unit`: the list, which names its rows. `names`: the columns that are shown, in their order. `is_asked`: the
    address names them.
    """

    unit: str
    names: Sequence[str]
    is_asked: bool

    @property
    def is_all(self) -> bool:
        return len(self.names) == len(COLUMNS[self.unit])

    @property
    def hidden(self) -> str:
        """For the style: the names of all others."""
        return " ".join(name for name in COLUMNS[self.unit] if name not in self.names)

    @property
    def parameter(self) -> str:
        """What the addresses of this list say; "" if this one does not name columns, or all are shown."""
        return "" if self.is_all or not self.is_asked else " ".join(self.names) or FIXED

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """The name of each column, in words, and whether it is shown."""
        return [(name, words, name in self.names) for name, words in COLUMNS[self.unit].items()]

    def remember(self, response: HttpResponse) -> None:
        """Keep what the address asked for in the user's browser."""
        if self.is_asked and self.is_all:
            response.delete_cookie(_cookie(self.unit), samesite="Lax")
        elif self.is_asked:
            text = ".".join(self.names) or FIXED
            response.set_cookie(_cookie(self.unit), text, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True)


def chosen_columns(request: HttpRequest, unit: str) -> ChosenColumns:
    """Those of the address, else those of the cookie, else all. Unknown names are left out."""
    asked = _read(" ".join(request.GET.getlist(PARAMETER)), unit)
    names = _read(request.COOKIES.get(_cookie(unit), ""), unit) if asked is None else asked
    return ChosenColumns(unit, list(COLUMNS[unit]) if names is None else names, asked is not None)


def _read(text: str, unit: str) -> list[str] | None:
    """Names between spaces, commas or dots; None if there are none that are known."""
    words = set(re.findall(r"[a-z]+", text[:_MOST_CHARS]))
    known = [name for name in COLUMNS[unit] if name in words]
    return known if known or FIXED in words else None


def parameters_beside(query: str) -> list[tuple[str, str]]:
    """The names and values of a list's query string, but for its columns."""
    return [pair for pair in parse_qsl(query.removeprefix("?")) if pair[0] != PARAMETER]


def _cookie(unit: str) -> str:
    return f"logsui_columns_{unit}"


def write_address(request: HttpRequest, response: HttpResponse, address: str) -> None:
    """What the browser's address line says after htmx put the answer into the page. Without the empty fields of the
    form, which htmx would send; a choice of columns is no step in the history.
    """
    header = "HX-Replace-Url" if htmx_of(request).trigger == FORM else "HX-Push-Url"
    response.headers[header] = address
