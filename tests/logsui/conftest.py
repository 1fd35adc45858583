"""One PostgreSQL cluster with the application's tables, copied for each test that needs its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from logsui.database import create_embedded
from logsui.launcher.embedded import EmbeddedServer


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """What initdb and the migrations make. It takes as much of a processor as a server that starts on a copy."""
    folder = Path(tempfile.mkdtemp(prefix="logsui-cluster-"))
    server = EmbeddedServer(folder, durable=False)
    server.start()
    create_embedded(folder)
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"DJANGO_SETTINGS_MODULE": "logsui.settings", "LOGSUI_DATA_DIR": str(folder)}
    command = (sys.executable, "manage.py", "migrate", "--verbosity=0")
    subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True)
    server.stop(60)
    yield server.data
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def initialise(cluster: Path) -> Callable[[Path], None]:
    """Give a data folder a copy of the cluster, so that `serve` starts on it without initdb and migrations."""

    def copy(data_dir: Path) -> None:
        (data_dir / "postgres").mkdir(mode=0o700, parents=True)
        # With its owner, who is not root.
        subprocess.run(["cp", "-a", cluster, data_dir / "postgres" / "data"], check=True)

    return copy
