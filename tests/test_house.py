"""How the code is laid out: what docs/architecture.md and pyproject.toml say of it, and what a reader may rely on."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import grimp
import pytest

ROOT = Path(__file__).parent.parent
MOST_LINES = 400
# Django finds these classes by their names.
REPEATED = {"Meta", "Command"}
FRAMEWORKS = {"django", "rest_framework", "psycopg", "psycopg_pool"}


class Row(NamedTuple):
    name: str
    layer: int | None
    does: str


def table() -> Iterator[Row]:
    """The table "Where things are" of docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.split("\n## Where things are\n")[1].split("\n## ")[0]
    for name, layer, does in re.findall(r"^\| `([a-z_]+)(?:/|\.py)` \| (\d+|–) \| (.+) \|$", section, re.MULTILINE):
        yield Row(name, int(layer) if layer.isdigit() else None, does)


PLAIN = [row.name for row in table() if "plain Python" in row.does]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports, those for type checkers too."""
    return grimp.build_graph("logsui", "sessions_app", include_external_packages=True, cache_dir=None)


def python_files(*folders: str) -> list[Path]:
    """Migrations are as Django wrote them."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if not {"migrations", "node_modules"} & set(path.parts)]


def test_table_and_contract_have_the_same_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [contract] = [contract for contract in contracts if contract["type"] == "layers"]
    layers = [set(re.split(r" [|:] ", layer)) for layer in contract["layers"]]
    shown: dict[int | None, set[str]] = defaultdict(set)
    for row in table():
        shown[row.layer].add(row.name)

    assert shown.pop(None) == set(contract["exhaustive_ignores"])
    assert [shown[number] for number in sorted(filter(None, shown))] == layers
    assert [row.layer for row in table() if row.layer] == sorted(row.layer for row in table() if row.layer)


def test_table_has_a_row_for_each_package_and_module() -> None:
    folder = ROOT / "sessions_app"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}

    assert sorted(row.name for row in table()) == sorted(modules | packages)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_python_imports_no_framework(graph: grimp.ImportGraph, name: str) -> None:
    assert not graph.find_upstream_modules(f"sessions_app.{name}", as_package=True) & FRAMEWORKS


def test_what_is_plain_python_is_said() -> None:
    assert {"bounds", "content", "ids", "records", "structure", "wire"} <= set(PLAIN)


def test_web_server_knows_nothing_of_the_application(graph: grimp.ImportGraph) -> None:
    found = graph.find_upstream_modules("logsui.web", as_package=True)
    assert not [module for module in found if module.startswith("sessions_app")]


def test_modules_do_not_import_in_circles(graph: grimp.ImportGraph) -> None:
    ours = {module for module in graph.modules if module.startswith(("logsui", "sessions_app"))}
    imports = {module: graph.find_modules_directly_imported_by(module) & ours for module in ours}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_class_names_are_unique() -> None:
    places = defaultdict(list)
    for path in python_files("logsui", "sessions_app"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name not in REPEATED:
                places[node.name.lstrip("_")].append(f"{path.relative_to(ROOT)}:{node.lineno}")

    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_files_are_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in python_files("logsui", "sessions_app", "benchmarks", "examples", "e2e")
    }
    assert not {path: length for path, length in lengths.items() if length > MOST_LINES}
