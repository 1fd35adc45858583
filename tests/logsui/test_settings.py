"""Settings: docs/settings.md lists each with its default, and invalid values are refused by name."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from logsui import env, secret_key

ROW = re.compile(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\|", re.MULTILINE)


def documented() -> dict[str, str]:
    return dict(ROW.findall((settings.BASE_DIR / "docs" / "settings.md").read_text()))


def test_every_setting_is_documented_with_its_default() -> None:
    assert documented() == {setting.name: setting.default for setting in env.SETTINGS.values()}


def start_with(tmp_path: Path, **variables: str) -> str:
    """What a start says with these variables; empty when it accepts them."""
    environment = {"PATH": os.environ["PATH"], "LOGSUI_DATA_DIR": str(tmp_path / "data")} | variables
    code = "from logsui import settings"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


def test_defaults_are_accepted(tmp_path: Path) -> None:
    assert start_with(tmp_path) == ""


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "eighty", "a whole number"),
        ("PORT", "70000", "from 1 to 65535"),
        ("LOGSUI_MAX_BODY_BYTES", "lots", "64 MiB"),
        ("LOGSUI_MAX_BODY_BYTES", "1", "at least 1024 bytes"),
        ("LOGSUI_HTTPS", "maybe", "true or false"),
        ("LOGSUI_LOG_LEVEL", "LOUD", "one of DEBUG, INFO"),
        ("LOGSUI_DATA_DIR", "/dev/null", "not a file"),
        ("DATABASE_URL", "mysql://x", "postgresql://"),
    ],
)
def test_invalid_value_aborts_startup(tmp_path: Path, name: str, value: str, expected: str) -> None:
    message = start_with(tmp_path, **{name: value}).splitlines()[-1]
    assert name in message
    assert expected in message


@pytest.mark.parametrize(
    ("text", "size"),
    [("1024", 1024), ("64 MiB", 64 * 2**20), ("64mib", 64 * 2**20), ("2GB", 2 * 10**9), ("5 b", 5)],
)
def test_sizes(monkeypatch: pytest.MonkeyPatch, text: str, size: int) -> None:
    monkeypatch.setattr(env, "SETTINGS", {})
    monkeypatch.setenv("LOGSUI_X", text)
    assert env.size("LOGSUI_X", "1 GiB") == size


@pytest.mark.parametrize("text", ["-1", "1.5 MiB", "MiB", "1 TiB2", "٣", "9" * 30])
def test_odd_sizes(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(env, "SETTINGS", {})
    monkeypatch.setenv("LOGSUI_X", text)
    with pytest.raises(ImproperlyConfigured, match="LOGSUI_X"):
        env.size("LOGSUI_X", "1 GiB")


def test_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "SETTINGS", {})
    monkeypatch.setenv("LOGSUI_X", "")
    assert env.integer("LOGSUI_X", 7) == 7


def test_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "SETTINGS", {})
    monkeypatch.setenv("LOGSUI_X", "a.example , .b.example,")
    assert env.names("LOGSUI_X", []) == ["a.example", ".b.example"]


def test_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    key = secret_key.load_or_create(folder)
    assert len(key) > 50
    assert secret_key.load_or_create(folder) == key
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_secret_key_cut_short_by_a_crash_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    assert len(secret_key.load_or_create(tmp_path)) > 50


def test_data_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="LOGSUI_DATA_DIR"):
        secret_key.load_or_create(tmp_path / "file" / "inside")
