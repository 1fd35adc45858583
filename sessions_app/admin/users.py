"""Users and groups in the admin site. Only superusers change them.

A user who may change users could become a superuser, and one who may change groups could give their own every right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

if TYPE_CHECKING:
    # Django's own classes take no parameter when they run.
    ModelAdmin = admin.ModelAdmin[Any]
    TypedUserAdmin = UserAdmin[User]
else:
    ModelAdmin, TypedUserAdmin = admin.ModelAdmin, UserAdmin


class SuperusersChange(ModelAdmin):
    """Viewed by users with Django's permission, changed by superusers only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


class SuperusersUserAdmin(SuperusersChange, TypedUserAdmin):
    pass


class SuperusersGroupAdmin(SuperusersChange, GroupAdmin):
    pass
