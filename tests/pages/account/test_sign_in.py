"""Signing in by password and by link, signing out, changing the password."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from django.utils import timezone

from sessions_app.access.keys import create_sign_in_token
from sessions_app.models import SignInToken
from tests.factories import PASSWORD, make_project

USED_UP = b"This link no longer works"


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_it_works(client: Client, user: AbstractBaseUser) -> None:
    form = {"username": "alice", "password": PASSWORD, "remember": "on", "next": "/account/password/"}
    response = client.post("/login/", form)
    assert response.url == "/account/password/"
    assert is_signed_in(client)
    assert client.session.get_expiry_age() == pytest.approx(30 * 24 * 3600, abs=60)


def test_not_remembered_ends_with_the_browser(client: Client, user: AbstractBaseUser) -> None:
    client.post("/login/", {"username": "alice", "password": PASSWORD})
    assert client.session.get_expire_at_browser_close()


def test_wrong_password_is_refused_without_saying_which(client: Client, user: AbstractBaseUser) -> None:
    wrong = client.post("/login/", {"username": "alice", "password": "x"})
    unknown = client.post("/login/", {"username": "<script>", "password": PASSWORD})
    for response in (wrong, unknown):
        assert b"Wrong user name or password" in response.content
        assert b"<script>" not in response.content
    assert not is_signed_in(client)


def test_next_leads_nowhere_else(client: Client, user: AbstractBaseUser) -> None:
    form = {"username": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/login/", form).url == "/"


def test_who_is_signed_in_needs_no_form(signed_in: Client) -> None:
    assert signed_in.get("/login/").url == "/"


def test_sign_out(signed_in: Client) -> None:
    assert signed_in.get("/logout/").status_code == 405
    assert signed_in.post("/logout/").url == "/login/"
    assert not is_signed_in(signed_in)


# --- by link --------------------------------------------------------------------------------------------------------


def test_link_signs_in_by_its_button(client: Client, user: AbstractBaseUser) -> None:
    address = f"/sign-in/{create_sign_in_token(user)}/"
    page = client.get(address)
    assert b"alice" in page.content
    assert not is_signed_in(client)
    assert client.post(address).url == "/"
    assert is_signed_in(client)


def test_opening_the_link_does_not_use_it_up(client: Client, user: AbstractBaseUser) -> None:
    address = f"/sign-in/{create_sign_in_token(user)}/"
    for _ in range(3):
        assert USED_UP not in client.get(address).content
        client.head(address)
    assert client.post(address).status_code == 302


def test_link_works_once(client: Client, user: AbstractBaseUser) -> None:
    address = f"/sign-in/{create_sign_in_token(user)}/"
    client.post(address)
    other = Client()
    assert USED_UP in other.get(address).content
    assert USED_UP in other.post(address).content
    assert not is_signed_in(other)


def test_expired_link(client: Client, user: AbstractBaseUser) -> None:
    address = f"/sign-in/{create_sign_in_token(user)}/"
    SignInToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert USED_UP in client.get(address).content
    assert USED_UP in client.post(address).content


def test_link_of_somebody_inactive(client: Client, user: AbstractBaseUser) -> None:
    address = f"/sign-in/{create_sign_in_token(user)}/"
    get_user_model().objects.update(is_active=False)
    assert USED_UP in client.get(address).content
    assert USED_UP in client.post(address).content
    assert not is_signed_in(client)


@pytest.mark.parametrize("token", ["x", "x" * 5000, "%00", "%F0%9F%A4%96"])
def test_made_up_link(client: Client, db: None, token: str) -> None:
    assert USED_UP in client.get(f"/sign-in/{token}/").content


def test_address_of_the_link_stays_a_secret(client: Client, user: AbstractBaseUser) -> None:
    response = client.get(f"/sign-in/{create_sign_in_token(user)}/")
    # Not "no-referrer": with it browsers send `Origin: null`, which the check against forged forms refuses.
    assert response.headers["Referrer-Policy"] == "strict-origin"
    assert "no-store" in response.headers["Cache-Control"]


# --- password -------------------------------------------------------------------------------------------------------


def test_password_is_changed(signed_in: Client, user: AbstractBaseUser) -> None:
    new = "another long passphrase"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert signed_in.post("/account/password/", form).status_code == 302
    user.refresh_from_db()
    assert user.check_password(new)
    assert is_signed_in(signed_in)


def test_present_password_is_asked_for(signed_in: Client, user: AbstractBaseUser) -> None:
    form = {
        "old_password": "wrong",
        "new_password1": "another long passphrase",
        "new_password2": "another long passphrase",
    }
    assert b"Your old password was entered incorrectly" in signed_in.post("/account/password/", form).content


def test_weak_password_is_refused(signed_in: Client) -> None:
    form = {"old_password": PASSWORD, "new_password1": "12345", "new_password2": "12345"}
    assert b"too short" in signed_in.post("/account/password/", form).content


def test_who_has_no_password_yet_sets_one(client: Client, db: None) -> None:
    user = get_user_model().objects.create_user("carol", password=None)
    client.force_login(user)
    assert b"old_password" not in client.get("/account/password/").content
    form = {"new_password1": "another long passphrase", "new_password2": "another long passphrase"}
    assert client.post("/account/password/", form).status_code == 302
    user.refresh_from_db()
    assert user.check_password("another long passphrase")


def test_password_page_needs_a_user(client: Client, db: None) -> None:
    make_project()
    assert client.get("/account/password/").url == "/login/?next=/account/password/"
