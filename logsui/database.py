"""Where the database is: the server that DATABASE_URL names, else the embedded one of the data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from logsui import embedded, env

# Names of libpq that Django has names of its own for.
DJANGO_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def config(url: str, data_dir: Path) -> dict[str, Any]:
    """Django's entry for `url`, a libpq URL or `key=value` string; for the embedded server when it is empty."""
    fields = parse_url(url) if url else embedded.connection_fields(data_dir)
    known = {DJANGO_NAMES[name]: value for name, value in fields.items() if name in DJANGO_NAMES}
    options = {name: value for name, value in fields.items() if name not in DJANGO_NAMES}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **known,
        "OPTIONS": {"application_name": "logsui", "connect_timeout": 10} | options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def parse_url(url: str) -> dict[str, Any]:
    expected = "a PostgreSQL URL such as postgresql://user:password@host:5432/logsui"
    try:
        fields = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The value may hold a password, so that it is not repeated, nor is libpq's message, which quotes it.
        raise env.refuse("DATABASE_URL", "(not shown)", expected) from None
    if not fields.get("dbname") and not fields.get("service"):
        raise env.refuse("DATABASE_URL", "(not shown)", expected + "; the name of the database is missing")
    return fields
