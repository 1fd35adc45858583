"""The account that PostgreSQL, the web server and the digester run as when root starts them.

PostgreSQL refuses to be root, and the others have what strangers send in hand. Nothing that root reads or writes may
lie where that account can write: the data folder is root's, and only the folders of PostgreSQL in it are the account's.
A data folder that belongs to another user is different: then root becomes that user, and nothing stays root.
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
# An access control list as Linux keeps it: a version, then (tag, permissions, id) for each entry.
ACL, ACL_VERSION, ACL_ENTRY = "system.posix_acl_access", struct.pack("<I", 2), struct.Struct("<HHI")
OWNER, USER, GROUP, NAMED_GROUP, MASK, OTHER, NO_ID = 1, 2, 4, 8, 16, 32, 2**32 - 1
SEARCH = 1


class AccountError(Exception):
    """There is no account, or it can't do its work; the message is for the operator."""


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
            f"Started by root, logsui works as the system user {NAME!r}, which can't be made ({reason}). "
            f"Make one, or start as an ordinary user."
        ) from None


def popen_arguments(account: Account | None) -> dict[str, Any]:
    """Popen's arguments that change to `account`."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def environment(account: Account | None) -> dict[str, str]:
    """What names its user to a process of `account`. In root's home libpq would be refused, and stop at that."""
    if account is None:
        return {}
    try:
        entry = pwd.getpwuid(account.uid)
    except KeyError:
        return {"HOME": "/nonexistent"}
    return {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name}


def become(account: Account | None) -> None:
    """Be `account` from now on, for good. None changes nothing."""
    if account is None:
        return
    # The kernel forgets with the change of user that we want to end with our parent.
    number = processes.get_death_signal()
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    os.environ |= environment(account)
    processes.set_death_signal(number)


@contextmanager
def acting_as(account: Account | None) -> Iterator[None]:
    """Open, make and signal with the rights of `account` for a while. None changes nothing."""
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
    """Settle whose the data folder is, for root: the user whom we are to become, or None when it is root's own.

    It may have been given to somebody (`chown -R`), come as somebody's empty folder, or be one of root's that others
    may write to. As nobody but root, or as no root, does nothing.
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
            logger.warning("%s is root's alone from now on, as the database in it is", folder)
            os.fchown(descriptor, 0, -1)
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~0o022)
    finally:
        os.close(descriptor)
    return None


# What root may have left in a folder of somebody else: made by commands, or by versions that stayed root there.
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
    """A file or folder of root's, and no link: in a folder of somebody else that would be to anything."""
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
    """Let `account` run the program in `base`, of which it needs `parts`, and Python. Raises AccountError.

    Folders above them are opened to pass through; files that it can't read are left as they are, and named.
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
        f"Started by root, the web server and the digester run as another user ({_name(account)}), who can't read "
        f"{unreadable or sys.executable}. Let others read the program: `chmod -R go+rX {places}`; or start logsui as "
        f"the ordinary user whom the program belongs to."
    )


def first_unreadable(places: Iterable[Path]) -> str:
    """The first file or folder in `places` that this process can't read; empty when there is none."""
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
    """What `ask` returns in a process of `account`; a short text."""
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
            logger.warning("%s can now be passed through (not read) by every user; logsui's processes need it", path)


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
