"""An installation to measure: where its folder is."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.installation import Installation


def test_processes_in_other_folders_find_its_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        folder = Installation(1, stack, Path("var/some")).folder
    monkeypatch.chdir("/")
    assert folder == tmp_path / "var/some"
