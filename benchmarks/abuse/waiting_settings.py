"""logsui's settings, with one more page; see waiting_urls."""

from logsui.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.abuse.waiting_urls"
