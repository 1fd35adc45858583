"""`python -m benchmarks.house [COMMIT …]`: how much there is to know of the code, for commits and the work tree.

Every column is counted by this file, whatever the commit has itself. `--no-reach` leaves out what needs a database,
`--no-types` what mypy says.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from benchmarks.rendering_diff import checked_out

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("logsui", "sessions_app")
WITH_TOOLS = (*PRODUCT, "benchmarks", "examples", "e2e")
MOST_LINES, MOST_COLUMNS = 400, 160
# By hand or by classes: what describes the API's resources, checks and writes them.
API_DEFINITIONS = re.compile(r"api/.*(shapes|schema|representation|docs|serializers|grouping|parameters)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.house", description=__doc__)
    parser.add_argument("commits", nargs="*", help="commits to count beside the work tree")
    parser.add_argument("--no-reach", action="store_true")
    parser.add_argument("--no-types", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        trees = [stack.enter_context(checked_out(commit)) for commit in options.commits]
        columns = [figures(tree, options) for tree in (*trees, ROOT)]
    print_table(["", *options.commits, "work tree"], columns)
    return 0


def figures(tree: Path, options: argparse.Namespace) -> dict[str, str]:
    return (
        imports(tree)
        | ({} if options.no_reach else reach(tree))
        | lengths(tree)
        | ({} if options.no_types else {"errors of mypy --strict": type_errors(tree)})
        | markup(tree)
        | definitions(tree)
    )


def print_table(head: list[str], columns: list[dict[str, str]]) -> None:
    """Markdown."""
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for name in columns[-1]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns) + " |")


# -- imports -----------------------------------------------------------------------------------------------------------


def imports(tree: Path) -> dict[str, str]:
    """Rooms are the packages and modules in the root of sessions_app."""
    edges = json.loads(run(tree, "-c", GRAPH))
    modules = {module for module in edges if module.startswith("sessions_app.")}
    rooms: dict[str, set[str]] = {}
    for module in modules:
        beside = {room_of(other) for other in edges[module] if other in modules}
        rooms.setdefault(room_of(module), set()).update(beside - {room_of(module)})
    rooms = {name: others for name, others in rooms.items() if name not in ("apps", "migrations")}
    return {
        "rooms in sessions_app": str(len(rooms)),
        "modules at its root": str(sum(1 for path in (tree / "sessions_app").glob("*.py")) - 1),
        "circles of rooms": said(circles(rooms)),
        "circles of modules": said(circles({module: set(found) for module, found in edges.items()})),
    }


GRAPH = """
import grimp, json
graph = grimp.build_graph("logsui", "sessions_app", cache_dir=None)
print(json.dumps({m: sorted(graph.find_modules_directly_imported_by(m)) for m in graph.modules}))
"""


def room_of(module: str) -> str:
    return module.split(".")[1]


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Groups in which each reaches each."""
    reached = {start: reachable(edges, start) for start in edges}
    groups = {tuple(sorted({a} | {b for b in reached[a] if a in reached.get(b, ())})) for a in edges}
    return [list(group) for group in sorted(groups) if len(group) > 1]


def reachable(edges: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for other in edges.get(waiting.pop(), set()) - seen:
            seen.add(other)
            waiting.append(other)
    return seen


def said(found: list[list[str]]) -> str:
    return f"{len(found)}" + "".join(f" ({', '.join(group)})" for group in found)


def reach(tree: Path) -> dict[str, str]:
    found = json.loads(run(tree, str(ROOT / "benchmarks" / "reach.py")))
    kinds = {"page": "a session's page", "payload": "a LiteLLM payload"}
    return {
        f"functions / modules of {title}, {which}": "{:,} / {}".format(*found[kind][key])
        for kind, title in kinds.items()
        for key, which in (("one", "one in the middle"), ("all", "of all samples"))
    }


# -- files and functions -----------------------------------------------------------------------------------------------


def lengths(tree: Path) -> dict[str, str]:
    functions = [
        node.end_lineno - node.lineno + 1
        for path in python_files(tree, *PRODUCT)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    ]
    files = {path: len(path.read_text().splitlines()) for path in python_files(tree, *WITH_TOOLS)}
    longest_tenth = quantiles(functions, n=10, method="inclusive")[-1]
    return {
        f"files over {MOST_LINES} lines": str(sum(count > MOST_LINES for count in files.values())),
        "longest file": str(max(files.values())),
        "functions": f"{len(functions):,}",
        "lines of a function: median / p90 / max": f"{median(functions):.0f} / {longest_tenth:.0f} / {max(functions)}",
    }


def python_files(tree: Path, *folders: str) -> Iterator[Path]:
    """Migrations are as Django wrote them."""
    for folder in folders:
        for path in sorted((tree / folder).rglob("*.py")):
            if not {"migrations", "node_modules"} & set(path.parts):
                yield path


def type_errors(tree: Path) -> str:
    """With this tree's configuration, whatever that of the commit is."""
    command = [*("-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--no-error-summary")]
    text = run(tree, *command, "--cache-dir", os.devnull, check=False)
    return str(sum(": error: " in line for line in text.splitlines()))


# -- markup, definitions, samples --------------------------------------------------------------------------------------


def markup(tree: Path) -> dict[str, str]:
    calls = [
        node
        for path in python_files(tree, *PRODUCT)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and name_of(node.func) in ("mark_safe", "SafeString", "Markup")
    ]
    lines = [
        line for path in (tree / "templates").rglob("*") if path.is_file() for line in path.read_text().splitlines()
    ]
    return {
        "calls of mark_safe, SafeString, Markup": str(len(calls)),
        f"template lines over {MOST_COLUMNS}": f"{sum(len(line) > MOST_COLUMNS for line in lines)} of {len(lines):,}",
        "longest template line": str(max(map(len, lines))),
        "<svg in templates": str(sum(line.count("<svg") for line in lines)),
    }


def name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def definitions(tree: Path) -> dict[str, str]:
    api = list(python_files(tree, "sessions_app/api"))
    samples = tree / "sessions_app" / "samples"
    data = [path for path in samples.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    defining = [path for path in api if API_DEFINITIONS.search(str(path.relative_to(tree)))]
    return {
        "lines of API definitions": f"{lines_of(defining):,}",
        "lines of sessions_app/api": f"{lines_of(api):,}",
        "lines of Python of samples": f"{lines_of(python_files(tree, 'sessions_app/samples')):,}",
        "data files of samples": str(len(data)),
        "lines of Python of the product": f"{lines_of(python_files(tree, *PRODUCT)):,}",
    }


def lines_of(paths: Iterator[Path] | list[Path]) -> int:
    return sum(len(path.read_text().splitlines()) for path in paths)


def run(tree: Path, *arguments: str, check: bool = True) -> str:
    """Python with this environment's packages and the tree's code; -P, so that this folder is not looked at."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LOGSUI", "DJANGO"))}
    environment |= {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-P", *arguments], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        sys.exit(f"{' '.join(arguments)} in {tree}:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
