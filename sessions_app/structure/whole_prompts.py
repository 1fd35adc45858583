"""What whole prompts consist of, also where a request only names the response that it goes on from. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sessions_app.records import RULE_PREVIOUS_RESPONSE
from sessions_app.structure.profiles import Profile
from sessions_app.structure.timeline import Structure


class NamingRequest(Protocol):
    """What must be known of a request. `previous`: the response that it names, None if it names none."""

    @property
    def previous(self) -> object | None: ...


class WholePrompt(NamedTuple):
    """`chars`: by `content.composition.CLASSES`, as far as they are known. `has_history`: nothing is missing of what
    the provider keeps. `ran_tools`: the provider ran tools itself, for this answer or an earlier one, so it counts what
    they returned.
    """

    chars: tuple[int, ...]
    has_history: bool = True
    ran_tools: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.has_history and not self.ran_tools


def whole_prompts(
    rows: Sequence[NamingRequest], profiles: Sequence[Profile | None], structure: Structure
) -> list[WholePrompt | None]:
    """The prompt of each request of a session in order; None without a profile."""
    found: list[WholePrompt | None] = []
    # What stands before a request that names the response of this one.
    kept: list[WholePrompt | None] = []
    for index, (row, profile) in enumerate(zip(rows, profiles, strict=True)):
        if profile is None:
            found.append(None)
            kept.append(None)
            continue
        before = _NOTHING if row.previous is None else _before(index, kept, structure)
        found.append(_joined(before, profile.chars, profile.ran_tools))
        kept.append(None if profile.adds is None else _joined(before, profile.adds, profile.ran_tools))
    return found


_NOTHING = WholePrompt(())
_UNKNOWN = WholePrompt((), has_history=False)


def _before(index: int, kept: Sequence[WholePrompt | None], structure: Structure) -> WholePrompt:
    parent = structure.parents[index]
    if parent is None or parent.rule != RULE_PREVIOUS_RESPONSE or parent.index >= index:
        return _UNKNOWN
    return kept[parent.index] or _UNKNOWN


def _joined(before: WholePrompt, chars: tuple[int, ...], ran_tools: bool) -> WholePrompt:
    together = tuple(map(sum, zip(before.chars, chars, strict=True))) if before.chars else chars
    return WholePrompt(together, before.has_history, before.ran_tools or ran_tools)
