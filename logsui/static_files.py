"""Collects and compresses static files if they changed since the last start."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect() -> bool:
    """Fill STATIC_ROOT. True if anything had to be done."""
    stamp = Path(settings.STATIC_ROOT) / ".fingerprint"
    current = fingerprint()
    if stamp.exists() and stamp.read_text() == current and is_readable(stamp.parent):
        return False
    # Readable for the web server, which may run as another user. They contain no secrets.
    before = os.umask(0o022)
    try:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(current)
        for folder in (stamp.parent, *stamp.parent.rglob("*/")):
            folder.chmod(0o755)
    finally:
        os.umask(before)
    return True


def is_readable(folder: Path) -> bool:
    """Whether other users can read the collected files."""
    return all(path.stat().st_mode & 0o004 for path in (folder, *folder.rglob("*")))


def fingerprint() -> str:
    """Changes with the path, size or time of any file, and with the versions of Django and WhiteNoise."""
    digest = hashlib.sha256(f"{django.__version__} {version('whitenoise')}\n".encode())
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda found: found[0]):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
