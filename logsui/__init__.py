"""The Django project: settings, URLs, the web server and the launcher of all processes."""

__version__ = "0.1.0"
