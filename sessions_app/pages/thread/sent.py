"""What a request sent: system prompts, tools, and the messages that it added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sessions_app import bounds
from sessions_app.content.documents import PartKind
from sessions_app.pages.html.components import NOTHING, component, joined
from sessions_app.pages.html.formats import size
from sessions_app.pages.html.messages import MessageWriter, Source, removed_fold
from sessions_app.pages.html.pieces import more, reference, row
from sessions_app.pages.html.tool_definitions import tools_fold
from sessions_app.pages.thread.sources import CONTEXT, INPUT, MessagePlace, Sources, number_of
from sessions_app.pages.thread.wording import counted
from sessions_app.queries.content import StoredPart
from sessions_app.queries.window import Window
from sessions_app.structure.histories import NEIGHBOURS


@dataclass(slots=True)
class InputWriter:
    """Writes what requests of a window sent. Messages are written by the `writer` of their request."""

    sources: Sources

    @property
    def window(self) -> Window:
        return self.sources.window

    def added(self, index: int, writer: MessageWriter) -> Markup:
        """The messages that a request added, and the system prompts and tools beside them if those changed."""
        what = self.window.printed(index)
        end = max(what, default=-1) + 1
        html = self.messages(index, what.head, writer, *self.context(index, writer), end=end)
        if not what.skipped or writer.left_out:
            return html
        start = what.head[-1] + 1
        skipped = more_messages(writer.base_url, start, start + what.skipped)
        return joined((html, skipped, self.messages(index, what.tail, writer, end=end)))

    def messages(
        self,
        index: int,
        positions: Iterable[int],
        writer: MessageWriter,
        systems: Markup = NOTHING,
        tools: Markup = NOTHING,
        end: int = 0,
    ) -> Markup:
        """Input messages of a request, with a button for each that was too large to be read with the page.

        When the budget does not last for all of them, a button shows the others, up to `end`.
        """
        html: list[Markup] = []
        run: list[Source] = []
        for position, digest in self.window.inputs(index, positions):
            source = self.sources.source(digest, "user", MessagePlace(index, INPUT, position))
            if source:
                run.append(source)
                continue
            html.append(writer.thread(run, systems, tools))
            if writer.left_out:
                break
            html.append(unread(self.window.parts.get(digest), digest, writer.base_url, "user"))
            run, systems, tools = [], NOTHING, NOTHING
        else:
            html.append(writer.thread(run, systems, tools))
        if writer.left_out:
            html.append(more_messages(writer.base_url, number_of(writer.left_out[0]), end))
        return joined(html)

    # --- system prompts and tools -------------------------------------------------------------------------------------

    def context(self, index: int, writer: MessageWriter, always: bool = False) -> tuple[Markup, Markup]:
        """System prompts and tools. Unless `always`, only those that are not the same as before."""
        base = None if always else self._base(index)
        return self._systems(index, base, writer), self._tools(index, base, writer)

    def new_systems(self, index: int) -> tuple[str, list[bytes]]:
        """What to call the system prompts beside the messages, and those; none if they are the same as before."""
        base = self._base(index)
        systems, before = self._context(index, PartKind.SYSTEM), self._context(base, PartKind.SYSTEM)
        if systems == before:
            return "", []
        is_changed = bool(before) and self._is_related(index)
        title = "System prompt removed" if not systems else "System prompt"
        return f"{title} changed" if is_changed and systems else title, systems

    def new_tools(self, index: int) -> list[bytes]:
        """The definitions of tools; none if they are the same as before."""
        tools = self._context(index, PartKind.TOOL)
        return [] if tools == self._context(self._base(index), PartKind.TOOL) else tools

    def _systems(self, index: int, base: int | None, writer: MessageWriter) -> Markup:
        systems, before = self._context(index, PartKind.SYSTEM), self._context(base, PartKind.SYSTEM)
        if systems == before:
            return NOTHING
        places = ((digest, MessagePlace(index, CONTEXT, number)) for number, digest in enumerate(systems))
        known = [source for digest, place in places if (source := self.sources.source(digest, "system", place))]
        if not before or not self._is_related(index):
            return _system_folds(known, writer)
        texts = [source.text for digest in before if (source := self.sources.source(digest, "system"))]
        if not systems:
            return removed_fold("System prompt removed", "\n\n".join(texts))
        if len(known) == len(texts) == 1:
            return writer.system_fold(known[0], "System prompt changed", texts[0])
        return _system_folds(known, writer, "System prompt changed")

    def _tools(self, index: int, base: int | None, writer: MessageWriter) -> Markup:
        tools, before = self._context(index, PartKind.TOOL), self._context(base, PartKind.TOOL)
        if before and not self._is_related(index):
            before = before if tools == before else []
        if tools == before:
            return NOTHING
        parts, old = ([self.window.parts[digest] for digest in digests] for digests in (tools, before))
        return tools_fold(parts, writer.base_url, old, self.window.beside_unread(index))

    def _context(self, index: int | None, kind: PartKind) -> list[bytes]:
        return [] if index is None else self.window.context(index, kind)

    def _is_related(self, index: int) -> bool:
        """Whether a request continues or repeats another one, so that what differs has changed."""
        added = self.window.added[index]
        return self.window.structure.origin(index) is not None or added.shared > 1 or bool(added.changes)

    def _base(self, index: int) -> int | None:
        """The request whose system prompts and tools a reader has seen before.

        It is what this one continues or repeats, for a call with several attempts what the call continues; else the
        nearest request before it.
        """
        origin = self.window.structure.origin(index)
        base = origin.index if origin else self.window.added[index].base
        if base is not None and base in self.window.details:
            return base
        attempts = self.window.structure.attempts_of(index)
        before = (i for i in range(index - 1, max(index - 1 - NEIGHBOURS, -1), -1) if i in self.window.details)
        return next((i for i in before if i not in attempts), None)

    def note_change(self, index: int, writer: MessageWriter) -> None:
        """Tell the writer of a request that its first message is a system prompt that changed, if it is so."""
        if self.window.added[index].first_changed:
            writer.changed, writer.changed_from = MessagePlace(index, INPUT, 0), self._first_text_before(index)

    def _first_text_before(self, index: int) -> str | None:
        """The text of the system prompt that the history before began with."""
        base = self.window.added[index].base
        found = self.window.history_digest(base, 0) if base is not None else None
        source = self.sources.source(found[0], "user") if found else None
        return source.text if source and source.message.role == "system" else None


def _system_folds(known: Sequence[Source], writer: MessageWriter, title: str = "System prompt") -> Markup:
    """System prompts as far as the budget lasts, then how many more there are."""
    folds = [writer.system_fold(source, title) for source in bounds.affordable(known)]
    left = len(known) - len(folds)
    if left:
        folds.append(reference("info", f"{counted(left, 'more system prompt')} in the raw JSON"))
    return joined(folds)


def more_messages(base_url: str, start: int, end: int) -> Markup:
    """A button that is replaced by the messages from position `start` up to `end`, which is not included."""
    words = f"Show {counted(end - start, 'more message')}"
    return more(words, f"{base_url}?from={start + 1}#input", f"{base_url}messages/?from={start}&to={end}")


def unread(part: StoredPart | None, digest: bytes, base_url: str, default_role: str) -> Markup:
    """In the place of a message that was not read with the page: a button that shows it."""
    if part is None:
        return row(default_role, reference("alert", "This message is not stored any more"))
    url = f"{base_url}part/{digest.hex()}/?role={default_role}"
    button = component("thread", "show_message")(url, size(part.byte_size))
    return row(part.role or default_role, button)
