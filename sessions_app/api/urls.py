"""The URLs of the api."""

from django.urls import URLPattern, URLResolver, path, re_path

from sessions_app.api.errors import unknown_address
from sessions_app.api.litellm import LiteLLMEndpoint
from sessions_app.api.logs import LogsEndpoint

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/logs", LogsEndpoint.as_view(), name="api-logs"),
    path("api/v1/litellm", LiteLLMEndpoint.as_view(), name="api-litellm"),
    # Without this an unknown address would be redirected to one with a slash, or answered by the site's own page.
    re_path(r"^api/(?P<rest>.*)$", unknown_address),
]
