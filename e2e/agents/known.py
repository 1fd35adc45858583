"""Agents whose sessions cannot be right, each with the reason: what they send does not show what belongs together."""

EXCEPTIONS: dict[str, str] = {}
