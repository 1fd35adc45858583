"""Images, recordings and files in messages as HTML. Nothing is fetched from elsewhere."""

from __future__ import annotations

from typing import assert_never

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content.blocks import MediaBlock
from sessions_app.pages.html import media
from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import exact, size
from sessions_app.pages.html.links import link
from sessions_app.pages.html.media import Picture
from sessions_app.pages.html.pieces import fold
from sessions_app.pages.html.plain_text import visible
from sessions_app.pages.html.source import BlockAddress
from sessions_app.pages.html.texts import peek, prose, seam_instead, size_of

# The most characters of a name, and of an address, that are shown.
NAME_CHARS = 200
URL_CHARS = 2_000


def attachment_with_text(block: MediaBlock, address: BlockAddress) -> Markup:
    """The attachment; below it the transcript of a recording or the text of a document, folded."""
    html = attachment(block, address)
    if not block.text:
        return html
    title = "Transcript" if block.modality == "audio" else "Text"
    return html + fold(title, prose(block.text, address), size_of(block.text), peek(block.text))


def attachment(block: MediaBlock, address: BlockAddress) -> Markup:
    """An image to look at, or what is known of the file, and which part of it is meant."""
    html = _attachment(block, address)
    return html + component("attachments", "extent")(block.extent) if block.extent else html


def _attachment(block: MediaBlock, address: BlockAddress) -> Markup:
    if (missing := seam_instead(block.url[:500])) is not None:
        return missing
    match block.modality:
        case "image":
            found = media.picture(block)
            if found is None:
                return _file(block, address, "image", "image")
            return _thumb(found, address.media_url, media.inline(block.url, found) if bounds.is_whole() else "")
        case "audio":
            if block.url:
                return _file(block, address, "audio", "bolt")
            amount = size(block.byte_size) if block.byte_size else ""
            # What a client says again, it names by the id that it got.
            elsewhere = "" if block.byte_size or not block.id else f"elsewhere ({block.id[:NAME_CHARS]})"
            return _chip("bolt", "audio", ", ".join(filter(None, (block.name, amount, elsewhere))))
        case "file":
            return _file(block, address, kind_in_words(block), "doc")
    assert_never(block.modality)


def kind_in_words(block: MediaBlock) -> str:
    """image, audio, video or file."""
    return "video" if block.media_type.startswith("video/") else block.modality


def byte_size(block: MediaBlock) -> int:
    """How many bytes of it were sent; 0 for what is elsewhere."""
    data = media.data_url(block.url[:200]) if block.url else None
    if data is None:
        return block.byte_size
    begin = len(block.url[:200]) - len(data.payload)
    return (len(block.url) - begin) * 3 // 4 - block.url[-2:].count("=")


def _thumb(found: Picture, url: str, source: str = "") -> Markup:
    """`source`: the image itself, in a file."""
    facts = size(found.byte_size)
    if found.width:
        facts = f"{found.width} × {found.height} · {facts}"
    kind = found.media_type.partition("/")[2]
    return component("attachments", "thumb")(source or url, url, kind, facts, found.width, found.height)


def _file(block: MediaBlock, address: BlockAddress, kind: str, icon_name: str) -> Markup:
    """A file, or an image that cannot be shown: what is known of it, and a link."""
    name = block.name[:NAME_CHARS]
    data = media.data_url(block.url)
    if data is not None:
        facts = f"{data.media_type} · {size(data.byte_size)}"
        return _chip(icon_name, name or kind, facts, f"{address.media_url}?download=1")
    if len(block.url) > URL_CHARS:
        facts = f"its address has {exact(len(block.url))} characters: see the raw JSON"
        return _chip(icon_name, name or kind, facts)
    if block.url:
        return _chip(icon_name, "", link(visible(block.url), visible(name or f"{kind} elsewhere")))
    return _chip(icon_name, name or kind, block.media_type[:NAME_CHARS])


def _chip(icon_name: str, name: str, facts: str, href: str = "") -> Markup:
    return component("attachments", "chip")(icon_name, name, facts, href)
