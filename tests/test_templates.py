"""The files of the templates: lines that a person can read, and markup in one place."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = [path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".jinja")]
SOURCES = [path for folder in ("sessions_app", "logsui") for path in (ROOT / folder).rglob("*.py")]
MOST_CHARS = 160
# The only files that draw an icon: all others use `{% icon %}` or the component.
ICON = {"icon.jinja", "_sprite.svg"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_files_are_found() -> None:
    assert len(TEMPLATES) > 80
    assert len(SOURCES) > 150


def test_no_line_of_a_template_is_longer_than_160_characters() -> None:
    lines = [(name_of(path), number, line) for path in TEMPLATES for number, line in numbered(path)]
    assert [(name, number, len(line)) for name, number, line in lines if len(line) > MOST_CHARS] == []


def numbered(path: Path) -> list[tuple[int, str]]:
    return list(enumerate(path.read_text().splitlines(), start=1))


def test_icons_are_drawn_by_one_component() -> None:
    drawing = [path for path in (*TEMPLATES, *SOURCES) if '<use href="#i-' in path.read_text()]
    assert [name_of(path) for path in drawing if path.name not in ICON] == []


def test_the_sprite_has_each_icon_that_a_template_names_once() -> None:
    sprite = re.findall(r'id="i-([\w-]+)"', (ROOT / "templates" / "_sprite.svg").read_text())
    named = {name for path in TEMPLATES for name in re.findall(r'(?:\{% icon |\bicon\()"([\w-]+)"', path.read_text())}
    assert len(named) > 20
    assert named - set(sprite) == set()
    assert len(sprite) == len(set(sprite))
