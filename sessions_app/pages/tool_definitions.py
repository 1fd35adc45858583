"""Tool definitions as HTML: one folded line with their names, each definition folded inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sessions_app.documents import DocumentError, loads
from sessions_app.pages.excerpts import excerpt
from sessions_app.pages.json_text import drawn, indented
from sessions_app.pages.message_html import code_box, fold, more
from sessions_app.pages.plain_text import shown
from sessions_app.queries.content import StoredPart
from sessions_app.templatetags.format import size

NAME_CHARS = 80
MOST_NAMED = 40


def tools_fold(parts: Sequence[StoredPart], base_url: str, changed: bool) -> str:
    """`7 tools 9.6 kB get_ci_log read_file …`, folded; the definitions inside are folded too."""
    known = [(part, names_of(part)) for part in parts]
    names = [name for _, found in known for name in found]
    title = f"{len(names)} tool{'' if len(names) == 1 else 's'}{' changed' if changed else ''}"
    peek = f"<code>{shown(' '.join(names[:MOST_NAMED]))}</code>"
    body = "".join(_definition(part, ", ".join(found), base_url) for part, found in known)
    return fold(title, size(sum(part.byte_size for part in parts)), peek, f'<div class="folds">{body}</div>')


def names_of(part: StoredPart) -> list[str]:
    """The names of the tools that a definition defines; its type where it has none."""
    try:
        value = loads(part.content) if part.content is not None else None
    except DocumentError:
        value = None
    return [name[:NAME_CHARS] for name in _names(value)] or ["tool"]


def _names(value: Any) -> Iterator[str]:
    """OpenAI nests a tool under `function`, Gemini several under `functionDeclarations`; others name it outright."""
    if not isinstance(value, dict):
        return
    declared = value.get("functionDeclarations") or value.get("function_declarations")
    if isinstance(declared, list):
        for item in declared:
            yield from _names(item)
        return
    function = value.get("function")
    for candidate in (
        function.get("name") if isinstance(function, dict) else None,
        value.get("name"),
        value.get("type"),
    ):
        if isinstance(candidate, str) and candidate:
            yield candidate
            return


def _definition(part: StoredPart, name: str, base_url: str) -> str:
    amount = size(part.byte_size)
    url = f"{base_url}text/{part.digest.hex()}/raw/"
    if part.content is None:
        return fold(shown(name), amount, "", f'<div class="clamp">{more(url, part.byte_size)}</div>')
    found = excerpt(part_text(part.content))
    body = code_box(drawn(found.shown))
    if found.hidden_chars:
        body = f'<div class="clamp">{body}{more(url, found.hidden_chars)}</div>'
    return fold(f"<code>{shown(name)}</code>", amount, "", body)


def part_text(content: bytes) -> str:
    """The JSON text of a part, indented."""
    return indented(content.decode("utf-8", "replace"))
