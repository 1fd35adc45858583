"""Tool definitions as HTML: one folded line with their names, each definition folded inside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.content.tool_names import names_in
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.formats import size
from sessions_app.pages.html.json_text import Indented, beginning, drawn, indent
from sessions_app.pages.html.pieces import clamped, code_box, fold
from sessions_app.pages.html.source import WHOLE_PART, BlockAddress
from sessions_app.pages.html.tool_schema import drawn_definition
from sessions_app.queries.content import StoredPart

NAME_CHARS = 80
MOST_NAMED = 40
# Definitions take this part of an answer's bytes; the others are in the raw JSON.
PART_OF_ANSWER = 0.1


def tools_fold(
    parts: Sequence[StoredPart], base_url: str, before: Sequence[StoredPart] = (), unread: int = 0
) -> Markup:
    """`7 tools 9.6 kB get_ci_log read_file …`, folded. The definitions inside are folded, too.

    After a request with other tools, which are those `before`: `Tools changed, now 7 tools 9.6 kB added deploy,
    removed rollback`. `unread` is how many values beside the messages were not read; some of them may be tools.
    """
    names = [name for part in parts for name in names_of(part)]
    title = f"{len(names)} tool{'' if len(names) == 1 else 's'}" if names else "Tools removed"
    title += f" or more: {unread:,} values were not read" if unread else ""
    if not before:
        return _fold(title, parts, _names_in_line(names), [(part, "") for part in parts], base_url)
    peek = component("tools", "differences")(*(found[:MOST_NAMED] for found in differences(before, parts)))
    old, new = ({part.digest for part in one} for one in (before, parts))
    listed = [(part, "new") for part in parts if part.digest not in old]
    listed += [(part, "before") for part in before if part.digest not in new]
    listed += [(part, "") for part in parts if part.digest in old]
    return _fold(f"Tools changed, now {title}" if names else title, parts, peek, listed, base_url)


def _fold(
    title: str, parts: Sequence[StoredPart], peek: Markup, listed: Sequence[tuple[StoredPart, str]], base_url: str
) -> Markup:
    found = bounds.write(
        listed, lambda one: _definition(one[0], _title_of(names_of(one[0])), base_url, one[1]), part=PART_OF_ANSWER
    )
    content = component("tools", "definitions")(joined(found.pieces), found.left, base_url)
    return fold(title, content, size(sum(part.byte_size for part in parts)), peek)


def _title_of(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")


def _names_in_line(names: Sequence[str]) -> Markup:
    return component("tools", "names")(names[:MOST_NAMED])


def differences(before: Sequence[StoredPart], after: Sequence[StoredPart]) -> tuple[list[str], list[str], list[str]]:
    """The names of the tools that were added, that were removed, and whose definition changed."""
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
    """The names of the tools in a definition; its type where it has no name."""
    try:
        value = loads(part.content) if part.content is not None else None
    except DocumentError:
        value = None
    return [name[:NAME_CHARS] for name in names_in(value)] or ["tool"]


def _definition(part: StoredPart, name: str, base_url: str, note: str = "") -> Markup:
    amount = ", ".join(filter(None, (note, size(part.byte_size))))
    url = f"{base_url}text/{part.digest.hex()}/raw/"
    if part.content is None:
        return fold(name, clamped(NOTHING, url, part.byte_size), amount)
    content = drawn_definition(part.content, BlockAddress(base_url, part.digest, WHOLE_PART))
    if content is None:
        found = beginning(part.content.decode("utf-8", "replace"))
        content = clamped(code_box(drawn(found.shown)), url, found.hidden_chars)
    return fold(component("tools", "names")([name]), content, amount)


def part_text(content: bytes) -> Indented:
    """The JSON text of a part, indented."""
    return indent(content.decode("utf-8", "replace"))
