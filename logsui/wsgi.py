"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from logsui import in_flight
from sessions_app.pricing import library

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logsui.settings")

application = in_flight.tracked(get_wsgi_application())
# Imports every page now instead of at the first request: errors abort startup, and gunicorn's workers share the code.
_ = get_resolver().url_patterns
# So does what pages must know of models, which takes a moment.
library.load()
