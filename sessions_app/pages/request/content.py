"""What pages load of a request when somebody asks for more: long texts, large messages, images, files, raw JSON."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from markupsafe import Markup

from sessions_app.content import base64_text
from sessions_app.content.blocks import ContentBlock, MediaBlock, OtherBlock, ToolCallBlock, ToolResultBlock, text_of
from sessions_app.content.messages import read_message
from sessions_app.content.wrappers import sections_of
from sessions_app.models import Project, RequestLog
from sessions_app.pages.html import media
from sessions_app.pages.html.components import NOTHING, joined
from sessions_app.pages.html.excerpts import WHOLE_CHARS, piece
from sessions_app.pages.html.json_text import Indented
from sessions_app.pages.html.messages import (
    MessageWriter,
    arguments_text,
    data_text,
    result_text,
    text_piece,
    unformatted,
    whole_drawing,
    whole_text,
)
from sessions_app.pages.html.source import WHOLE_PART, BlockAddress, source_of
from sessions_app.pages.html.tool_definitions import part_text
from sessions_app.pages.html.tools.forms import FORM
from sessions_app.pages.request import raw_json
from sessions_app.pages.shell import htmx_of, project_page, render_page_or_partial
from sessions_app.pages.thread.place import is_span, whole_number
from sessions_app.queries.content import StoredPart, load_documents, load_part
from sessions_app.queries.lookup import find_request
from sessions_app.records import Documents

_PATH = re.compile(r"(\d{1,6})(?:\.(\d{1,6}))?|raw")


@project_page
def request_part(request: HttpRequest, project: Project, request_id: uuid.UUID, digest: str) -> HttpResponse:
    """One message that was too large to be read with its page."""
    log, part = _part_or_404(project, request_id, digest)
    role = "assistant" if request.GET.get("role") == "assistant" else "user"
    url = f"/p/{project.slug}/requests/{log.id}/"
    source = source_of(part.content or b"null", role, part.digest)
    writer = MessageWriter(url)
    start = whole_number(request.GET.get("from", ""), 0)
    html = joined(writer.blocks_from(source, start)) if start else writer.thread([source])
    context = {"section": "sessions", "html": html, "url": url, "title": "Message", "total_chars": None}
    return render_page_or_partial(request, "request_text.html", "_request_part.html", context, project)


@project_page
def request_text(request: HttpRequest, project: Project, request_id: uuid.UUID, digest: str, path: str) -> HttpResponse:
    """A long text, or a piece of a very long one: to replace its beginning, or as a page."""
    log, part = _part_or_404(project, request_id, digest)
    found, is_code = text_at(part, path)
    section = whole_number(request.GET.get("section", ""), -1) if "section" in request.GET else None
    text = found.text if section is None else _section_text(found.text, section)
    if request.GET.get("download"):
        return _attachment(text.encode("utf-8", "replace"), "text/plain; charset=utf-8", f"{digest}.txt")
    text = base64_text.shortened(text)
    url = f"/p/{project.slug}/requests/{log.id}/"
    offset = whole_number(request.GET.get("offset", ""), 0)
    address = BlockAddress(url, part.digest, path, section)
    context = {
        "section": "sessions",
        "url": url,
        "text_url": address.text_url,
        "title": "Text",
        "total_chars": len(text),
        "note": as_it_came(found),
        **_whole_or_piece(text, is_code, offset),
    }
    is_drawn = FORM in request.GET and address.is_block
    if is_drawn and (drawing := whole_drawing(block_at(part, path), address, request.GET)):
        context |= {"html": drawing, "piece": None, "note": NOTHING}
    return render_page_or_partial(request, "request_text.html", "_request_text.html", context, project)


def _section_text(text: str, number: int) -> str:
    """What stands in one section of a text. Raises Http404."""
    found = sections_of(text)
    if not 0 <= number < len(found):
        raise Http404
    return found[number].text


def _whole_or_piece(text: str, is_code: bool, offset: int) -> dict[str, Any]:
    if len(text) <= WHOLE_CHARS:
        return {"html": whole_text(text, is_code), "piece": None}
    found = piece(text, offset)
    return {"html": text_piece(found.text), "piece": found}


def as_it_came(text: Indented) -> Markup:
    """How much of a JSON text is not indented."""
    if not text.plain_chars:
        return NOTHING
    why = "longer texts are not indented" if text.plain_chars == len(text.text) else "it is nested too deeply"
    return unformatted(text.plain_chars, why)


def text_at(part: StoredPart, path: str) -> tuple[Indented, bool]:
    """The text of a block of a message (its number, or `raw` for the part's JSON), and whether it is code."""
    if path == WHOLE_PART:
        return part_text(part.content or b""), True
    block = block_at(part, path)
    if isinstance(block, ToolCallBlock):
        return arguments_text(block), True
    if isinstance(block, OtherBlock):
        return data_text(block), True
    if isinstance(block, ToolResultBlock):
        return result_text(block), True
    return Indented(text_of(block)), False


def block_at(part: StoredPart, path: str) -> ContentBlock:
    """A block of a message by its number, or an inner one of a tool result: `2`, `2.0`. Raises Http404."""
    match = _PATH.fullmatch(path)
    found = read_message(part.content or b"null", "user").blocks
    try:
        if match and match[1]:
            block = found[int(match[1])]
            if not match[2]:
                return block
            if isinstance(block, ToolResultBlock):
                return block.blocks[int(match[2])]
    except IndexError:
        pass
    raise Http404


@project_page
def request_media(
    request: HttpRequest, project: Project, request_id: uuid.UUID, digest: str, path: str
) -> HttpResponse:
    """The bytes of an image or file in a message. What is no plain image can only be downloaded."""
    _, part = _part_or_404(project, request_id, digest)
    payload, name = _payload_at(part, path)
    content = media.decode(payload) if payload is not None else None
    if content is None:
        raise Http404
    media_type = media.image_type(content)
    if media_type is None or request.GET.get("download"):
        return _attachment(content, "application/octet-stream", name or digest)
    response = HttpResponse(content, content_type=media_type)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # The digest is that of the content, so what is at this address never changes.
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _payload_at(part: StoredPart, path: str) -> tuple[str | None, str]:
    """The base64 text of a media block, and its name."""
    block = block_at(part, path)
    if not isinstance(block, MediaBlock):
        return None, ""
    data = media.data_url(block.url)
    return (data.payload if data else None), block.name


def _attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    safe = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).strip("._")[:100] or "file"
    response.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


# --- raw JSON ------------------------------------------------------------------------------------------------------


@project_page
def request_raw(request: HttpRequest, project: Project, request_id: uuid.UUID, which: str) -> HttpResponse:
    """The JSON of the request, the response or the log: to read, piece by piece, or exactly as received."""
    log = find_request(request_id, project.pk)
    if log is None or which not in raw_json.NAMES:
        raise Http404
    url = f"/p/{project.slug}/requests/{log.id}/"
    return raw_response(request, project, load_documents(log), which, url, log.id, is_span(log))


def raw_response(
    request: HttpRequest,
    project: Project,
    documents: Documents,
    which: str,
    url: str,
    name: uuid.UUID,
    from_span: bool,
) -> HttpResponse:
    """A document of the request or copy at `url`, like `request_raw`. Raises Http404 when it does not have it."""
    content = raw_json.document(documents, which)
    if content is None:
        raise Http404
    if request.GET.get("download"):
        return _attachment(content, "application/json", f"{which}-{name}.json")
    if "offset" in request.GET:
        return _raw_piece(request, project, raw_json.readable(content), url, which)
    if not htmx_of(request):
        return redirect(f"{url}?raw={which}#raw")
    response = render(request, "_request_raw.html", {"raw": raw_json.view(documents, which, url, from_span)})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _raw_piece(request: HttpRequest, project: Project, text: Indented, url: str, which: str) -> HttpResponse:
    """A piece of a document: to replace the button that shows it, or as a page of its own."""
    found = piece(text.text, whole_number(request.GET["offset"], 0))
    context = {
        "section": "sessions",
        "html": text_piece(found.text),
        "piece": found,
        "url": url,
        "text_url": f"{url}raw/{which}/",
        "title": f"Raw JSON: {raw_json.NAMES[which]}",
        "total_chars": len(text.text),
        "note": as_it_came(text),
    }
    return render_page_or_partial(request, "request_text.html", "_request_text.html", context, project)


def _part_or_404(project: Project, request_id: uuid.UUID, digest: str) -> tuple[RequestLog, StoredPart]:
    """A request of this project, and a part of its session. Raises Http404 when either does not exist."""
    log = find_request(request_id, project.pk)
    part = load_part(log.session_id, digest) if log else None
    if log is None or part is None:
        raise Http404
    return log, part
