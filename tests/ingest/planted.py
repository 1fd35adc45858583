"""`manage.py digest --suspects` with a fault planted: a log with one of these words ends the process, or stops it.

A program of its own, for tests/ingest/test_suspects.py. `main` plants it into `manage.py digest`, which has suspects
digested by a sound process; `split` into what takes bodies apart.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def fail(text: bytes) -> None:
    if b"kill-it" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"crash-it" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"break-it" in text:
        raise TypeError("a fault of ours, which quotes the log")
    if b"exhaust-it" in text:
        raise MemoryError
    if b"hang-it" in text:
        time.sleep(600)


def main() -> None:
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.core.management import call_command

    from sessions_app.ingest import digest

    prepare = digest.prepare

    def planted(project_id: int, project_key: Any, record: Any, reader: Any) -> Any:
        prepared = prepare(project_id, project_key, record, reader)
        return Planted(prepared)

    class Planted:
        """A prepared log that fails when it is stored, with others of its batch."""

        def __init__(self, prepared: Any) -> None:
            object.__setattr__(self, "prepared", prepared)

        def __getattr__(self, name: str) -> Any:
            if name == "node":
                fail(self.prepared.record.document.joined())
            return getattr(self.prepared, name)

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(self.prepared, name, value)

    digest.prepare = planted
    if "split" in sys.argv:
        split = digest.inbox.Entry.take_body

        def take_body(entry: Any) -> bytes:
            body = split(entry)
            fail(body)
            return body

        digest.inbox.Entry.take_body = take_body
    call_command("digest", *([] if "main" in sys.argv else ["--suspects"]))


if __name__ == "__main__":
    main()
