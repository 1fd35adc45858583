"""The key that signs cookies. It is created once, in the data folder, and only its owner can read it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

NAME = "secret_key"


def load_or_create(data_dir: Path) -> str:
    """The key in `data_dir/secret_key`, created if it is missing."""
    path = data_dir / NAME
    try:
        return path.read_text().strip() or _create(path)
    except FileNotFoundError:
        return _create(path)
    except OSError as error:
        raise _unusable(path, error) from None


def _create(path: Path) -> str:
    """Two processes may start at once. The first one to place its file wins, and both use that key."""
    draft = path.with_name(f".{NAME}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            if os.geteuid() == 0:
                # When root runs a command in another user's folder, the key belongs to that user.
                os.fchown(file.fileno(), path.parent.stat().st_uid, -1)
            file.write(secrets.token_urlsafe(50))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        if path.exists() and not path.read_text().strip():
            path.unlink()
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


def _unusable(path: Path, error: OSError) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"The key that signs cookies, {path}, cannot be used: {error.strerror}. LOGSUI_DATA_DIR sets its folder."
    )
