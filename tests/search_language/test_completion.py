"""What the caret stands in, and what the language suggests there. `|` is the caret."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.search_language import Values, parse
from sessions_app.search_language.completion import (
    CaretPlace,
    known_values,
    place_at,
    suggested_keys,
    suggested_values,
    wants_paths,
)
from sessions_app.search_language.keys import CHOICES, EXAMPLES, KEYS, MOMENTS, RANGES, TEXTS
from tests.search_language.test_language import some_text

TODAY = date(2026, 3, 14)


def at(text: str) -> CaretPlace | None:
    return place_at(text.replace("|", ""), text.index("|"))


def replaced(text: str, written: str) -> str:
    place = at(text)
    assert place
    text = text.replace("|", "")
    return text[: place.start] + written + text[place.end :]


@pytest.mark.parametrize(
    ("text", "before", "result"),
    [
        ("|", "", "status:"),
        ("robot |", "", "robot status:"),
        ("robot | whistle", "", "robot status: whistle"),
        ("mod|", "mod", "status:"),
        ("mo|d", "mo", "status:"),
        ("-mod|", "mod", "-status:"),
        ("-|", "", "-status:"),
        ("robot -|", "", "robot -status:"),
        ("mo|del:gpt", "mo", "status:gpt"),
        ("model|:gpt x", "model", "status:gpt x"),
        ("metadata.re|", "metadata.re", "status:"),
        ('"a phrase" mod|', "mod", '"a phrase" status:'),
        ('model:"a b" us|', "us", 'model:"a b" status:'),
    ],
)
def test_a_key_is_replaced(text: str, before: str, result: str) -> None:
    place = at(text)
    assert place
    assert (place.key, place.before) == ("", before)
    assert place.negated == ("-" in text)
    assert replaced(text, "status:") == result


@pytest.mark.parametrize(
    ("text", "key", "before", "others", "result"),
    [
        ("model:|", "model", "", (), "model:V"),
        ("model:| robot", "model", "", (), "model:V robot"),
        ("model:gp|t-4o x", "model", "gp", (), "model:V x"),
        ("x -model:gpt|", "model", "gpt", (), "x -model:V"),
        ("model:a,|", "model", "", ("a",), "model:a,V"),
        ("model:a|,b", "model", "a", ("b",), "model:V,b"),
        ('user:"Ann S|', "user", "Ann S", (), "user:V"),
        ('user:"Ann| status:error', "user", "Ann", (), "user:V status:error"),
        ('user:"Ann S|mith" x', "user", "Ann S", (), "user:V x"),
        ('user:"a \\"b|\\"",c', "user", 'a "b', ("c",), "user:V,c"),
        ('user:"|', "user", "", (), "user:V"),
        ("metadata.release.name:20|", "metadata.release.name", "20", (), "metadata.release.name:V"),
        ("👍🏽 東京 model:g|", "model", "g", (), "👍🏽 東京 model:V"),
    ],
)
def test_a_value_is_replaced(text: str, key: str, before: str, others: tuple[str, ...], result: str) -> None:
    place = at(text)
    assert place
    assert (place.key, place.before, place.others) == (key, before, others)
    assert replaced(text, "V") == result


@pytest.mark.parametrize(
    "text", ['"mod|', '"a mod|" x', "https://mod|", "get_weather(mod|", "|robot", "a |robot", "unknown:mod|", "mod*|"]
)
def test_other_text_is_left_alone(text: str) -> None:
    assert at(text) is None


@given(some_text, st.integers(-2, 2_000))
def test_any_text_has_a_place_within_it(text: str, caret: int) -> None:
    place = place_at(text, caret)
    if place:
        assert 0 <= place.start <= place.end <= len(text)
        suggested_keys(place)
        suggested_values(place, {"a b": ""})


some_values = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3, unique=True).map(tuple)
clauses = st.builds(Values, st.sampled_from(sorted(TEXTS)), some_values, st.booleans())


@given(st.lists(clauses, min_size=1, max_size=3))
def test_the_last_value_of_a_query_is_what_the_parser_reads(written: list[Values]) -> None:
    text = " ".join(map(str, written))
    place = place_at(text, len(text))
    assert place
    last = written[-1]
    assert (place.key, place.before, place.others) == (last.key, last.values[-1], last.values[:-1])
    assert place.negated == last.negated


# --- what is suggested ----------------------------------------------------------------------------------------------


def written(text: str, *values: str) -> list[str]:
    place = at(text)
    assert place
    known = known_values(place.key, TODAY) if place.key else None
    found = suggested_values(place, known or dict.fromkeys(values, "")) if place.key else suggested_keys(place)
    return [one.written for one in found]


def test_keys_that_begin_so_are_suggested_with_what_they_mean() -> None:
    assert {key.removesuffix(":") for key in written("|")} == set(KEYS)
    assert written("-T|") == ["tag:", "tool:", "tokens:", "trace:", "ttft:"]
    assert "in:" in written("i|")
    assert "in:" not in written("-i|")
    [model] = suggested_keys(CaretPlace("", 0, 3, "mod"))
    assert model.means == KEYS["model"]
    assert model.goes_on


def test_paths_of_the_metadata_are_keys() -> None:
    place = at("metadata.re|")
    assert place
    assert wants_paths(place)
    paths = ["metadata.region", "metadata.a b", 'metadata.re"x', "metadata.re:x", "metadata.other"]
    assert [one.written for one in suggested_keys(place, paths)] == ["metadata.region:"]
    assert not wants_paths(CaretPlace("", 0, 8, "metadata"))


def test_values_are_found_by_their_beginning_then_by_that_of_their_words() -> None:
    values = ("anthropic/Claude-4", "claude-3", "Claude four", "not-claudette", "unclaude", "gpt")
    assert written("model:cLAUDE|", *values) == ["claude-3", '"Claude four"', "anthropic/Claude-4", "not-claudette"]
    assert written("model:ｃlaude-3|", *values) == ["claude-3"]
    assert written("model:gpt,|", "gpt", "o3") == ["o3"]
    assert written("user:|", 'a "b"', "two\nlines", "a,b", "\ud800") == ['"a \\"b\\""', '"a,b"']


@pytest.mark.parametrize(("text", "found"), [("cost:>0|", [">0.05"]), ("after:-2|", ["-24h"])])
def test_ranges_and_moments_have_examples(text: str, found: list[str]) -> None:
    assert written(text) == found


def test_what_the_parser_refuses_is_not_suggested() -> None:
    assert written("cost:>1,|") == []
    assert written("-in:|") == []
    assert "branch" in written("has:|")
    assert "branch" not in written("has:error,|")
    assert written("has:branch,|") == []
    for key in (*CHOICES, *RANGES, *MOMENTS):
        for value in written(f"{key}:|"):
            parse(f"{key}:{value} robot")
            assert key in EXAMPLES or key in CHOICES


def test_a_key_in_capitals_is_the_key() -> None:
    place = place_at("Model:o", 7)
    assert place is not None
    assert (place.key, place.before) == ("model", "o")
