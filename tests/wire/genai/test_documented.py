"""docs/opentelemetry.md has the attributes that the readers know, and no others."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from sessions_app.wire import genai

PAGE = Path(__file__).parents[3] / "docs" / "opentelemetry.md"
MODULES = sorted(Path(genai.__file__).parent.glob("*.py"))
# What instrumentations call things; `a.b.` is the beginning of names.
NAME = re.compile(r"(?:gen_ai|llm|ai|langfuse|traceloop|openinference|litellm|logfire|gcp)\.[\w.]+")
# Names of scopes, and of groups of which only some members are read.
NOT_FIELDS = {"gcp.vertex.agent", "ai.toolCall", "ai.response", "gen_ai.input.", "gen_ai.usage.", "llm.usage."}
NOT_FIELDS |= {"llm.token_count.", "gen_ai.usage.details."}


def table() -> str:
    return PAGE.read_text().partition("## Which attribute feeds which field")[2]


def texts(module: Path) -> set[str]:
    return {node.value for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Constant)} - {...}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_names_in_the_code_are_in_the_table(module: Path) -> None:
    found = {text for text in texts(module) if isinstance(text, str) and NAME.fullmatch(text)} - NOT_FIELDS
    assert [name for name in sorted(found) if name not in table()] == []


def test_names_in_the_table_are_in_the_code() -> None:
    known = {text for module in MODULES for text in texts(module) if isinstance(text, str)}
    rows = "".join(line for line in table().splitlines() if line.startswith("| "))
    names = [re.split(r"\.N\b|\.\*", name)[0] for name in re.findall(r"`([^` ]+)`", rows)]
    assert [name for name in names if not is_known(name, known)] == []


def is_known(name: str, known: set[str]) -> bool:
    """Whether a name is in the code, or put together of two texts there, as `ai.response.` and `text` are."""
    cuts = [at for at, character in enumerate(name) if character == "."]
    pairs = [(name[:at], name[at + 1 :]) for at in cuts]
    return {name, f"{name}."} & known != set() or any(
        {start, f"{start}."} & known and (rest in known or is_known(rest, known)) for start, rest in pairs
    )
