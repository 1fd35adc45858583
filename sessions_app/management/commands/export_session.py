"""`manage.py export_session SESSION`: one session as a file."""

from __future__ import annotations

import sys
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from logsui.launcher.listener import browser_url
from sessions_app.exports.formats import DEFAULT, FORMATS
from sessions_app.exports.session import ExportedSession
from sessions_app.management.arguments import MOST_SHOWN_CHARS, find_project
from sessions_app.models import Project, Session
from sessions_app.queries.lookup import follow_session


class Command(BaseCommand):
    help = "Write one session, whole: as JSON, JSON lines (which import_logs reads), Markdown, CSV or a web page."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("session", metavar="SESSION", help="its id, or the id by which its caller names it")
        parser.add_argument("--project", default="default", help="slug of the project (default: default)")
        parser.add_argument("--format", choices=tuple(FORMATS), default=DEFAULT, help=f"(default: {DEFAULT})")
        parser.add_argument("--output", default="-", metavar="FILE", help="default: standard output")
        parser.add_argument("--url", default="", help="where logsui is, for links (default: HOST and PORT)")

    def handle(self, *args: Any, session: str, project: str, format: str, output: str, url: str, **_: Any) -> None:
        found = find_project(project)
        origin = url.rstrip("/") or browser_url(settings.LOGSUI_HOST, settings.LOGSUI_PORT)
        exported = ExportedSession(find_session(found, session), found, origin)
        with written_whole(output) as file:
            for piece in FORMATS[format].write(exported):
                file.write(piece)


def find_session(project: Project, named: str) -> Session:
    """By its id, also a former one, else by its caller's key."""
    try:
        session = follow_session(uuid.UUID(named), project.pk)
    except ValueError:
        session = None
    if session is None and "\0" not in named:
        session = Session.objects.filter(project_id=project.pk, session_key=named).first()
    if session is None:
        raise CommandError(f"The project {project.slug} has no session {named[:MOST_SHOWN_CHARS]!r}.")
    return session


@contextmanager
def written_whole(name: str) -> Iterator[BinaryIO]:
    """A file to write, which has its name only when all of it is there."""
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = Path(f"{name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(name)
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)
