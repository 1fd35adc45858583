"""Settings from environment variables. An invalid value aborts startup with a message that names it."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

UNITS = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True)
class Setting:
    """A variable that was read, with its default as docs/settings.md shows it."""

    name: str
    default: str


# All variables read so far, by name. A test compares them with docs/settings.md.
SETTINGS: dict[str, Setting] = {}


def text(name: str, default: str) -> str:
    return _read(name, default).strip()


def secret(name: str) -> str:
    """A secret. It has no default, and its value never appears in a message."""
    return _read(name, "")


def integer(name: str, default: int, *, minimum: int = 0, maximum: int = 2**31 - 1) -> int:
    value = _read(name, str(default)).strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        raise refuse(name, value, "a whole number")
    if not minimum <= int(value) <= maximum:
        raise refuse(name, value, f"a whole number from {minimum} to {maximum}")
    return int(value)


def size(name: str, default: str, *, minimum: int = 1) -> int:
    """A number of bytes: `67108864`, or with a unit `64 MiB`."""
    value = _read(name, default).strip()
    match = re.fullmatch(r"([0-9]{1,18})\s*([A-Za-z]{0,3})", value)
    if match is None or match[2].lower() not in UNITS:
        raise refuse(name, value, "a number of bytes such as 67108864, 64 MiB or 2 GiB")
    number_of_bytes = int(match[1]) * UNITS[match[2].lower()]
    if number_of_bytes < minimum:
        raise refuse(name, value, f"at least {minimum} bytes")
    return number_of_bytes


def boolean(name: str, default: bool) -> bool:
    value = _read(name, "true" if default else "false").strip().lower()
    if value not in TRUE | FALSE:
        raise refuse(name, value, "true or false")
    return value in TRUE


def choice(name: str, default: str, choices: Iterable[str]) -> str:
    allowed = list(choices)
    value = _read(name, default).strip()
    if value not in allowed:
        raise refuse(name, value, "one of " + ", ".join(allowed))
    return value


def names(name: str, default: Iterable[str]) -> list[str]:
    """A comma-separated list: `one, two`."""
    return [part.strip() for part in _read(name, ", ".join(default)).split(",") if part.strip()]


def directory(name: str, default: str, *, base: Path) -> Path:
    """An absolute folder. A relative value starts at `base`; `~` is the home directory."""
    value = _read(name, default).strip()
    if not value or "\0" in value:
        raise refuse(name, value, "a folder")
    path = (base / Path(value).expanduser()).resolve()
    if path.exists() and not path.is_dir():
        raise refuse(name, value, "a folder, not a file")
    return path


def refuse(name: str, value: str, expected: str) -> ImproperlyConfigured:
    """The error for an invalid value. Secrets are never passed here."""
    return ImproperlyConfigured(f"{name} is {value[:200]!r}, expected {expected}. See docs/settings.md.")


def _read(name: str, default: str) -> str:
    SETTINGS[name] = Setting(name, default)
    # An empty value counts as unset: `PORT= make run` and an empty line in a compose file mean the default.
    return os.environ.get(name) or default
