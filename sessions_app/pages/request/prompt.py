"""The prompt of a request, whole: what the model saw, block by block, to read, to search in and to copy."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content import unseen
from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.content.messages import read_message
from sessions_app.content.omissions import find_cuts
from sessions_app.content.search_text import normalised
from sessions_app.models import Project
from sessions_app.pages.html.components import component, joined
from sessions_app.pages.html.composition import Filled, filled_by
from sessions_app.pages.html.finding import finding
from sessions_app.pages.html.formats import exact
from sessions_app.pages.request.found import Words, words_in
from sessions_app.pages.request.prompt_blocks import PromptBlock, all_pieces, blocks_of, content_html
from sessions_app.pages.shell import project_page, render_page, render_page_or_partial
from sessions_app.pages.thread.place import RequestInSession, place_of, whole_number
from sessions_app.queries.prompt import ALL_BYTES, Prompt, load_prompt
from sessions_app.queries.session import structure_of
from sessions_app.structure.timeline import Structure

# So many blocks are on a page, if its budget lasts. The page around them has its own part of it.
BLOCKS_ON_PAGE, PART_OF_BLOCKS = 200, 0.85
# So many blocks that have the words are listed.
MOST_LISTED = 100
# The first place of the words is on the first page if no more than this comes before it.
_NEAR_BLOCKS, _NEAR_CHARS = 100, 200_000
# About as many bytes as a block takes beside its text.
_AROUND = " " * 600


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block as it is drawn. `origin`: the number of the earlier request whose log has it."""

    number: int
    kind: str
    title: str
    size: str
    share: str
    is_open: bool
    content: Markup
    origin: int | None = None
    origin_href: str = ""


@dataclass(frozen=True, slots=True)
class FoundBlock:
    """A block that has the words, how often, and a link to it."""

    number: int
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class PromptPage:
    """A prompt that is being shown: its blocks, the names of its tools by ids of calls, and what filled it."""

    place: RequestInSession
    prompt: Prompt
    structure: Structure
    blocks: Sequence[PromptBlock]
    tools: Mapping[str, str]
    filled: Filled

    @property
    def url(self) -> str:
        return f"{self.place.url}prompt/"

    @property
    def total_chars(self) -> int:
        return sum(block.chars for block in self.blocks)

    @property
    def unread_count(self) -> int:
        return sum(not block.is_read for block in self.blocks)

    @property
    def base_number(self) -> int | None:
        """The number of the request that this one continues."""
        base = self.structure.continues[self.place.index]
        return None if base is None else base + 1


@project_page
def prompt_page(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """The blocks from number `from` on. htmx gets only the blocks, to add them to those on the page."""
    place = place_of(project, request_id)
    if place is None:
        return render_page(request, "request_gone.html", {"section": "sessions"}, project, status=404)
    if place.line.step:
        return redirect(place.url)
    page, words = read_prompt(place), words_in(request.GET)
    found, is_searched = _found(page, words)
    start = _start(request, page, found)
    bounds.current().begin_writing()
    with finding(words.needles), bounds.share(PART_OF_BLOCKS):
        views = list(_views(page, start))
    end = start + len(views) - 1
    context = {
        "section": "sessions",
        "place": place,
        "line": place.line,
        "page": page,
        "words": words,
        "found": [_linked(one, page, words, start, end) for one in found[:MOST_LISTED]],
        "found_total": sum(count for _, count in found),
        "found_more": max(len(found) - MOST_LISTED, 0),
        "is_searched": is_searched,
        "start": start,
        "end": end,
        "following": end + 1 if end < len(page.blocks) else None,
        "left": len(page.blocks) - end,
        "earlier_start": max(start - BLOCKS_ON_PAGE, 1) if start > 1 else None,
        "previous": place.neighbour(-1),
        "next": place.neighbour(1),
        "blocks": _marked(views, words),
    }
    return render_page_or_partial(request, "prompt.html", "_prompt_blocks.html", context, project)


def read_prompt(place: RequestInSession, most_bytes: int | None = None) -> PromptPage:
    """The prompt of a request. With `most_bytes` another amount of content is read than a page may hold."""
    structure = structure_of(place.lines)
    more = {} if most_bytes is None else {"most_bytes": most_bytes}
    prompt = load_prompt(place.session, place.lines, place.index, place.log, structure, **more)
    blocks, tools = blocks_of(prompt)
    pieces = all_pieces(blocks)
    missing = list(_unseen(prompt, blocks, tools))
    return PromptPage(place, prompt, structure, blocks, tools, filled_by(pieces, place.line.input_tokens, missing))


@project_page
def prompt_text(request: HttpRequest, project: Project, request_id: uuid.UUID) -> HttpResponse:
    """All of a prompt as plain text, to be copied or kept as a file."""
    place = place_of(project, request_id)
    if place is None or place.line.step:
        raise Http404
    page = read_prompt(place, ALL_BYTES)
    text = "\n".join(block.copied(page.tools) for block in page.blocks)
    response = HttpResponse(text.encode("utf-8", "replace"), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="prompt-{place.log.id}.txt"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


# --- what is missing --------------------------------------------------------------------------------------------------


def _unseen(prompt: Prompt, blocks: Sequence[PromptBlock], tools: Mapping[str, str]) -> Iterator[str]:
    """What the provider counted that is not in the log."""
    if prompt.is_withheld:
        yield unseen.WITHHELD
    if not prompt.has_history:
        yield unseen.HISTORY
    yield from unseen.of_parameters(dict(prompt.parameters))
    pieces = all_pieces(blocks)
    yield from unseen.of_pieces(pieces)
    yield from unseen.of_tools(_definitions(blocks), pieces)
    yield from unseen.of_answer(read_message(one.content, "assistant") for one in prompt.answer if one.content)
    if any(find_cuts(block.text(tools)) for block in blocks):
        yield unseen.CUT
    if prompt.unread:
        yield f"{exact(prompt.unread)} values beside the messages that were not read"


def _definitions(blocks: Sequence[PromptBlock]) -> Iterator[Any]:
    for block in blocks:
        if block.source is None and block.stored.content is not None:
            try:
                yield loads(block.stored.content)
            except DocumentError:
                continue


# --- the blocks of a page ---------------------------------------------------------------------------------------------


def _views(page: PromptPage, start: int) -> Iterator[BlockView]:
    for block in bounds.affordable(page.blocks[start - 1 : start - 1 + BLOCKS_ON_PAGE]):
        view = _view(block, page)
        bounds.current().spend(view.content)
        bounds.current().spend(_AROUND)
        yield view


def _view(block: PromptBlock, page: PromptPage) -> BlockView:
    place = page.place
    is_own = block.owner == place.index
    url = place.url if is_own else place.addresses.request(place.lines[block.owner].id)
    return BlockView(
        number=block.number,
        kind=block.kind,
        title=block.title,
        size=f"{exact(block.chars)} {'characters' if block.is_read else 'bytes, not read'}",
        share=_share(block.chars, page.total_chars),
        is_open=block.source is not None or not block.is_read,
        content=content_html(block, url, page.tools),
        origin=None if is_own else block.owner + 1,
        origin_href="" if is_own else f"{url}prompt/",
    )


def _share(chars: int, total: int) -> str:
    if not total:
        return ""
    return f"{100 * chars / total:.1f}%"


def _marked(views: Sequence[BlockView], words: Words) -> Markup:
    html = joined(component("prompt", "block")(view) for view in views)
    marked = words.marked(html) if words.needles else None
    return html if marked is None else marked


# --- finding ----------------------------------------------------------------------------------------------------------


def _found(page: PromptPage, words: Words) -> tuple[list[tuple[int, int]], bool]:
    """The numbers of the blocks that have the words, and how often; whether all blocks were looked through."""
    found: list[tuple[int, int]] = []
    for block in page.blocks if words.needles else ():
        if bounds.current().is_spent:
            return found, False
        text = normalised(block.searched())
        bounds.current().spend(work=len(text))
        if count := sum(len(needle.spans(text)) for needle in words.needles):
            found.append((block.number, count))
    return found, all(block.is_read for block in page.blocks)


def _start(request: HttpRequest, page: PromptPage, found: Sequence[tuple[int, int]]) -> int:
    """The number of the block that the page begins with: the one that the address names, else that of the first place
    of the words, if it is far from the beginning.
    """
    if "from" in request.GET:
        return min(max(whole_number(request.GET["from"], 1), 1), max(len(page.blocks), 1))
    first = found[0][0] if found else 1
    before = sum(block.chars for block in page.blocks[: first - 1])
    return 1 if first <= _NEAR_BLOCKS and before <= _NEAR_CHARS else first


def _linked(one: tuple[int, int], page: PromptPage, words: Words, start: int, end: int) -> FoundBlock:
    number, count = one
    is_here = start <= number <= end
    where = "" if is_here else f"{page.url}?{words.kept}from={number}"
    return FoundBlock(number, count, f"{where}#b{number}")
