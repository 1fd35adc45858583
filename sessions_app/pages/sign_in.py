"""Signing in with a password or a one-time link, signing out, changing the password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from logsui import __version__
from sessions_app import keys
from sessions_app.models import SignInToken
from sessions_app.pages import shell

REMEMBER_SECONDS = 30 * 24 * 3600
BACKEND = "django.contrib.auth.backends.ModelBackend"


@method_decorator(require_http_methods(shell.FORMS), name="dispatch")
class SignIn(views.LoginView):
    """The sign-in page."""

    template_name = "sign_in.html"
    redirect_authenticated_user = True
    extra_context = {"version": __version__}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        # 0 forgets the session when the browser is closed.
        self.request.session.set_expiry(REMEMBER_SECONDS if self.request.POST.get("remember") else 0)
        return response


class SignOut(views.LogoutView):
    """Signs out by POST and returns to the sign-in page."""

    next_page = reverse_lazy("sign_in")


@never_cache
@require_http_methods(shell.FORMS)
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """A link that signs in once. Opening it changes nothing, its button does: chat programs open links for previews."""
    if request.method == "POST":
        user = keys.redeem_sign_in_token(token)
        if user is not None and user.is_active:
            login(request, user, backend=BACKEND)
            request.session.set_expiry(REMEMBER_SECONDS)
            return redirect("home")
    response = render(request, "sign_in_link.html", {"user_of_link": _user_of(token), "version": __version__})
    # What the page loads is logged by proxies with the address that asked for it. Not `no-referrer`: browsers would
    # send `Origin: null` with the form, which the check against forged forms refuses.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _user_of(token: str) -> Any | None:
    """Whom an unused, unexpired token would sign in."""
    unused = SignInToken.objects.filter(hash=keys.hash_secret(token), used_at=None, expires_at__gt=timezone.now())
    row = unused.select_related("user").first()
    return row.user if row and row.user.is_active else None


@method_decorator(require_http_methods(shell.FORMS), name="dispatch")
class ChangePassword(views.PasswordChangeView):
    """Change the password; who came by a link and has none yet sets one."""

    template_name = "password.html"
    success_url = reverse_lazy("home")

    def get_form_class(self) -> type[SetPasswordForm]:
        return PasswordChangeForm if self.request.user.has_usable_password() else SetPasswordForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | shell.page_context(None)

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        messages.success(self.request, "The password is changed.")
        return super().form_valid(form)
