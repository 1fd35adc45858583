"""Evaluates how the logs of real agents form sessions, with a real LiteLLM proxy and a scripted model.

python e2e/agents [--keep FOLDER] [NAME ...]
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / name) for name in ("", "otel", "litellm")]

from evaluation import NAMES, evaluate  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, without any: {', '.join(NAMES)}")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for what was sent, said and logged; must be new")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no such agent: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, stop)  # so that the servers are stopped then, too
    folder = (options.keep or Path(tempfile.mkdtemp(prefix="eval-agents-"))).resolve()
    folder.mkdir(parents=True, exist_ok=options.keep is None)
    try:
        return evaluate(options.names or NAMES, folder)
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def stop(*_: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
