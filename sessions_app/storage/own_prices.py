"""The prices that a project set for itself, as they are in the database now."""

from __future__ import annotations

from decimal import Decimal

from sessions_app.models import ModelPrice
from sessions_app.pricing.classes import CLASSES
from sessions_app.pricing.own import OwnPrice


def load_own_prices(project_id: int) -> tuple[OwnPrice, ...]:
    """One statement."""
    rows = ModelPrice.objects.filter(project_id=project_id)
    return tuple(OwnPrice(row.pattern, row.valid_from, _units(row)) for row in rows)


def _units(row: ModelPrice) -> dict[str, Decimal]:
    values = {name: getattr(row, name, None) for name in CLASSES}
    return {name: Decimal(format(value.normalize(), "f")) for name, value in values.items() if value is not None}
