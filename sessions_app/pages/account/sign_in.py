"""Signing in with a password or a one-time link, signing out, changing the password."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model, login, views
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from logsui import __version__, passwords
from sessions_app.access import attempts, keys
from sessions_app.access.throttle import in_words
from sessions_app.models import SignInToken
from sessions_app.pages import shell

REMEMBER_SECONDS = 30 * 24 * 3600
BACKEND = "django.contrib.auth.backends.ModelBackend"
TOO_MANY = 429


def _password_field() -> forms.CharField:
    return forms.CharField(strip=False, max_length=passwords.MOST_CHARS, widget=forms.PasswordInput)


class SignInForm(AuthenticationForm):
    password = _password_field()


class OwnPasswordForm(PasswordChangeForm):
    old_password = _password_field()


def _refuse(response: HttpResponse, seconds: int) -> HttpResponse:
    response.status_code = TOO_MANY
    response.headers["Retry-After"] = str(seconds)
    return response


@method_decorator(require_http_methods(shell.FORMS), name="dispatch")
class SignIn(views.LoginView):
    """The sign-in page, for the admin site too. An attempt is counted before its password is checked, and taken off the
    count again when the password is right.
    """

    template_name = "sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True
    extra_context = {"version": __version__}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = get_user_model().normalize_username(request.POST.get("username", ""))
        if passwords.is_busy():
            return self.refuse(name)
        attempt = attempts.to_sign_in(request, name)
        wait = attempt.take()
        if wait:
            return self.refuse(name, wait)
        try:
            response = super().post(request, *args, **kwargs)
        except passwords.HashingBusy:
            attempt.give_back()
            return self.refuse(name)
        if request.user.is_authenticated:
            attempt.give_back()
            attempts.remember_browser(request, response, request.user.get_username())
        return response

    def refuse(self, name: str, wait: int = 0) -> HttpResponse:
        """The page that says for how long no password is checked (`wait` seconds), or that too many are being checked.

        It has a new form: the one that was sent would check the password when it is drawn.
        """
        form = self.form_class(self.request, initial={"username": name[:150]})
        context = self.get_context_data(form=form, wait=in_words(wait) if wait else "", busy=not wait)
        return _refuse(self.render_to_response(context), wait or passwords.RETRY_SECONDS)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        # 0: the browser forgets the session when it is closed.
        self.request.session.set_expiry(REMEMBER_SECONDS if self.request.POST.get("remember") else 0)
        return response


class SignOut(views.LogoutView):
    """Signs out by POST and returns to the sign-in page."""

    next_page = "sign_in"


@require_http_methods(shell.READING)
def sign_in_to_admin(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page: the admin site's own would check passwords without counting them."""
    if request.user.is_authenticated:
        raise PermissionDenied("The administration is for users with “Staff status”, which a superuser can give you.")
    return redirect(f"{reverse('sign_in')}?{urlencode({'next': request.GET.get('next', reverse('admin:index'))})}")


@never_cache
@require_http_methods(shell.FORMS)
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """A link that signs in once. Only its button uses it up: chat programs open links to show a preview."""
    attempt = attempts.to_follow_link(request)
    wait = attempt.take()
    if wait:
        return _refuse(_link_page(request, wait=in_words(wait)), wait)
    user = _user_of(token)
    if user is not None:
        attempt.give_back()
    if user is not None and request.method == "POST" and keys.redeem_sign_in_token(token):
        login(request, user, backend=BACKEND)
        request.session.set_expiry(REMEMBER_SECONDS)
        response = redirect("home")
        attempts.remember_browser(request, response, user.get_username())
        return response
    return _link_page(request, user_of_link=_user_of(token) if request.method == "POST" else user)


def _link_page(request: HttpRequest, **context: Any) -> HttpResponse:
    response = render(request, "sign_in_link.html", {"version": __version__} | context)
    # Else the address with its token would be sent as the referrer of each style sheet, and proxies log that. With
    # `no-referrer`, browsers would send `Origin: null` with the form, and the CSRF check would refuse it.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _user_of(token: str) -> User | None:
    """The user whom a token signs in; None when it was used or has expired, or the user is not active."""
    unused = SignInToken.objects.filter(hash=keys.hash_secret(token), used_at=None, expires_at__gt=timezone.now())
    row = unused.select_related("user").first()
    return row.user if row and row.user.is_active else None


@method_decorator(require_http_methods(shell.FORMS), name="dispatch")
class ChangePassword(views.PasswordChangeView):
    """Change the password. A user without one, who signed in with a link, sets the first one."""

    template_name = "password.html"
    success_url = reverse_lazy("home")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        attempt = attempts.to_change_password(request.user)
        wait = attempt.take()
        if wait:
            return self.refuse(wait)
        try:
            response = super().post(request, *args, **kwargs)
        except passwords.HashingBusy:
            attempt.give_back()
            return self.refuse()
        if response.status_code == 302:
            attempt.give_back()
        return response

    def refuse(self, wait: int = 0) -> HttpResponse:
        form = self.get_form_class()(self.request.user)
        context = self.get_context_data(form=form, wait=in_words(wait) if wait else "", busy=not wait)
        return _refuse(self.render_to_response(context), wait or passwords.RETRY_SECONDS)

    def get_form_class(self) -> type[SetPasswordForm[Any]]:  # type: ignore[override]  # wider: without the old password
        user = self.request.user
        has_password = isinstance(user, AbstractBaseUser) and user.has_usable_password()
        return OwnPasswordForm if has_password else SetPasswordForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | shell.page_context(None)

    def form_valid(self, form: SetPasswordForm[Any]) -> HttpResponse:
        messages.success(self.request, "Password changed.")
        return super().form_valid(form)  # type: ignore[arg-type]  # saves any form that sets a password
