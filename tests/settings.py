"""Django's settings under pytest: a data folder of its own, cheap password hashes, static files as they lie."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# The data folder of the process that started the run, with the embedded server of all: see tests/database.py.
RUN_VARIABLE = "LOGSUI_TEST_RUN"
RUN = os.environ.get(RUN_VARIABLE)
# Private, short enough for a socket, and never the developer's data. Those of other processes go with the first one's.
os.environ["LOGSUI_DATA_DIR"] = tempfile.mkdtemp(prefix="" if RUN else "logsui-test-", dir=RUN)
atexit.register(shutil.rmtree, os.environ["LOGSUI_DATA_DIR"], ignore_errors=True)

from logsui.launcher.embedded import socket_folder  # noqa: E402
from logsui.settings import *  # noqa: E402, F403
from logsui.settings import LOGSUI_DATA_DIR, LOGSUI_DATABASE_URL, STATIC_ROOT, STORAGES  # noqa: E402

if RUN and not LOGSUI_DATABASE_URL:
    socket = socket_folder(LOGSUI_DATA_DIR)
    socket.parent.mkdir(exist_ok=True)
    socket.symlink_to(socket_folder(Path(RUN)))

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
# Files are looked up when they are asked for: each test's client would else read all of them first.
WHITENOISE_AUTOREFRESH = True
# WhiteNoise warns when it is missing.
STATIC_ROOT.mkdir()
# On a busy machine ordinary pages take their time; what they may cost is tested by bytes and work.
LOGSUI_PAGE_MAX_SECONDS = 600
