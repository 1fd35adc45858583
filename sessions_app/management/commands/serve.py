"""`manage.py serve`: everything that runs logsui, in the foreground."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Run logsui (database, web server and digester) until Ctrl-C or SIGTERM."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--stop-with-parent", action="store_true", help="stop when the starting process is gone")
        parser.add_argument("--no-samples", action="store_true", help="do not load samples into project `demo`")

    def handle(self, *args: Any, stop_with_parent: bool, no_samples: bool, **options: Any) -> None:
        # Replaces this process with one that watches the others without the application, and needs half the memory.
        flags = {"--stop-with-parent": stop_with_parent, "--no-samples": no_samples}
        os.chdir(settings.BASE_DIR)
        os.execv(
            sys.executable, [sys.executable, "-m", "logsui.launcher.serve", *(flag for flag, on in flags.items() if on)]
        )
