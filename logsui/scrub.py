"""Removes secrets from log lines: tokens of sign-in links and API keys, wherever they occur."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from gunicorn import glogging

if TYPE_CHECKING:
    from gunicorn.config import Config

# A URL may be logged as it was sent, with these characters percent-encoded.
_SLASH, _DASH, _UNDERSCORE = r"(?:/|%2F)", r"(?:-|%2D)", r"(?:_|%5F)"
_SIGN_IN = re.compile(rf"({_SLASH}sign{_DASH}in{_SLASH})(?:(?!%2F)[^/?#&\s\"'<>])+", re.IGNORECASE)
# The first characters stay. The page *API keys* shows them too, so that a leaked key can be found and revoked.
_KEY = re.compile(rf"(lsk{_UNDERSCORE}[\w-]{{0,8}}+)[\w%-]+", re.IGNORECASE)
HIDDEN = "…"


def scrub(text: str) -> str:
    """`text` without tokens of sign-in links, and with only the first characters of API keys."""
    return _KEY.sub(rf"\1{HIDDEN}", _SIGN_IN.sub(rf"\1{HIDDEN}", text))


class ScrubbingFormatter(logging.Formatter):
    """Formats a record without secrets in its message, arguments or traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class RefusalsInOneLine(logging.Filter):
    """Drops the traceback of a 403 response, which was refused on purpose."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 403:
            record.exc_info = record.exc_text = None
        return True


class ScrubbingLogger(glogging.Logger):
    """gunicorn's own log, which contains the URLs of requests that failed."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            present = handler.formatter or logging.Formatter()
            handler.setFormatter(ScrubbingFormatter(present._fmt, present.datefmt))
