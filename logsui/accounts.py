"""The account PostgreSQL runs as when we are root, which it refuses to run as."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

NAME = "logsui"
# An access control list as Linux keeps it: a version, then (tag, permissions, id) for each entry.
ACL, ACL_VERSION, ACL_ENTRY = "system.posix_acl_access", struct.pack("<I", 2), struct.Struct("<HHI")
OWNER, USER, GROUP, NAMED_GROUP, MASK, OTHER, NO_ID = 1, 2, 4, 8, 16, 32, 2**32 - 1
SEARCH = 1


class AccountError(Exception):
    """There is no account for PostgreSQL; the message is for the operator."""


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def account_for(folder: Path) -> Account | None:
    """None unless we are root; then whoever owns `folder`, or the system account `logsui` for one that is not there."""
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return Account(folder.stat().st_uid, folder.stat().st_gid)
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        _create_user()
        entry = pwd.getpwnam(NAME)
    return Account(entry.pw_uid, entry.pw_gid)


def _create_user() -> None:
    if shutil.which("useradd"):
        home = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
        command = ["useradd", "--system", "--user-group", *home, NAME]
    else:  # Busybox
        command = ["adduser", "-S", "-D", "-H", NAME]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", "") or str(error)).strip()
        raise AccountError(
            f"PostgreSQL refuses to run as root, and the system user {NAME!r} for it can't be made ({reason}). "
            f"Make one, start as an ordinary user, or set DATABASE_URL to a server."
        ) from None


def popen_arguments(account: Account | None) -> dict[str, Any]:
    """Popen's arguments that change to `account`."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def open_path(folder: Path, account: Account) -> None:
    """Let `account`, and nobody else, pass through `folder` and those above it, without reading them.

    Where the file system keeps no access control lists, everybody may pass through, and a line on stderr says so.
    """
    for path in (*reversed(folder.parents), folder):
        if _can_enter(path, account):
            continue
        try:
            _grant_search(path, account.uid)
        except (OSError, AttributeError):
            path.chmod(path.stat().st_mode | 0o001)
            logger.warning("%s can now be passed through (not read) by every user; PostgreSQL needs it", path)


def _can_enter(path: Path, account: Account) -> bool:
    return (
        subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", path], capture_output=True, **popen_arguments(account)
        ).returncode
        == 0
    )


def _grant_search(path: Path, uid: int) -> None:
    """Add the right to pass through `path` for one user to its access control list."""
    entries = [entry for entry in _read_acl(path) if entry[0] != MASK and entry[::2] != (USER, uid)]
    entries.append((USER, SEARCH, uid))
    mask = 0
    for tag, permissions, _ in entries:
        if tag in (USER, GROUP, NAMED_GROUP):
            mask |= permissions
    entries.append((MASK, mask, NO_ID))
    os.setxattr(path, ACL, ACL_VERSION + b"".join(ACL_ENTRY.pack(*entry) for entry in sorted(entries, key=_order)))


def _order(entry: tuple[int, int, int]) -> tuple[int, int]:
    return entry[0], entry[2]


def _read_acl(path: Path) -> list[tuple[int, int, int]]:
    try:
        return list(ACL_ENTRY.iter_unpack(os.getxattr(path, ACL)[len(ACL_VERSION) :]))
    except OSError:
        mode = path.stat().st_mode
        return [(OWNER, mode >> 6 & 7, NO_ID), (GROUP, mode >> 3 & 7, NO_ID), (OTHER, mode & 7, NO_ID)]
