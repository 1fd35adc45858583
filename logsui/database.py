"""Where the database is: on the server in DATABASE_URL, or else embedded in the data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logsui import env
from logsui.launcher import embedded

# libpq's names of the settings for which Django has its own.
DJANGO_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def config(url: str, data_dir: Path) -> dict[str, Any]:
    """Django's database settings for `url`, a libpq URL or `key=value` string. Empty: the embedded server."""
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
    # Imported here, so that the watching process does not load libpq when the server is embedded.
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    expected = "a PostgreSQL URL such as postgresql://user:password@host:5432/logsui"
    try:
        fields = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The value may contain a password, so neither it nor libpq's message, which quotes it, is shown.
        raise env.refuse("DATABASE_URL", "(not shown)", expected) from None
    if not fields.get("dbname") and not fields.get("service"):
        raise env.refuse("DATABASE_URL", "(not shown)", expected + "; the name of the database is missing")
    return fields


def create_embedded(data_dir: Path) -> None:
    """Create the application's role and database on the running embedded server, unless they exist."""
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import make_conninfo

    role, name = sql.Identifier(embedded.ROLE), sql.Identifier(embedded.DATABASE)
    fields = embedded.connection_fields(data_dir) | {"user": embedded.SUPERUSER, "dbname": "postgres"}
    with psycopg.connect(make_conninfo(**fields, connect_timeout=10), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [embedded.ROLE]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [embedded.DATABASE]).fetchone():
            # It has the cluster's locale, builtin C.UTF-8, which no update of the C library changes.
            statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(name, role)
            connection.execute(statement)
