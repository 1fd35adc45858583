"""The filters of the session list, read from and written to addresses. No database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from sessions_app.queries.filters import MAX_TEXT_CHARS, MAX_VALUES, FilterError, SessionFilters, parse_filters, words
from sessions_app.search_language import parse as parse_query
from tests.factories import filters_for

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


def parse(query: str, **kwargs: object) -> SessionFilters:
    return parse_filters(QueryDict(query), **kwargs).checked()  # type: ignore[arg-type]


def refused(query: str) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse(query)
    return caught.value


def test_it_works() -> None:
    filters = parse(
        "q=+a+robot+&model=gpt-4o&model=o3&status=error&user=al&tag=ci&source=litellm&trace_id=t-1&rule=own"
    )
    assert filters == filters_for(
        text="a robot",
        trace_id="t-1",
        statuses=("error",),
        models=("gpt-4o", "o3"),
        users=("al",),
        tags=("ci",),
        sources=("litellm",),
        rules=("own",),
    )


def test_unknown_rule_is_refused_and_known_ones_named() -> None:
    error = refused("rule=own&rule=magic")
    assert error.field == "rule"
    assert "previous_response_id" in error.message
    assert "'magic'" in error.message


def test_an_id_is_taken_exactly_as_it_is_written() -> None:
    assert parse("trace_id=+lead%0A&q=+word+") == filters_for(trace_id=" lead\n", text="word")


def test_nothing_is_set_by_an_empty_form() -> None:
    assert parse("q=&range=&from=&to=&model=").is_empty()


def test_range_ends_now() -> None:
    assert parse("range=24h", now=NOW) == filters_for(range="24h", since=NOW - timedelta(days=1), now=NOW)


def test_preset_wins_over_the_fields_of_a_custom_range() -> None:
    assert parse("range=1h&from=2020-01-01", now=NOW).since == NOW - timedelta(hours=1)


def test_any_time_drops_the_fields_of_a_custom_range() -> None:
    assert parse("range=any&from=2020-01-01&to=x").is_empty()


def test_custom_range_of_the_button_wins_over_the_radio() -> None:
    assert parse("range=1h&from=2020-01-01&range=custom", now=NOW).since == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2026-01-31T14:00:00Z", datetime(2026, 1, 31, 14, tzinfo=UTC)),
        ("2026-01-31T14:00:00%2B02:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T14:00:00+02:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),  # the plus arrives as a space
        ("2026-01-31T14:00", datetime(2026, 1, 31, 13, tzinfo=UTC)),  # without an offset: the viewer's zone
        ("2026-01-31 14:00", datetime(2026, 1, 31, 13, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 30, 23, tzinfo=UTC)),
        ("1769868000", datetime(2026, 1, 31, 14, tzinfo=UTC)),
        ("1769868000.25", datetime(2026, 1, 31, 14, 0, 0, 250000, tzinfo=UTC)),
    ],
)
def test_times_are_read(text: str, since: datetime) -> None:
    assert parse(f"from={text}", zone=ZoneInfo("Europe/Berlin")).since == since


def test_to_a_day_means_to_its_end() -> None:
    assert parse("to=2026-01-31").until == datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert parse("to=2026-01-31T14:05").until == datetime(2026, 1, 31, 14, 5, 59, 999999, tzinfo=UTC)
    assert parse("to=2026-01-31T14:05:00Z").until == datetime(2026, 1, 31, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["soon", "2026-13-01", "999999999999", "0000-00-00", "1e9", "9999-12-31T23:59:59-14:00"]
)
def test_time_that_is_none_names_its_field(text: str) -> None:
    assert refused(f"from={text}").field == "from"
    assert refused(f"to={text}").field == "to"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("range=fortnight", "range"),
        ("status=late", "status"),
        ("from=2026-02-01&to=2026-01-01", "from"),
        (f"q={'x' * (MAX_TEXT_CHARS + 1)}", "q"),
        (f"trace_id={'x' * (MAX_TEXT_CHARS + 1)}", "trace_id"),
        ("&".join(f"tag={number}" for number in range(MAX_VALUES + 1)), "tag"),
    ],
)
def test_what_can_not_be_understood_is_named(query: str, field: str) -> None:
    error = refused(query)
    assert error.field == field
    assert str(error).startswith(field) or field == "q"


def test_the_good_filters_beside_a_bad_one_are_kept() -> None:
    parsed = parse_filters(QueryDict("status=late&model=gpt-4o&from=soon"))
    assert parsed.filters == filters_for(models=("gpt-4o",))
    assert [error.field for error in parsed.errors] == ["status", "from"]


def test_success_is_another_word_for_ok() -> None:
    assert parse("status=success&status=ok").query.values_of("status") == ("ok",)


def test_values_are_what_the_database_can_hold() -> None:
    assert parse("tag=a%00b").query.values_of("tag") == ("a\ufffdb",)


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("", ""),
        ("?q=a+robot&model=gpt-4o&model=o3", "?q=a+robot+model%3Agpt-4o%2Co3"),
        ("?q=%C3%A9&user=a%2Cb", "?q=%C3%A9+user%3A%22a%2Cb%22"),
        ("?range=7d&status=error", "?q=status%3Aerror&range=7d"),
        (
            "?from=2026-01-31T12%3A00%3A00%2B00%3A00&to=2026-02-01T12%3A00%3A00%2B00%3A00&tag=a",
            "?q=tag%3Aa&from=2026-01-31T12%3A00%3A00%2B00%3A00&to=2026-02-01T12%3A00%3A00%2B00%3A00",
        ),
    ],
)
def test_address_says_what_was_read_from_it(query: str, address: str) -> None:
    assert parse(query[1:]).url_query() == address
    assert parse(address[1:]).parameters() == parse(query[1:]).parameters()


def test_filters_are_dropped_one_by_one() -> None:
    filters = parse("q=a&model=x&model=y&range=1h")
    assert filters.asking(filters.query.toggled("model", "x")).query.values_of("model") == ("y",)
    assert filters.without("model").query.values_of("model") == ()
    assert not filters.without("").query.texts
    assert filters.without("range").since is None
    assert filters.without("model").without("").without("range").is_empty()


def test_an_error_of_the_query_says_where() -> None:
    error = refused("q=robot+status%3Alate")
    assert (error.field, error.start, error.end) == ("q", 13, 17)
    assert "ok" in error.possible


@pytest.mark.parametrize("text", ["-5", "rob*", '"x', "model:a", "modle:a", "a -b c:d", "in:user", "\0x", "a a"])
def test_plain_words_are_printed_so_that_they_are_read_again(text: str) -> None:
    query = words(text).query
    assert not any(one.negated or one.needle.is_prefix for one in query.texts)
    assert parse_query(str(query)) == query
    assert len(query.clauses) == len(set(text.split()))
