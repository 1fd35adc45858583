"""The admin site. Django imports this package, which registers everything."""

from sessions_app.admin import site

__all__ = ["site"]
