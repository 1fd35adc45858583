"""The application: LLM request logs, shown as sessions."""

from django.apps import AppConfig


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Logs"
    default_auto_field = "django.db.models.BigAutoField"
