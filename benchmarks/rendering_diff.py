"""`python -m benchmarks.rendering_diff BASE`: what a user would notice between a commit and the work tree.

Renders both with benchmarks/rendering.py, each with its own code, and prints the lines that differ. The names of static
files have a hash of their content, and revisions of sessions the time at which they were stored: both are left out, so
that a changed style sheet does not show on every page.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST_FILES, MOST_LINES, MOST_COLUMNS = 40, 12, 240
_STATIC = re.compile(r"(/static/[\w./-]*?)\.[0-9a-f]{12}(\.\w+)")
_REVISION = re.compile(r"""((?:data-revision=|"revision": )"?)\d{16}""")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
_SPACE = re.compile(r"[ \t\n]+")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rendering_diff", description=__doc__)
    parser.add_argument("base", help="a commit, or a folder that benchmarks.rendering wrote")
    parser.add_argument("--files", type=int, default=MOST_FILES, help="how many answers are shown")
    parser.add_argument("--lines", type=int, default=MOST_LINES, help="how many lines of each are shown")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logsui-rendering-") as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        with ThreadPoolExecutor() as both:
            tasks = [both.submit(render, ROOT, after)]
            if Path(options.base).is_dir():
                before = Path(options.base)
            else:
                tasks.append(both.submit(render_commit, options.base, before))
            for task in tasks:
                task.result()
        return report(texts(before), texts(after), options.files, options.lines)


def render(tree: Path, folder: Path) -> None:
    """The rendering that the code of `tree` makes, with the packages of this environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LOGSUI", "DJANGO"))}
    command = [sys.executable, "-m", "benchmarks.rendering", str(folder)]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} in {tree}:\n{done.stderr}")


def render_commit(commit: str, folder: Path) -> None:
    with checked_out(commit) as tree:
        render(tree, folder)


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A git worktree of the commit, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="logsui-base-") as folder:
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", folder, commit], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run([*git, "remove", "--force", folder], check=True)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: normalised(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def normalised(text: str) -> str:
    """Without hashes of static files, revisions, and white space that makes no difference to what is shown."""
    text = _REVISION.sub(r"\1", _STATIC.sub(r"\1\2", text))
    text = _TAG.sub(lambda tag: _SPACE.sub(" ", tag[0]).replace(" >", ">"), text)
    return "\n".join(line for line in (_SPACE.sub(" ", line).strip() for line in text.split("\n")) if line)


def report(before: dict[str, str], after: dict[str, str], most_files: int, most_lines: int) -> int:
    """Print what differs, and return 1 if anything does."""
    for what, names in (("gone", before.keys() - after.keys()), ("new", after.keys() - before.keys())):
        for line in shortened(sorted(names), most_files):
            print(f"{what}: {line}")
    changed = sorted(name for name in before.keys() & after.keys() if before[name] != after[name])
    for name in changed[:most_files]:
        print(f"\n== {name}")
        for line in shortened(list(differences(before[name], after[name])), most_lines):
            print(f"  {line[:MOST_COLUMNS]}")
    print(f"\n{len(before):,} answers before, {len(after):,} after, {len(changed):,} differ", end="")
    print(f"; the first {most_files} are shown" if len(changed) > most_files else "")
    return int(before != after)


def differences(one: str, other: str) -> Iterator[str]:
    """Removed and added lines, without what is around them."""
    lines = difflib.unified_diff(one.split("\n"), other.split("\n"), lineterm="", n=0)
    # The first two name the files.
    yield from (line for line in islice(lines, 2, None) if not line.startswith("@@"))


def shortened(lines: list[str], most: int) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"… and {len(lines) - most:,} more"]


if __name__ == "__main__":
    sys.exit(main())
