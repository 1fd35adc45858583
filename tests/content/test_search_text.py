"""Text as the search index sees it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content import search_text
from sessions_app.content.search_text import PREFIX_MARK, Hasher, hashes_of, normalised, terms_of, unpacked, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("See /usr/lib/x.py, snake_case and kebab-case!", "see usr lib x py snake case and kebab case"),
        ("Straße ÉCOLE", "strasse école"),
        ("re\u00adtrie\u2060val", "retrieval"),
        ("cafe\u0301", "café"),
        ("日本語テキスト", "日 本 語 テ キ ス ト"),
        ("ﬁne １２３", "fine 123"),
        ("data " + "A" * 65 + " end", "data end"),
        ("مرحبا بالعالم", "مرحبا بالعالم"),
        ("हिन्दी में", "हिन्दी में"),
        ("\x00\ud83d", ""),
        ("", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert " ".join(words_of(text)) == words


def test_terms_do_not_tell_apostrophes_apart() -> None:
    """What was indexed before they were one is found."""
    assert terms_of("can\u2019t") == terms_of("can't") == {"can", "t"}
    assert normalised("CAN\u2019T \uff07") == normalised("can't '")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The Cat, the cat", {"the", "cat"}),
        ("ｶﾞｽ", {"ガ", "ス", "ガス"}),
        ("東京都 x", {"東", "京", "都", "東京", "京都", "x"}),
        ("👍🏽", {"👍", "🏽", "👍🏽"}),
        ("A" * 70, {"a" * 64, f"{PREFIX_MARK}aaaa"}),
        ("❤\ufe0f", {"❤"}),
        ("retrieval", {"retrieval", f"{PREFIX_MARK}retr"}),
        ("user", {"user"}),
        ("", set()),
    ],
)
def test_terms(text: str, terms: set[str]) -> None:
    assert terms_of(text) == terms


def test_long_runs_of_base64_are_no_text() -> None:
    noise = "iVBORw0KGgo" + "Ab1c" * 100
    assert terms_of(f"before {noise} after") == {"before", "after", f"{PREFIX_MARK}befo", f"{PREFIX_MARK}afte"}


def test_a_long_text_without_spaces_has_all_its_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    text = ",".join(f"word{n},東京{chr(0x4E00 + n % 900)}" for n in range(2_000)) + "x" * 500
    whole = terms_of(text)
    monkeypatch.setattr(search_text, "PIECE_CHARS", 300)
    assert whole <= terms_of(text)


def test_a_long_text_has_all_its_words() -> None:
    text = " ".join(f"w{n}" for n in range(300_000))
    assert {f"w{n}" for n in range(300_000)} <= terms_of(text)


@given(st.text(max_size=300))
def test_terms_are_those_of_the_normalised_text(text: str) -> None:
    assert terms_of(text) == terms_of(normalised(text))
    assert normalised(normalised(text)) == normalised(text)


@given(st.sets(st.text(min_size=1, max_size=20), max_size=30))
def test_hashes_are_signed_sorted_and_of_their_project(terms: set[str]) -> None:
    hashes = hashes_of(terms, 1)
    assert hashes == sorted(set(hashes))
    assert all(-(2**31) <= one < 2**31 for one in hashes)
    assert not set(hashes) & set(hashes_of(terms, 2)) or not terms


@given(st.text(max_size=100), st.integers(1, 2**40), st.sampled_from([0, 5, 1_000]))
def test_a_text_is_hashed_by_its_terms(text: str, project_id: int, most: int) -> None:
    hasher = Hasher(project_id)
    search_text.MOST_WORDS, before = most, search_text.MOST_WORDS
    hasher.add_text(text)
    found = unpacked(hasher.packed())
    search_text.MOST_WORDS = before
    assert found == hashes_of(terms_of(text), project_id)
