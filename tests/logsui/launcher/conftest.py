"""An instance that needs neither initdb nor all migrations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def initialised(instance: Any, initialise: Callable[[Path], None]) -> None:
    """For tests that are not about the first start."""
    initialise(instance.folder)
