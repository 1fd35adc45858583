"""The URLs of the whole site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from logsui import health
from sessions_app.pages.account import sign_in

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    # Only our own pages take passwords, because they count the attempts.
    path("admin/login/", sign_in.sign_in_to_admin),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password")),
    path("admin/", admin.site.urls),
    path("", include("sessions_app.exports.urls")),
    path("", include("sessions_app.api.urls")),
    path("", include("sessions_app.pages.urls")),
]
