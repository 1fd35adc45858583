"""The dense conversation: a line a request. What came in, what came back, and what that cost.

`?dense=1` asks for it, `?dense=0` for the whole requests; the choice is kept in a cookie. Links to what only whole
requests have say `?dense=no`, which is for one page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from markupsafe import Markup

from sessions_app.content.documents import PartKind
from sessions_app.pages.html.components import component, joined
from sessions_app.pages.html.formats import clock, cost, exact, tokens
from sessions_app.pages.html.tool_definitions import NAME_CHARS, names_of
from sessions_app.pages.session.find import SessionFind
from sessions_app.pages.session.outline_rows import outcome, state_of
from sessions_app.pages.session.outline_tree import is_summary
from sessions_app.pages.session.prompts import new_prompts
from sessions_app.pages.session.view import RequestBlock, View
from sessions_app.pages.shell import COOKIE_SECONDS, htmx_of
from sessions_app.pages.thread.wording import counted, lasted
from sessions_app.queries.called_tools import called_tools
from sessions_app.queries.session import RequestLine
from sessions_app.queries.window import Window
from sessions_app.structure.profiles import name_hash, unpack

PARAMETER, COOKIE = "dense", "logsui_dense"
TEXT_CHARS = 160
MOST_TOOLS = 4
# So many tools that no request defines are looked for.
MOST_NAMED = 40


def is_dense(request: HttpRequest) -> bool:
    """Whether the address asks for it or, where it says nothing, the user did before.

    What htmx adds to a page is like that page, whose addresses say it.
    """
    asked = request.GET.get(PARAMETER, "")
    htmx = htmx_of(request)
    is_addition = htmx and not htmx.boosted and not htmx.history_restore_request
    return (asked or ("" if is_addition else request.COOKIES.get(COOKIE, ""))) == "1"


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Keep what the address asked for in the user's browser."""
    asked = request.GET.get(PARAMETER, "")
    if asked == "1":
        response.set_cookie(COOKIE, "1", max_age=COOKIE_SECONDS, samesite="Lax", httponly=True)
    elif asked == "0":
        response.delete_cookie(COOKIE, samesite="Lax")


@dataclass(frozen=True, slots=True)
class DenseLine:
    """A request in a line. `came`: what came in, and whether it is a new "prompt", one that was "asked" before, results
    of "tools", or a summary: "context". `look`: what the `text` is, an answer, names of tools, or an error. `called`:
    the tools that an answer calls as well. `mark`: of findings.
    """

    number: int
    url: str
    state: str
    depth: int
    model: str
    what: str
    time: str
    came_look: str
    came: str
    failures: str
    look: str
    called: str
    text: str
    hits: int
    mark: Markup
    tokens_in: str
    tokens_out: str
    cost: str
    duration: str


def dense_lines(
    shown: View, block: RequestBlock, found: SessionFind, window: Window, mark_of: Callable[[int], Markup]
) -> Markup:
    """The lines of a block of requests; those of a run together. `window`: a request whose tools have names. `mark_of`:
    what rules say of a request.
    """
    indices = [index for index in range(block.first - 1, block.last) if shown.addresses.shows(index + 1)]
    names = _tool_names(shown, window, indices)
    write = component("dense", "line")
    order = list(shown.runs.in_order(indices)) if shown.runs else indices
    prompts = new_prompts(shown, order, block.first - 1)
    return joined(write(_line(shown, index, prompts.get(index, ""), found, names, mark_of(index))) for index in order)


def _request(shown: View, index: int) -> RequestLine:
    return shown.lines.requests[index]


def _tool_names(shown: View, window: Window, indices: Iterable[int]) -> dict[int, str]:
    """The names of tools by the hashes that profiles have: of those that were defined, or called without a word. For
    others a few answers are read.
    """
    names = [name for part in window.parts.values() if part.kind is PartKind.TOOL for name in names_of(part)]
    names += shown.lines.derived.once("named tools", lambda: _named(shown.lines.requests))
    found = {name_hash(name): name for name in names}
    if unnamed := _first_calls(shown, indices, found):
        found |= {name_hash(name): name[:NAME_CHARS] for name in called_tools(shown.session, unnamed)}
    return found


def _first_calls(shown: View, indices: Iterable[int], names: Mapping[int, str]) -> list[RequestLine]:
    """For each tool without a name the first request that calls it, of these and of those that they continue."""
    origins = (origin.index for index in indices if (origin := shown.structure.origin(index)))
    found: dict[int, RequestLine] = {}
    for index in sorted({*indices, *origins}):
        profile = unpack(_request(shown, index).profile)
        for call in profile.calls if profile else ():
            if call.tool not in names and len(found) < MOST_NAMED:
                found.setdefault(call.tool, _request(shown, index))
    return list({line.id: line for line in found.values()}.values())


def _named(lines: Sequence[RequestLine]) -> set[str]:
    """The names of tools that answers without a word called."""
    told = {text for look, text in map(outcome, lines) if look == "tools"}
    return {name for text in told for name in text.split(", ")}


def _called(line: RequestLine, names: Mapping[int, str]) -> str:
    """The tools that an answer calls: `read_file, run_tests`; the number of calls where a name is not known."""
    profile = unpack(line.profile)
    calls = profile.calls if profile else ()
    known = list(dict.fromkeys(names[call.tool] for call in calls if call.tool in names))
    if not calls or len(known) < len({call.tool for call in calls}):
        return counted(len(calls), "tool call") if calls else ""
    return ", ".join(known[:MOST_TOOLS]) + (" …" if len(known) > MOST_TOOLS else "")


def _line(
    shown: View, index: int, prompt: str, found: SessionFind, names: Mapping[int, str], mark: Markup
) -> DenseLine:
    line = _request(shown, index)
    failures = shown.tool_failures.get(line.id, 0)
    look, text = outcome(line, TEXT_CHARS)
    came_look, came = ("prompt", prompt[:TEXT_CHARS]) if prompt else ("tools", _tools_before(shown, index, names))
    if not prompt and index in shown.contexts and is_summary(line):
        came_look, came = "context", shown.contexts[index]
    if not came:
        came_look, came = "asked", line.input_preview[:TEXT_CHARS]
    called = _called(line, names) if look == "answer" else ""
    return DenseLine(
        number=index + 1,
        url=shown.addresses.request(line.id),
        state=state_of(line),
        depth=len(shown.runs.around(index)) if shown.runs else 0,
        model=line.model,
        what=line.what,
        time=clock(line.started_at),
        came_look=came_look,
        came=came,
        failures=f"{exact(failures)} failed" if failures else "",
        look=look,
        called=called,
        text=" · ".join(filter(None, (text, *_notes(shown, index)))),
        hits=found.counts.get(index, 0),
        mark=mark,
        tokens_in=tokens(line.input_tokens),
        tokens_out=tokens(line.output_tokens),
        cost=cost(line.cost),
        duration=lasted(line),
    )


def _tools_before(shown: View, index: int, names: Mapping[int, str]) -> str:
    """The tools whose results came in: those that the request before had called."""
    origin = shown.structure.origin(index)
    if origin is None:
        return ""
    before = _request(shown, origin.index)
    look, text = outcome(before, TEXT_CHARS)
    return text if look == "tools" else _called(before, names)


def _notes(shown: View, index: int) -> Iterator[str]:
    attempts = shown.structure.attempts_of(index)
    if len(attempts) > 1:
        yield f"attempt {shown.structure.places[index] + 1} of {len(attempts)}"
    if shown.runs and (started := shown.runs.started_by.get(index)):
        yield f"started {counted(len(started), 'agent')}"
