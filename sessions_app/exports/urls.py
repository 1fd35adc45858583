"""The URLs of exports. They stand before those of the API, which answer for all others below theirs."""

from django.urls import path

from sessions_app.exports.endpoint import SessionExportEndpoint

urlpatterns = [
    path("api/v1/sessions/<str:session_id>/export", SessionExportEndpoint.as_view(), name="api-session-export"),
]
