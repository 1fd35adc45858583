"""The ASGI application that gunicorn serves: the WSGI application behind a bridge."""

from django.conf import settings

from logsui.web.bridge import Bridge
from logsui.wsgi import application as wsgi_application

application = Bridge(wsgi_application, settings.LOGSUI_MAX_BODY_BYTES)
