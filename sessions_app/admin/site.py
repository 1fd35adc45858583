"""The admin site: stored and rejected logs, API keys, projects and users."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group, User

from sessions_app.admin.corrections import CorrectionAdmin
from sessions_app.admin.inbox import InboxEntryAdmin
from sessions_app.admin.projects import ApiKeyAdmin, ModelPriceAdmin, ProjectAdmin
from sessions_app.admin.rejected import RejectedLogAdmin
from sessions_app.admin.requests import RequestLogAdmin
from sessions_app.admin.sessions import SessionAdmin
from sessions_app.admin.users import SuperusersGroupAdmin, SuperusersUserAdmin
from sessions_app.models import (
    ApiKey,
    Correction,
    InboxEntry,
    ModelPrice,
    Project,
    RejectedLog,
    RequestLog,
    Session,
)

admin.site.site_header = "logsui administration"
admin.site.site_title = "logsui administration"
admin.site.index_title = "Manage logs, access and projects"
for model, model_admin in (
    (Session, SessionAdmin),
    (RequestLog, RequestLogAdmin),
    (Correction, CorrectionAdmin),
    (RejectedLog, RejectedLogAdmin),
    (InboxEntry, InboxEntryAdmin),
    (Project, ProjectAdmin),
    (ApiKey, ApiKeyAdmin),
    (ModelPrice, ModelPriceAdmin),
):
    admin.site.register(model, model_admin)
admin.site.unregister((User, Group))
admin.site.register(User, SuperusersUserAdmin)
admin.site.register(Group, SuperusersGroupAdmin)
