"""Django's settings under pytest: a data folder of its own, cheap password hashes, static files as they lie."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Private, short enough for a socket, and never the developer's data.
os.environ["LOGSUI_DATA_DIR"] = tempfile.mkdtemp(prefix="logsui-test-")
atexit.register(shutil.rmtree, os.environ["LOGSUI_DATA_DIR"], ignore_errors=True)

from logsui.embedded import socket_folder  # noqa: E402
from logsui.settings import *  # noqa: E402, F403
from logsui.settings import DATABASES, LOGSUI_DATABASE_URL, STATIC_ROOT, STORAGES  # noqa: E402

# The data folder of the embedded server that all processes of a run use: see tests/database.py.
SERVER_VARIABLE = "LOGSUI_TEST_SERVER"
if SERVER_VARIABLE in os.environ and not LOGSUI_DATABASE_URL:
    DATABASES["default"]["HOST"] = str(socket_folder(Path(os.environ[SERVER_VARIABLE])))

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
# Files are looked up when they are asked for: each test's client would else read all of them first.
WHITENOISE_AUTOREFRESH = True
# WhiteNoise warns when it is missing.
STATIC_ROOT.mkdir()
# On a busy machine ordinary pages take their time; what they may cost is tested by bytes and work.
LOGSUI_PAGE_MAX_SECONDS = 600
