"""`manage.py import_logs FILE…`: puts logs from files into the inbox, as if a client had sent them."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from sessions_app.ingest.accept import Accepted, InboxFull, accept_body
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.management.arguments import find_project
from sessions_app.models import Project
from sessions_app.records import WireFormatError
from sessions_app.wire.files import FoundLog, decompressed, logs_of

BATCH_BYTES = 8 * 2**20
BATCH_LOGS = 500
SHOWN_PROBLEMS = 20
SECONDS_FOR_ROOM = 600
BAR_WIDTH = 30


class Command(BaseCommand):
    help = (
        "Import logs from files: a JSON array, one log, {'logs': […]}, NDJSON or an export; plain, .gz or .zst. - is "
        "standard input. Logs with a stored request id are not stored again, so an import can be repeated."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--project", default="default", help="slug of the project (default: default)")
        parser.add_argument(
            "--format",
            choices=("auto", "native", "litellm"),
            default="auto",
            help="native logs or LiteLLM payloads; auto detects it for each log (default: auto)",
        )
        parser.add_argument("--wait", action="store_true", help="digest them too, so that logsui need not be running")

    def handle(self, *args: Any, files: list[str], project: str, format: str, wait: bool, **options: Any) -> None:
        progress = ImportProgress(total_size(files), self.stderr)
        importer = Importer(find_project(project), format, progress, digests=wait)
        for name in files:
            with opened(name) as (stream, position):
                importer.import_file(name, stream, position)
        progress.end()
        self.stdout.write(f"{progress.accepted} logs accepted, {progress.rejected} rejected.")
        if progress.left_out:
            self.stdout.write(
                f"{progress.left_out} left out, which logs cannot say: steps, second reports of a call, requests "
                "without any document."
            )
        if progress.rejected:
            raise CommandError("Some logs were rejected; the others were accepted.")


def total_size(files: list[str]) -> int:
    """The size of all files in bytes. Fails before anything is read if one does not exist."""
    names = [name for name in files if name != "-"]
    for name in names:
        if not Path(name).is_file():
            raise CommandError(f"{name} is not a file.")
    return sum(Path(name).stat().st_size for name in names)


class Position:
    """How far a file has been read, compressed or not."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw = raw

    def bytes_read(self) -> int:
        return self.raw.tell() if self.raw.seekable() else 0


@contextmanager
def opened(name: str) -> Iterator[tuple[BinaryIO, Position]]:
    if name == "-":
        yield sys.stdin.buffer, Position(sys.stdin.buffer)
        return
    with open(name, "rb") as raw:
        yield decompressed(raw, Path(name).suffix), Position(raw)


@dataclass
class ImportProgress:
    """Counts what was read and accepted so far, and shows a progress bar on a terminal."""

    total_bytes: int
    out: OutputWrapper
    read_bytes: int = 0
    accepted: int = 0
    rejected: int = 0
    left_out: int = 0
    problems: list[str] = field(default_factory=list)
    started_at: float = field(default_factory=time.monotonic)

    def reject(self, place: str, message: str) -> None:
        self.rejected += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(f"{place}: {message}")

    def draw(self) -> None:
        if self.out.isatty():
            self.out.write("\r" + self.line(), ending="")
            self.out.flush()

    def line(self) -> str:
        share = min(1.0, self.read_bytes / self.total_bytes) if self.total_bytes else 0.0
        bar = ("█" * round(share * BAR_WIDTH)).ljust(BAR_WIDTH, "░")
        rate = self.accepted / max(time.monotonic() - self.started_at, 0.001)
        return f"{bar} {share:4.0%}  {self.accepted:,} logs  {rate:,.0f}/s"

    def end(self) -> None:
        """End the bar's line, then list the first rejected logs and the number of others."""
        if self.out.isatty():
            self.out.write("")
        for problem in self.problems:
            self.out.write(problem)
        if self.rejected > len(self.problems):
            self.out.write(f"and {self.rejected - len(self.problems)} more")


class Importer:
    """Splits files into bodies of at most 500 logs or about 8 MB, of one format each, and accepts them."""

    def __init__(self, project: Project, format: str, progress: ImportProgress, *, digests: bool) -> None:
        self.project = project
        self.format = format
        self.progress = progress
        self.digests = digests

    def import_file(self, name: str, stream: BinaryIO, position: Position) -> None:
        before = self.progress.read_bytes
        for batch in self.batches(name, stream):
            self.send(name, batch)
            self.progress.read_bytes = before + position.bytes_read()
            self.progress.draw()
        self.progress.read_bytes = before + position.bytes_read()

    def batches(self, name: str, stream: BinaryIO) -> Iterator[list[FoundLog]]:
        """The logs of a file, in batches of one format each. What is no log is noted, and left out."""
        batch: list[FoundLog] = []
        size = 0
        for log in logs_of(stream):
            if log.error:
                self.progress.reject(f"{name}: {log.place}", log.error)
                continue
            if log.is_left_out:
                self.progress.left_out += 1
                continue
            is_full = size + len(log.raw) > BATCH_BYTES or len(batch) == BATCH_LOGS
            if batch and (is_full or self.source(log) != self.source(batch[0])):
                yield batch
                batch, size = [], 0
            batch.append(log)
            size += len(log.raw)
        if batch:
            yield batch

    def source(self, log: FoundLog) -> str:
        return log.source if self.format == "auto" else self.format

    def send(self, name: str, batch: list[FoundLog]) -> None:
        body = b"[" + b",".join(log.raw for log in batch) + b"]"
        try:
            accepted = self.accept(self.source(batch[0]), body)
        except WireFormatError as error:
            for log in batch:
                self.progress.reject(f"{name}: {log.place}", error.message)
            return
        self.progress.accepted += accepted.accepted
        for problem in accepted.rejected:
            self.progress.reject(f"{name}: {batch[problem['index']].place}", problem["error"]["message"])
        if self.digests:
            digest_until_empty()

    def accept(self, source: str, body: bytes) -> Accepted:
        """Put a body into the inbox. If it is full, wait, as a client would."""
        for _ in range(SECONDS_FOR_ROOM):
            try:
                return accept_body(self.project.id, source, body)
            except InboxFull:
                time.sleep(1)
        raise CommandError("The inbox is full and is not being digested. Start logsui, or use --wait.")
