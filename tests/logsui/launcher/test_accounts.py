"""Which account PostgreSQL gets, and what is opened for it."""

from __future__ import annotations

import errno
import os
import pwd
import stat
import subprocess
from pathlib import Path

import pytest

from logsui.launcher import accounts
from logsui.launcher.accounts import Account

NOBODY, OTHER = 65534, 65533


def can_enter(folder: Path, uid: int) -> bool:
    return subprocess.run(["ls", "-d", f"{folder}/."], user=uid, group=uid, capture_output=True).returncode == 0


def test_ordinary_user_needs_no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert accounts.account_for(tmp_path) is None


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")


@as_root
def test_root_takes_the_owner_of_what_is_there(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    assert accounts.account_for(tmp_path) == Account(NOBODY, NOBODY)


@as_root
def test_root_has_a_system_account_for_new_data(tmp_path: Path) -> None:
    account = accounts.account_for(tmp_path / "new")
    entry = pwd.getpwnam(accounts.NAME)
    assert account == Account(entry.pw_uid, entry.pw_gid)
    assert account.uid != 0


@as_root
def test_only_the_account_may_pass_through(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    closed.chmod(0o700)
    for _ in range(2):
        accounts.open_path(inner, Account(NOBODY, NOBODY))
        assert can_enter(inner, NOBODY)
        assert not can_enter(inner, OTHER)
        assert stat.S_IMODE(closed.stat().st_mode) & 0o007 == 0
    # It may pass through, not look around.
    assert subprocess.run(["ls", closed], user=NOBODY, capture_output=True).returncode != 0
    assert len(os.getxattr(closed, accounts.ACL)) == 4 + 8 * 5


@as_root
def test_without_access_control_lists_everybody_may_pass_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    accounts.open_path(closed, Account(NOBODY, NOBODY))
    assert can_enter(closed, NOBODY)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
    assert str(closed) in caplog.text


@as_root
def test_rights_of_others_stay(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    accounts.open_path(closed, Account(NOBODY, NOBODY))
    accounts.open_path(closed, Account(OTHER, OTHER))
    assert can_enter(closed, NOBODY)
    assert can_enter(closed, OTHER)
