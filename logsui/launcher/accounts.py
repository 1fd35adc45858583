"""The account that PostgreSQL, the web server and the digester use when started as root.

PostgreSQL refuses to run as root, and the other two process untrusted data. Root must not read or write anything where
that account can write. So the data folder belongs to root, and only PostgreSQL's folders in it belong to the account.
If the data folder belongs to another user, root becomes that user, and no process stays root.
"""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logsui.launcher import processes

logger = logging.getLogger(__name__)

NAME = "logsui"
# An access control list as Linux stores it: a version, then (tag, permissions, id) for each entry.
ACL, ACL_VERSION, ACL_ENTRY = "system.posix_acl_access", struct.pack("<I", 2), struct.Struct("<HHI")
OWNER, USER, GROUP, NAMED_GROUP, MASK, OTHER, NO_ID = 1, 2, 4, 8, 16, 32, 2**32 - 1
SEARCH = 1


class AccountError(Exception):
    """There is no account, or it cannot do its work. The message is for the operator."""


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def account_for(folder: Path) -> Account | None:
    """None unless we are root. Otherwise the owner of `folder`, or the system account `logsui` if it does not exist."""
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
            f"When started as root, logsui runs as the system user {NAME!r}, which cannot be created ({reason}). "
            f"Create that user, or start logsui as an ordinary user."
        ) from None


def popen_arguments(account: Account | None) -> dict[str, Any]:
    """Arguments for Popen that switch to `account`."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def environment(account: Account | None) -> dict[str, str]:
    """Variables that tell a process of `account` its user. Without them, libpq would fail to read root's home."""
    if account is None:
        return {}
    try:
        entry = pwd.getpwuid(account.uid)
    except KeyError:
        return {"HOME": "/nonexistent"}
    return {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}


def become(account: Account | None) -> None:
    """Become `account` permanently. None changes nothing."""
    if account is None:
        return
    # When the user changes, the kernel forgets that this process should end with its parent.
    number = processes.get_death_signal()
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    os.environ |= environment(account)
    processes.set_death_signal(number)


@contextmanager
def acting_as(account: Account | None) -> Iterator[None]:
    """Use the rights of `account` inside the `with` block. None changes nothing."""
    if account is None:
        yield
        return
    groups, gid = os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


# -- whose the data folder is ----------------------------------------------------------------------------------------


def take_or_hand_over(folder: Path) -> Account | None:
    """Decide, as root, who owns the data folder: the user that we must become, or None if root keeps it.

    It may have been handed to a user (`chown -R`), be an empty folder of a user, or be root's but writable for others.
    Does nothing unless we are root.
    """
    if os.geteuid() != 0 or not folder.is_dir():
        return None
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        status = os.fstat(descriptor)
        inside = folder / "postgres"
        if status.st_uid != 0 and (not inside.exists() or inside.stat().st_uid == status.st_uid):
            account = Account(status.st_uid, status.st_gid)
            _hand_over(descriptor, account)
            return account
        if status.st_uid != 0 or status.st_mode & 0o022:
            logger.warning("%s now belongs to root only, like the database in it", folder)
            os.fchown(descriptor, 0, -1)
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~0o022)
    finally:
        os.close(descriptor)
    return None


# Files that root may have left in another user's folder, through commands or older versions.
LEFT_BY_ROOT = ("serve.lock", "processes.json", "samples_loaded", "secret_key", "static", "spool")


def _hand_over(folder: int, account: Account) -> None:
    for top, folders, files, parent in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        if top == ".":
            folders[:] = [name for name in folders if name in LEFT_BY_ROOT]
            files = [name for name in files if name in LEFT_BY_ROOT]
        for name in (*folders, *files):
            with suppress(OSError):
                _give(name, parent, account)


def _give(name: str, parent: int, account: Account) -> None:
    """Only a file or folder of root, never a link: in another user's folder, a link could lead anywhere."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
    try:
        status = os.fstat(descriptor)
        alone = stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1)
        if status.st_uid == 0 and alone:
            os.fchown(descriptor, account.uid, account.gid)
    finally:
        os.close(descriptor)


# -- what the account can reach --------------------------------------------------------------------------------------


def open_program(account: Account, base: Path, parts: Iterable[str]) -> None:
    """Let `account` run Python and the program in `base`, of which it needs `parts`. Raises AccountError.

    It gets the right to pass through the folders above them. Files that it cannot read are not changed, but reported.
    """
    libraries = [Path(path) for path in sys.path if path and Path(path).is_dir() and Path(path) != base]
    for folder in (base, Path(sys.executable).parent, Path(sys.executable).resolve().parent, *libraries):
        open_path(folder.resolve(), account)
    packages = [folder for folder in libraries if folder.is_relative_to(sys.prefix)]
    unreadable = as_account(account, lambda: first_unreadable([*(base / part for part in parts), *packages]))
    if not unreadable and _runs_python(account):
        return
    virtual = [sys.prefix] if sys.prefix != sys.base_prefix else []
    places = " ".join([*(str(base / part) for part in parts), *virtual])
    raise AccountError(
        f"When started as root, the web server and the digester run as the user {_name(account)}, who cannot read "
        f"{unreadable or sys.executable}. Make the program readable: `chmod -R go+rX {places}`. Or start logsui as the "
        f"user that owns the program."
    )


def first_unreadable(places: Iterable[Path]) -> str:
    """The first file or folder in `places` that this process cannot read; "" if there is none."""
    for place in places:
        if not os.access(place, os.R_OK | (os.X_OK if place.is_dir() else 0)):
            return str(place)
        for folder, folders, files in os.walk(place):
            if "__pycache__" in folders:
                folders.remove("__pycache__")
            for name in folders:
                if not os.access(f"{folder}/{name}", os.R_OK | os.X_OK):
                    return f"{folder}/{name}"
            for name in files:
                if not os.access(f"{folder}/{name}", os.R_OK):
                    return f"{folder}/{name}"
    return ""


def as_account(account: Account, ask: Callable[[], str]) -> str:
    """The short text that `ask` returns when it runs in a process of `account`."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            become(account)
            os.write(writer, os.fsencode(ask())[:4000])
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        answer = file.read()
    os.waitpid(pid, 0)
    return os.fsdecode(answer)


def _runs_python(account: Account) -> bool:
    try:
        command = [sys.executable, "-c", ""]
        return subprocess.run(command, capture_output=True, **popen_arguments(account)).returncode == 0
    except OSError:
        return False


def _name(account: Account) -> str:
    return environment(account).get("USER", str(account.uid))


def open_path(folder: Path, account: Account) -> None:
    """Let only `account` pass through `folder` and the folders above it, without listing them.

    If the file system has no access control lists, every user may pass through, and a warning says so.
    """
    for path in (*reversed(folder.parents), folder):
        if _can_enter(path, account):
            continue
        try:
            _grant_search(path, account.uid)
        except (OSError, AttributeError):
            path.chmod(path.stat().st_mode | 0o001)
            logger.warning("Every user can now pass through %s, but not list it: logsui's processes need that", path)


def _can_enter(path: Path, account: Account) -> bool:
    return (
        subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", path], capture_output=True, **popen_arguments(account)
        ).returncode
        == 0
    )


def _grant_search(path: Path, uid: int) -> None:
    """Give one user the right to pass through `path`, in its access control list."""
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
