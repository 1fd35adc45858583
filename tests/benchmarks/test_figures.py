"""How figures are judged and written."""

from __future__ import annotations

import json

import pytest

from benchmarks.report import Figure, Report, line, number


@pytest.mark.parametrize(
    ("value", "most", "least", "expected"),
    [(5, 6, None, True), (6, 6, None, True), (7, 6, None, False), (2, None, 2, True), (1.9, None, 2, False)],
)
def test_targets(value: float, most: float | None, least: float | None, expected: bool) -> None:
    assert Figure("area", "name", value, "ms", most=most, least=least).is_met is expected


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    figure = Figure("area", "name", None, "ms", most=6)
    assert figure.is_met is None
    assert "not measured" in line(figure)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567.8, "1,234,568"), (123.45, "123"), (12.345, "12.3"), (1.2345, "1.23"), (0.012345, "0.0123"), (6, "6")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_report_counts_met_targets_and_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(facts={"cores": 2})
    report.add(Figure("Area", "good", 1, "ms", most=2), Figure("Area", "bad", 3, "ms", most=2))
    report.add(Figure("Area", "free", 3, "ms"))
    assert report.summary() == "1 of 2 targets met"
    assert "NOT MET" in capsys.readouterr().out
    stored = json.loads(report.as_json())
    assert [figure["is_met"] for figure in stored["figures"]] == [True, False, None]
