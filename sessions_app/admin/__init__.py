"""The admin site: Django finds what it registers by importing this package."""

from sessions_app.admin import site

__all__ = ["site"]
