"""How pages write amounts, times and names. No database."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone

from sessions_app.pages.html import formats, times


def plain(text: str) -> str:
    return text.replace(formats.NARROW_SPACE, " ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.62, "620 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (6.4, "6.4 s"),
        (49, "49.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 m 00 s"),
        (84, "1 m 24 s"),
        (3599.6, "1 h 00 m"),
        (7500, "2 h 05 m"),
        (86_400, "24 h 00 m"),
        (200_000, "2 d 08 h"),
        (86_400 * 99.9, "99 d 22 h"),
        (86_400 * 219.6, "220 d"),
        (86_400 * 40_000, "40,000 d"),
        (-1, "–"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert plain(formats.duration(timedelta(seconds=seconds))) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "–"),
        (0, "0"),
        (842, "842"),
        (999, "999"),
        (1_000, "1.0k"),
        (12_400, "12.4k"),
        (99_949, "99.9k"),
        (99_951, "100k"),
        (228_000, "228k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (1_240_000, "1.24M"),
        (1_500_000_000, "1.50B"),
        (2**53, "9.01e+15"),
    ],
)
def test_tokens(count: int | None, text: str) -> None:
    assert formats.tokens(count) == text


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        ("0", "$0"),
        ("0.00038", "$0.00038"),
        ("0.0054", "$0.0054"),
        ("0.047", "$0.047"),
        ("0.0996", "$0.100"),
        ("0.09949", "$0.099"),
        ("0.258", "$0.258"),
        ("0.9996", "$1.00"),
        ("1.44", "$1.44"),
        ("999.994", "$999.99"),
        ("999.996", "$1,000"),
        ("1204", "$1,204"),
        ("0.0000001", "<$0.000001"),
        ("1e12", "$1e+12"),
        ("-0.5", "-$0.500"),
        ("NaN", "–"),
    ],
)
def test_costs(dollars: str, text: str) -> None:
    assert formats.cost(Decimal(dollars)) == text


def test_unknown_cost_is_never_zero() -> None:
    assert formats.cost(None) == "–"


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "–"), (96, "96 B"), (1_400, "1.4 kB"), (228_000, "228 kB"), (1_240_000, "1.24 MB"), (5 * 10**9, "5.00 GB")],
)
def test_sizes(count: int | None, text: str) -> None:
    assert plain(formats.size(count)) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(1, 3, "33 %"), (1, 1000, "<1 %"), (999, 1000, ">99 %"), (0, 0, "–")]
)
def test_shares(part: int, whole: int, text: str) -> None:
    assert plain(formats.share(part, whole)) == text


@pytest.mark.parametrize(
    ("back", "pattern"),
    [
        (timedelta(seconds=-30), "now"),
        (timedelta(seconds=2), "now"),
        (timedelta(seconds=38.5), "38 s ago"),
        (timedelta(minutes=4.5), "4 m ago"),
        (timedelta(hours=23.5), "23 h ago"),
        (timedelta(hours=25), r"\d+ [A-Z][a-z]{2}( \d{4})?"),
        (timedelta(days=-2), r"\d+ [A-Z][a-z]{2}( \d{4})?"),
        (timedelta(days=800), r"\d+ [A-Z][a-z]{2} \d{4}"),
    ],
)
def test_how_long_ago(back: timedelta, pattern: str) -> None:
    assert re.fullmatch(pattern, plain(formats.ago(timezone.now() - back)))


def test_times_are_in_the_viewers_zone() -> None:
    moment = datetime(2025, 11, 18, 12, 4, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Helsinki")):
        assert formats.stamp(moment) == "Tue 18 Nov 2025, 14:04:30 UTC+2"
        assert formats.clock(moment) == "14:04:30"
    with timezone.override(ZoneInfo("Asia/Kathmandu")):
        assert formats.stamp(moment).endswith("UTC+5:45")
    with timezone.override(ZoneInfo("America/St_Johns")):
        assert formats.stamp(moment).endswith("UTC-3:30")


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_the_ends_of_the_calendar_can_be_written(zone: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        assert "Jan 1," in formats.stamp(datetime.min.replace(tzinfo=UTC))
        assert "Dec 9999" in formats.stamp(datetime.max.replace(tzinfo=UTC))
        assert times.time_ago(datetime.max.replace(tzinfo=UTC)).startswith("<time")


def test_time_elements_say_the_exact_time() -> None:
    rendered = times.time_clock(datetime(2025, 11, 18, 12, 4, 30, tzinfo=UTC))
    assert rendered == (
        '<time datetime="2025-11-18T12:04:30+00:00" title="Tue 18 Nov 2025, 12:04:30 UTC">12:04:30</time>'
    )
    assert times.time_ago(None) == "–"


def test_model_has_the_same_mark_everywhere() -> None:
    marks = {formats.hue(f"model-{number}") for number in range(200)}
    assert len(marks) == 16
    assert all(re.fullmatch(r'data-hue="[1-8]"( data-ring)?', mark) for mark in marks)
    assert formats.hue("gpt-4o") == formats.hue("gpt-4o")
    assert formats.hue("") == ""


def test_common_models_differ() -> None:
    names = [
        *("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-5", "gpt-5-mini", "o3", "o4-mini"),
        *("claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-1", "gemini-2.5-pro", "gemini-2.5-flash"),
        "text-embedding-3-small",
    ]
    assert len({formats.hue(name) for name in names}) == len(names)


def test_hostile_names_reach_no_attribute() -> None:
    assert re.fullmatch(r'data-hue="\d"( data-ring)?', formats.hue('" onload="x'))
    page = Template("{% load format %}{{ name|initials }}").render(Context({"name": "<b"}))
    assert page == "B"


@pytest.mark.parametrize(
    ("name", "text"), [("alice.moreau", "AM"), ("Alice B Moreau", "AB"), ("alice", "AL"), ("!", "")]
)
def test_initials(name: str, text: str) -> None:
    assert formats.initials(name) == text


def test_names_break_after_separators() -> None:
    assert formats.breakable("a/b-c.d@e_f:g") == "a/<wbr>b-<wbr>c.<wbr>d@<wbr>e_<wbr>f:<wbr>g"
    assert formats.breakable("<b>/x--y/") == "&lt;b&gt;/<wbr>x--<wbr>y/"
