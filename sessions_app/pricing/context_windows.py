"""How many tokens the context of a model may have, from the package genai-prices, without loading it.

The package is Python source that takes a second and 30 MB to load, too much for a web server. `data/` has what is asked
here. After a new version of the package: `python -m sessions_app.pricing.context_windows`. A test compares the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from sessions_app.pricing import library

FILE = Path(__file__).parent / "data" / "context_windows.json"
_MOST_NAME_CHARS = 200
# A clause is the kind of a test and its text, or the clauses of "or" and "and".
Clause = Sequence[Any]
# The id of a provider, how its own name and those of its models look, its models with their windows, and the ids of
# providers whose models it has, too.
Provider = tuple[str, Clause | None, Clause | None, Sequence[tuple[Clause, int | None]], Sequence[str]]


@lru_cache(maxsize=4_000)
def context_window(provider: str, model: str) -> int | None:
    """How many tokens a model takes at once, its names as they were logged; None if that is not known."""
    if not model or len(model) > _MOST_NAME_CHARS:
        return None
    for provider_id, _, name in library.guesses(provider[:_MOST_NAME_CHARS].strip().lower(), model.strip(), ""):
        found = _provider(provider_id, name.lower())
        if found and not found[3]:
            return None
        for clause, size in _models(found) if found else ():
            if _matches(clause, name.lower()):
                return size
    return None


def _provider(provider_id: str | None, name: str) -> Provider | None:
    """The provider with this id, else the first that goes by it; without an id the first with models of such names."""
    if provider_id is None:
        return next((one for one in _providers() if _matches(one[2], name)), None)
    own = next((one for one in _providers() if one[0] == provider_id), None)
    return own or next((one for one in _providers() if _matches(one[1], provider_id)), None)


def _models(provider: Provider) -> Iterator[tuple[Clause, int | None]]:
    yield from provider[3]
    for other_id in provider[4]:
        yield from (model for other in _providers() if other[0] == other_id for model in other[3])


def _matches(clause: Clause | None, text: str) -> bool:
    if clause is None:
        return False
    kind, value = clause
    if kind in ("or_", "and_"):
        return (any if kind == "or_" else all)(_matches(one, text) for one in value)
    if kind == "regex":
        return re.search(value, text) is not None
    return bool(
        (kind == "equals" and text == value)
        or (kind == "starts_with" and text.startswith(value))
        or (kind == "ends_with" and text.endswith(value))
        or (kind == "contains" and value in text)
    )


@cache
def _providers() -> Sequence[Provider]:
    return tuple(tuple(provider) for provider in json.loads(FILE.read_text()))


# --- making the file ------------------------------------------------------------------------------------------------


def collected() -> list[Any]:
    """What the file has to have, from the installed package."""
    return [_collected(provider) for provider in library.providers()]


def _collected(provider: Any) -> list[Any]:
    models = [[_clause(model.match), model.context_window] for model in provider.models]
    known = models if any(size for _, size in models) else []
    fallbacks = provider.fallback_model_providers or []
    return [provider.id, _clause(provider.provider_match), _clause(provider.model_match), known, fallbacks]


def _clause(clause: Any) -> Clause | None:
    return None if clause is None else _plain(asdict(clause))


def _plain(clause: dict[str, Any]) -> Clause:
    ((kind, value),) = clause.items()
    if isinstance(value, list):
        return [kind, [_plain(one) for one in value]]
    return [kind, value if kind == "regex" else value.lower()]


def text_of(providers: Sequence[Any]) -> str:
    """The text of the file: a line a provider."""
    lines = (json.dumps(provider, separators=(",", ":")) for provider in providers)
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(text_of(collected()))
