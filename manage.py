#!/usr/bin/env python
"""The command line of logsui: `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logsui.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        sys.exit(f"The database cannot be used: {error}\n{hint()}")
    except KeyboardInterrupt:
        # Ctrl-C: all commands may be interrupted and begun again. A shell expects this status.
        print("\nInterrupted.", file=sys.stderr)  # noqa: T201
        sys.exit(130)


def hint() -> str:
    from django.conf import settings

    if settings.LOGSUI_DATABASE_URL:
        return "DATABASE_URL sets the server."
    return f"The embedded PostgreSQL runs only while `make run` does. Its data folder is {settings.LOGSUI_DATA_DIR}."


if __name__ == "__main__":
    main()
