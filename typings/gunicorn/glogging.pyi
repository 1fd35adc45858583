import logging

from gunicorn.config import Config

class Logger:
    access_log: logging.Logger
    error_log: logging.Logger
    def setup(self, cfg: Config) -> None: ...
