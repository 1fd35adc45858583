"""Takes secrets out of what goes to a log: the tokens of sign-in links, and API keys, wherever in a text they are."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from gunicorn import glogging

if TYPE_CHECKING:
    from gunicorn.config import Config

# An address may come as it was sent, with any of these characters encoded.
_SLASH, _DASH, _UNDERSCORE = r"(?:/|%2F)", r"(?:-|%2D)", r"(?:_|%5F)"
_SIGN_IN = re.compile(rf"({_SLASH}sign{_DASH}in{_SLASH})(?:(?!%2F)[^/?#&\s\"'<>])+", re.IGNORECASE)
# The first characters stay: the page *API keys* shows them too, and by them the key is found that has to be revoked.
_KEY = re.compile(rf"(lsk{_UNDERSCORE}[\w-]{{0,8}}+)[\w%-]+", re.IGNORECASE)
HIDDEN = "…"


def scrub(text: str) -> str:
    """`text` without the tokens of sign-in links and without all but the beginning of API keys."""
    return _KEY.sub(rf"\1{HIDDEN}", _SIGN_IN.sub(rf"\1{HIDDEN}", text))


class ScrubbingFormatter(logging.Formatter):
    """Writes every record without secrets: its message, its arguments, and the traceback that follows."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class RefusalsInOneLine(logging.Filter):
    """What is answered 403 was refused on purpose: its traceback says nothing more."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 403:
            record.exc_info = record.exc_text = None
        return True


class ScrubbingLogger(glogging.Logger):
    """gunicorn's own log, which names the address of a request that it failed to answer."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            present = handler.formatter or logging.Formatter()
            handler.setFormatter(ScrubbingFormatter(present._fmt, present.datefmt))
