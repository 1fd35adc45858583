"""The URLs of the whole site."""

from django.contrib import admin
from django.urls import include, path

from logsui import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("admin/", admin.site.urls),
    path("", include("sessions_app.api.urls")),
    path("", include("sessions_app.pages.urls")),
]
