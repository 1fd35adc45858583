"""`python -m benchmarks.abuse [scenario …]`: run the scenarios and print each figure with its limit."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from benchmarks.report import Report

# Modules of this package, each with `measure() -> Iterator[Figure]`.
SCENARIOS: tuple[str, ...] = ("slow_clients", "sign_in", "pages", "floods", "joining", "memory_limits", "hangs")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.abuse", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=f"some of: {', '.join(SCENARIOS)}")
    chosen = parser.parse_args().scenarios or SCENARIOS
    report = Report()
    for name in chosen:
        for figure in import_module(f"benchmarks.abuse.{name}").measure():
            report.add(figure)
    print(f"\n{report.summary()}")
    return int(any(figure.is_met is False for figure in report.figures))


if __name__ == "__main__":
    sys.exit(main())
