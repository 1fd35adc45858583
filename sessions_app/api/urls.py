"""The URLs of the api."""

from django.urls import URLPattern, URLResolver, path, re_path

from sessions_app.api.corrections import CorrectionsEndpoint, OneCorrectionEndpoint
from sessions_app.api.docs import docs_page, schema_document
from sessions_app.api.errors import unknown_address
from sessions_app.api.export import ExportEndpoint
from sessions_app.api.langfuse import ProjectsEndpoint
from sessions_app.api.litellm import LiteLLMEndpoint
from sessions_app.api.logs import LogsEndpoint
from sessions_app.api.otlp import LogRecordsEndpoint, MetricsEndpoint, TracesEndpoint
from sessions_app.api.requests import RequestCopiesEndpoint, RequestEndpoint, RequestsEndpoint
from sessions_app.api.sessions import (
    SessionEndpoint,
    SessionInsightsEndpoint,
    SessionRequestsEndpoint,
    SessionsEndpoint,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/logs", LogsEndpoint.as_view(), name="api-logs"),
    path("api/v1/litellm", LiteLLMEndpoint.as_view(), name="api-litellm"),
    path("api/v1/sessions", SessionsEndpoint.as_view(), name="api-sessions"),
    path("api/v1/sessions.jsonl", ExportEndpoint.as_view(), name="api-export"),
    path("api/v1/sessions/<str:session_id>", SessionEndpoint.as_view(), name="api-session"),
    path("api/v1/sessions/<str:session_id>/requests", SessionRequestsEndpoint.as_view(), name="api-session-requests"),
    path("api/v1/sessions/<str:session_id>/insights", SessionInsightsEndpoint.as_view(), name="api-session-insights"),
    path("api/v1/requests", RequestsEndpoint.as_view(), name="api-requests"),
    path("api/v1/requests/<str:request_id>", RequestEndpoint.as_view(), name="api-request"),
    path("api/v1/requests/<str:request_id>/copies", RequestCopiesEndpoint.as_view(), name="api-request-copies"),
    path("api/v1/corrections", CorrectionsEndpoint.as_view(), name="api-corrections"),
    path("api/v1/corrections/<str:correction_id>", OneCorrectionEndpoint.as_view(), name="api-correction"),
    path("api/v1/schema", schema_document, name="api-schema"),
    path("api/v1/docs", docs_page, name="api-docs"),
    path("v1/traces", TracesEndpoint.as_view(), name="otlp-traces"),
    path("v1/logs", LogRecordsEndpoint.as_view(), name="otlp-logs"),
    path("v1/metrics", MetricsEndpoint.as_view(), name="otlp-metrics"),
    path("api/public/otel/v1/traces", TracesEndpoint.as_view(schema=None), name="langfuse-traces"),
    path("api/public/projects", ProjectsEndpoint.as_view(), name="langfuse-projects"),
    # Without this an unknown address would be redirected to one with a slash, or answered by the site's own page.
    re_path(r"^(?:api|v1)/(?P<rest>.*)$", unknown_address),
]
