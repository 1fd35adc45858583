"""The figures of a run with their targets, as a table and as JSON."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured value. `most` or `least` is its target; `note` explains it."""

    area: str
    name: str
    value: float | None
    unit: str
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """None without a target or a value."""
        if self.value is None or (self.most is None and self.least is None):
            return None
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    @property
    def target(self) -> str:
        if self.most is not None:
            return f"at most {number(self.most)}"
        return f"at least {number(self.least)}" if self.least is not None else ""


@dataclass
class Report:
    """What was measured, and on which machine. Figures are printed when they are added."""

    facts: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)

    def add(self, *figures: Figure) -> None:
        for figure in figures:
            if not self.figures or self.figures[-1].area != figure.area:
                print(f"\n{figure.area}")
            self.figures.append(figure)
            print(line(figure), flush=True)

    def as_json(self) -> str:
        rows = [asdict(figure) | {"is_met": figure.is_met} for figure in self.figures]
        return json.dumps({"facts": self.facts, "figures": rows}, indent=2)

    def summary(self) -> str:
        judged = [figure.is_met for figure in self.figures if figure.is_met is not None]
        return f"{sum(judged)} of {len(judged)} targets met"


def line(figure: Figure) -> str:
    value = "not measured" if figure.value is None else f"{number(figure.value)} {figure.unit}"
    verdict = {True: "met", False: "NOT MET", None: ""}[figure.is_met]
    columns = f"  {figure.name:<50} {value:>18}  {figure.target:<16} {verdict:<8} {figure.note}"
    return columns.rstrip()


def number(value: float | None) -> str:
    """A number with three significant digits and thousands separators."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 or value == int(value) else 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{digits}f}"


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
