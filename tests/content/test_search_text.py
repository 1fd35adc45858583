"""Words as the search index sees them."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.search_text import as_vector, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("See /usr/lib/x.py, snake_case and kebab-case!", "see usr lib x py snake case and kebab case"),
        ("Straße ÉCOLE", "straße école"),
        ("日本語テキスト", "日 本 語 テ キ ス ト"),
        ("ﬁne １２３", "fine 123"),
        ("data " + "A" * 65 + " end", "data end"),
        ("مرحبا بالعالم", "مرحبا بالعالم"),
        ("\x00\ud83d", ""),
        ("", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert " ".join(words_of(text)) == words


@pytest.mark.django_db
@given(st.text(max_size=300))
def test_postgresql_reads_any_text_as_a_vector(text: str) -> None:
    words = words_of(text)
    with connection.cursor() as cursor:
        cursor.execute("SELECT length(%s::tsvector)", [as_vector(words)])
        assert cursor.fetchone() == (len(set(words)),)


@pytest.mark.django_db
def test_positions_make_phrases() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector @@ '本 <-> 語'::tsquery", [as_vector(words_of("日本語"))])
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db
def test_longest_texts_are_taken() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT length(%s::tsvector)", [as_vector([f"w{n}" for n in range(50_000)])])
        assert cursor.fetchone() == (16_383,)
