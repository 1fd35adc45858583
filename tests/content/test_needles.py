"""What a query looks for, and where it finds itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.needles import Needle, NoWordsError, Original
from sessions_app.content.search_text import normalised, terms_of

ALPHABET = "\u00ad\ufe0fㄱㅏᆨaAbcß éÉe\u0301ﬁ１2_-.(@/ 東京ガｶﾞที่हिन्दी👍🏽مر\n\x00"


def found(text: str, needle: Needle) -> list[str]:
    original = Original(text)
    return [text[start:end] for start, end in original.spans(needle.spans(original.normal))]


def may_be_in(needle: Needle, text: str) -> bool:
    """What the index says."""
    return any(group <= terms_of(text) for group in needle.term_groups)


@pytest.mark.parametrize(
    ("text", "needle", "expected"),
    [
        ("cats and a Cat", Needle("cat"), ["Cat"]),
        ("cats and a Cat", Needle("CAT", is_prefix=True), ["cat", "Cat"]),
        ("one user", Needle("user", is_prefix=True), ["user"]),
        ("users", Needle("user", is_prefix=True), ["user"]),
        ("one x-user.", Needle("x-user"), ["x-user"]),
        ("He said: Hello,\n World!", Needle("hello world", is_phrase=True), ["Hello,\n World"]),
        ("hello there world", Needle("hello world", is_phrase=True), []),
        ("call get_weather(city)", Needle("get_weather("), ["get_weather("]),
        ("call get_weather(city)", Needle("get_wea"), ["get_wea"]),
        ("call get_weather(city)", Needle("weather"), ["weather"]),
        ("call get_weather(city)", Needle("et_weather"), []),
        ("https://api.example.com/v1/users?x=-5", Needle("example.com/v1/us"), ["example.com/v1/us"]),
        ("x=-5 and 5", Needle("-5"), ["-5"]),
        ("ぼくは東京都に", Needle("東京"), ["東京"]),
        ("ｶﾞｽ ＴＯＫＹＯ cafe\u0301", Needle("ガス"), ["ｶﾞｽ"]),
        ("ｶﾞｽ ＴＯＫＹＯ cafe\u0301", Needle("tokyo café", is_phrase=True), ["ＴＯＫＹＯ cafe\u0301"]),
        ("Die Straße", Needle("STRASSE"), ["Straße"]),
        ("100 % of it", Needle("100 %", is_phrase=True), ["100 %"]),
        ("a.*b", Needle("a.*b"), ["a.*b"]),
        ("👍🏽 great", Needle("👍"), ["👍"]),
        ("ชื่อที่นี่", Needle("ที่"), ["ที่"]),
    ],
)
def test_what_is_found(text: str, needle: Needle, expected: list[str]) -> None:
    assert found(text, needle) == expected
    assert not expected or may_be_in(needle, text)


@pytest.mark.parametrize("text", ["->", "  ", "", "\x00", "%", "\ud800"])
def test_without_a_word_nothing_can_be_found(text: str) -> None:
    with pytest.raises(NoWordsError):
        Needle(text)


@given(st.text(ALPHABET, max_size=60), st.integers(0, 60), st.integers(1, 8), st.booleans(), st.booleans())
def test_a_text_has_the_terms_of_what_is_found_in_it(
    text: str, start: int, length: int, is_phrase: bool, is_prefix: bool
) -> None:
    try:
        needle = Needle(text[start : start + length], is_phrase, is_prefix)
    except NoWordsError:
        return
    if needle.is_in(normalised(text)):
        assert may_be_in(needle, text)


@given(st.text(ALPHABET, max_size=60))
def test_places_lead_back_to_the_text(text: str) -> None:
    original = Original(text)
    for end in range(len(original.normal) + 1):
        ((first, last),) = original.spans([(0, end)])
        assert 0 <= first <= last <= len(text)
    ((first, last),) = original.spans([(0, len(original.normal))])
    assert normalised(text[first:last]) == original.normal


@given(st.text(ALPHABET, max_size=40) | st.text(max_size=20))
def test_places_in_a_text_do_not_depend_on_what_follows(text: str) -> None:
    """A text whose characters all stay one, such as plain Japanese, has an own, quick way."""
    original, longer = Original(text), Original(f"{text} Straße")
    for end in range(1, len(original.normal) + 1):
        for start in {0, end - 1}:
            assert original.spans([(start, end)]) == longer.spans([(start, end)])


@given(st.text(ALPHABET, max_size=60), st.integers(0, 60), st.integers(1, 8))
def test_what_is_found_is_what_was_asked_for(text: str, start: int, length: int) -> None:
    """The marked part of a text, normalised, has the needle's words."""
    try:
        needle = Needle(text[start : start + length])
    except NoWordsError:
        return
    for found_text in found(text, needle):
        assert needle.is_in(normalised(found_text)), (found_text, needle.normal)
