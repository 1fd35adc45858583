"""Tool definitions as HTML: one folded line with their names, each definition folded inside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sessions_app import bounds
from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.pages.html.json_text import Indented, beginning, drawn, indent
from sessions_app.pages.html.messages import code_box, fold, more, reference
from sessions_app.pages.html.plain_text import shown
from sessions_app.queries.content import StoredPart
from sessions_app.templatetags.format import size

NAME_CHARS = 80
MOST_NAMED = 40
# Definitions take this part of an answer's bytes; the others are in the raw JSON.
PART_OF_ANSWER = 0.1


def tools_fold(parts: Sequence[StoredPart], base_url: str, before: Sequence[StoredPart] = (), unread: int = 0) -> str:
    """`7 tools 9.6 kB get_ci_log read_file …`, folded; the definitions inside are folded too.

    After other tools, those that were sent `before`: `7 tools, added deploy, removed rollback`. `unread`: how many more
    values stand beside the messages, tools perhaps.
    """
    names = [name for part in parts for name in names_of(part)]
    title = f"{len(names)} tool{'' if len(names) == 1 else 's'}" if names else "Tools removed"
    title += f" or more: {unread:,} values were not read" if unread else ""
    if not before:
        return _fold(title, parts, _names_in_line(names), [(part, "") for part in parts], base_url)
    pieces = zip(("added", "removed", "changed"), differences(before, parts), strict=True)
    peek = ", ".join(f"{word} {_names_in_line(found)}" for word, found in pieces if found) or "in another order"
    old, new = ({part.digest for part in one} for one in (before, parts))
    shown_parts = [(part, "new") for part in parts if part.digest not in old]
    shown_parts += [(part, "before") for part in before if part.digest not in new]
    shown_parts += [(part, "") for part in parts if part.digest in old]
    return _fold(f"{title} changed" if names else title, parts, peek, shown_parts, base_url)


def _fold(
    title: str, parts: Sequence[StoredPart], peek: str, shown_parts: Sequence[tuple[StoredPart, str]], base_url: str
) -> str:
    found = bounds.write(
        shown_parts, lambda one: _definition(one[0], _title_of(names_of(one[0])), base_url, one[1]), part=PART_OF_ANSWER
    )
    link = f'<a class="link" href="{base_url}?raw=request#raw">in the raw JSON</a>'
    rest = reference("info", f"{found.left:,} more {link}") if found.left else ""
    return fold(
        title, size(sum(part.byte_size for part in parts)), peek, f'<div class="folds">{found.html}{rest}</div>'
    )


def _title_of(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")


def _names_in_line(names: Sequence[str]) -> str:
    return f"<code>{shown(' '.join(names[:MOST_NAMED]))}</code>"


def differences(before: Sequence[StoredPart], after: Sequence[StoredPart]) -> tuple[list[str], list[str], list[str]]:
    """The names of the tools that were added, removed, and defined otherwise."""
    old, new = _by_name(before), _by_name(after)
    added = [name for name in new if name not in old]
    removed = [name for name in old if name not in new]
    return added, removed, [name for name in new if name in old and new[name] != old[name]]


def _by_name(parts: Sequence[StoredPart]) -> dict[str, set[bytes]]:
    found: dict[str, set[bytes]] = defaultdict(set)
    for part in parts:
        for name in names_of(part):
            found[name].add(part.digest)
    return found


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


def _definition(part: StoredPart, name: str, base_url: str, note: str = "") -> str:
    amount = ", ".join(filter(None, (note, size(part.byte_size))))
    url = f"{base_url}text/{part.digest.hex()}/raw/"
    if part.content is None:
        return fold(shown(name), amount, "", f'<div class="clamp">{more(url, part.byte_size)}</div>')
    found = beginning(part.content.decode("utf-8", "replace"))
    body = code_box(drawn(found.shown))
    if found.hidden_chars:
        body = f'<div class="clamp">{body}{more(url, found.hidden_chars)}</div>'
    return fold(f"<code>{shown(name)}</code>", amount, "", body)


def part_text(content: bytes) -> Indented:
    """The JSON text of a part, indented."""
    return indent(content.decode("utf-8", "replace"))
