"""The database that tests and the product run on."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from logsui.database import parse_url


@pytest.mark.django_db
def test_locale_knows_more_than_ascii() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower('É'), 'É' ILIKE 'é'")
        assert cursor.fetchone() == ("é", True)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:pass%20word@db.example:5433/logs?sslmode=require",
        "host=db.example port=5433 user=ann password='pass word' dbname=logs sslmode=require",
    ],
)
def test_both_forms_of_libpq_are_read(url: str) -> None:
    assert parse_url(url) == {
        "host": "db.example",
        "port": "5433",
        "user": "ann",
        "password": "pass word",
        "dbname": "logs",
        "sslmode": "require",
    }


@pytest.mark.parametrize("url", ["mysql://ann:hunter2@db/logs", "postgresql://ann:hunter2@db", "hunter2"])
def test_refusal_keeps_the_password_out_of_the_message(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as raised:
        parse_url(url)
    assert "hunter2" not in str(raised.value)
