"""The key that signs cookies: made once, kept in the data folder for its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

NAME = "secret_key"


def load_or_create(data_dir: Path) -> str:
    """The key in `data_dir/secret_key`, which is made when there is none."""
    path = data_dir / NAME
    try:
        return path.read_text().strip() or _create(path)
    except FileNotFoundError:
        return _create(path)
    except OSError as error:
        raise _unusable(path, error) from None


def _create(path: Path) -> str:
    """Two processes may start at once: the first to put its file in place wins, and both use what lies there."""
    draft = path.with_name(f".{NAME}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            if os.geteuid() == 0:
                # A command that root runs in a folder of somebody else makes the key for its owner.
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
        f"{path}, the key of the cookies, can't be used: {error.strerror}. LOGSUI_DATA_DIR names its folder."
    )
