"""The Django project: settings, URLs, and what runs the processes."""

__version__ = "0.1.0"
