"""The search language: what is read is written so that it is read as the same; errors lie where something is wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sessions_app.content.needles import Needle
from sessions_app.search_language import Clause, Query, QueryError, Range, Text, TimeBound, Values, parse
from sessions_app.search_language.keys import CHOICES, MOMENTS, RANGES, TEXTS

# Signs that mean something, and texts that are odd.
PIECES = [
    *(
        '"',
        "\\",
        "*",
        "-",
        ":",
        ",",
        "..",
        ".",
        ">",
        "<=",
        "=",
        " ",
        "\t",
        "\u3000",
        "\0",
        "\ud800",
        "%",
        "_",
        "(",
        "/",
    ),
    *("a", "Robot", "é", "e\u0301", "東京", "👍🏽", "שלום", "١", "5", "0", "1k", "9" * 15, "ms", "d", "5s"),
    *("2026-01-31", "T14:00", "-24h", "https://x.y/z", "metadata.a.b:", "None"),
    *(f"{key}:" for key in (*TEXTS, *CHOICES, *RANGES, *MOMENTS)),
    *(value for values in CHOICES.values() for value in values),
]
some_text = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=60)


@given(some_text)
def test_any_text_is_read_or_refused_in_its_place(text: str) -> None:
    error = None
    try:
        query = parse(text)
    except QueryError as caught:
        error = caught
    if error is None:
        assert parse(str(query)) == query
    else:
        assert 0 <= error.start <= error.end <= len(text)
        assert error.message.endswith((".", "?"))


values = st.text(min_size=1, max_size=12).filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text))
values = values.filter(lambda text: "\0" not in text)
numbers = st.decimals(0, 10**15 - 1, places=3).map(Decimal.normalize)
clauses: st.SearchStrategy[Clause] = st.one_of(
    st.builds(
        Text,
        st.builds(Needle, values.map(lambda text: f"{text}x"), st.just(True), st.booleans()),
        st.booleans(),
    ),
    st.builds(
        Values,
        st.sampled_from([*TEXTS, "metadata.a", "metadata.a.b-c"]),
        st.lists(values, min_size=1, max_size=3, unique=True).map(tuple),
        st.booleans(),
    ),
    st.builds(Range, st.sampled_from(list(RANGES)), low=numbers, low_open=st.booleans(), negated=st.booleans()),
    st.builds(Range, st.sampled_from(list(RANGES)), high=numbers, high_open=st.booleans(), negated=st.booleans()),
    st.builds(lambda key, number: Range(key, number, number), st.sampled_from(list(RANGES)), numbers),
    st.builds(TimeBound, st.sampled_from(list(MOMENTS)), st.sampled_from(["2026-01-31", "-7d"]), st.booleans()),
)


@example((Values("model", ("gpt*", "*", "a**")),))
@given(st.lists(clauses, max_size=5, unique=True).map(tuple))
def test_what_is_written_is_read_as_the_same(clauses: tuple[Clause, ...]) -> None:
    assert parse(str(Query(clauses))) == Query(clauses)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b a", [Text(Needle("a")), Text(Needle("b"))]),
        ('-"a b"*', [Text(Needle("a b", True, True), True)]),
        ("rob*", [Text(Needle("rob", is_prefix=True))]),
        ('"-5"', [Text(Needle("-5", True))]),
        ("-5", [Text(Needle("5"), True)]),
        (r'"a \"b\" \\"', [Text(Needle('a "b" \\', True))]),
        ("https://a.b/c ::x Kee:y", [Text(Needle(one)) for one in ("https://a.b/c", "::x", "Kee:y")]),
        ('model:a,"b, c"', [Values("model", ("a", "b, c"))]),
        ('model:"openai/*",*', [Values("model", ("openai/*", "*"))]),
        ("-metadata.a.b:c", [Values("metadata.a.b", ("c",), True)]),
        ("status:OK source:LiteLLM", [Values("status", ("ok",)), Values("source", ("litellm",))]),
        ("status:failed,success", [Values("status", ("error", "ok"))]),
        ("tokens:>1k", [Range("tokens", low=Decimal(1000), low_open=True)]),
        ("ttft:<=200ms", [Range("ttft", high=Decimal("0.2"))]),
        ("duration:1m..5m", [Range("duration", Decimal(60), Decimal(300))]),
        ("duration:>=2w", [Range("duration", low=Decimal(1_209_600))]),
        ("after:-2w", [TimeBound("after", "-2w")]),
        ("requests:3", [Range("requests", Decimal(3), Decimal(3))]),
        ('after:"2026-01-31 14:00"', [TimeBound("after", "2026-01-31T14:00")]),
        ("-before:-24h", [TimeBound("before", "-24h", True)]),
    ],
)
def test_what_is_meant(text: str, expected: list[Clause]) -> None:
    assert list(parse(text).clauses) == expected


@pytest.mark.parametrize(
    ("text", "wrong", "possible"),
    [
        ('a "b', '"b', '"'),
        ("a modle:x", "modle:", "model"),
        ("a zzzz:x", "zzzz:", "status"),
        ("a status:ok,late", "late", "error"),
        ("cost:>x", "x", ">"),
        ("cost:1..x y", "x", "<"),
        ("cost:5..1", "5..1", None),
        ("cost:1,2", "2", None),
        ("tokens:9999999999999m", "9999999999999m", ">"),
        ("tokens:5s", "5s", ">"),
        ("after:2026-02-30 a", "2026-02-30", "-7d"),
        ("a -in:user", "-in:user", "user"),
        ("a has:branch,tool b", "has:branch,tool", None),
        ("a model: b", "", None),
        ("a model:o3,gpt* b", "gpt*", None),
        ("metadata.region:eu-*", "eu-*", None),
        ("a -> b", "->", None),
        ('a "%%" b', '"%%"', None),
        ("a" * 1_001, "a", None),
        ("model:" + ",".join("abcdefg" * 8) + " x", "model:" + ",".join("abcdefg" * 8), None),
        (" ".join(map(str, range(51))), "50", None),
    ],
)
def test_errors_lie_where_something_is_wrong(text: str, wrong: str, possible: str | None) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    error = caught.value
    assert text[error.start : error.end] == wrong
    assert possible is None or possible in error.possible


def test_a_value_of_another_key_is_said_to_be_one() -> None:
    with pytest.raises(QueryError, match="There is has:cut"):
        parse("status:cut")


@pytest.mark.parametrize("number", ["9" * 16, "1000000000000000", "9" * 40, "999999999999999." + "9" * 40])
def test_a_number_with_many_digits_is_too_large_and_not_none(number: str) -> None:
    with pytest.raises(QueryError, match="too large"):
        parse(f"cost:>{number}")
    assert str(parse("cost:>0." + "1" * 40)) == "cost:>0.111111111111"


@pytest.mark.parametrize("text", ["Model:gpt-4o", "MODEL:gpt-4o", "model:gpt-4o"])
def test_keys_have_any_case(text: str) -> None:
    assert str(parse(text)) == "model:gpt-4o"


@pytest.mark.parametrize(
    "text",
    [
        "localhost:8000",
        "db:5432/x",
        "http://x.org",
        "C:\\tmp",
        "std::vector",
        "at 12:30:00",
        "Error: not",
        "line main:42",
        "see:https://x.org",
        "proxy:localhost:8000",
        "file:C:\\tmp",
    ],
)
def test_text_with_a_colon_is_text(text: str) -> None:
    assert parse(text).texts
    assert not [clause for clause in parse(text).clauses if not isinstance(clause, Text)]


def test_a_path_in_the_metadata_keeps_its_case() -> None:
    assert str(parse("METADATA.Release.buildId:7")) == "metadata.Release.buildId:7"


def test_in_needs_words() -> None:
    with pytest.raises(QueryError) as caught:
        parse("model:o3 in:user")
    assert (caught.value.start, caught.value.end) == (9, 16)
    assert "user" in caught.value.possible
    [text] = [clause for clause in parse("in:user robot").clauses if isinstance(clause, Text)]
    assert str(parse("in:user robot").minus(text)) == ""


def test_what_is_written_longer_than_it_may_be_is_refused() -> None:
    text = "user:" + ",".join('a"b' for _ in range(1)) + " " + " ".join(f'tag:{n}\\"\\"' + '"' * 12 for n in range(30))
    try:
        written = str(parse(text))
    except QueryError:
        return
    assert str(parse(written)) == written


@pytest.mark.parametrize(("text", "place"), [("cost:>", 6), ("tokens:1..", 10), ("duration:..5s", 9)])
def test_a_number_that_is_missing_is_called_missing(text: str, place: int) -> None:
    with pytest.raises(QueryError, match="A number is missing: such as") as caught:
        parse(text)
    assert (caught.value.start, caught.value.end) == (place, place)
