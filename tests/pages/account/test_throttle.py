"""Guessing passwords and links: how often, from where, and that their owner still gets in."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser, User
from django.db import connection
from django.test import Client

from sessions_app.access import throttle
from sessions_app.access.attempts import NAME, NAME_FROM_ADDRESS
from sessions_app.access.keys import create_sign_in_token
from sessions_app.access.throttle import Attempt, RateLimit, in_words
from sessions_app.models import Throttle
from tests.factories import PASSWORD

WRONG = "wrong horse"


@pytest.fixture(autouse=True)
def behind_a_proxy(settings: Any) -> None:
    settings.LOGSUI_PROXIES = 1


def sign_in(client: Client, password: str, name: str = "alice", address: str = "192.0.2.1") -> Any:
    form = {"username": name, "password": password}
    return client.post("/login/", form, headers={"x-forwarded-for": f"203.0.113.5, {address}"})


def addresses(count: int) -> list[str]:
    return [f"198.51.{number // 250}.{number % 250 + 1}" for number in range(count)]


def pass_time(seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE throttle SET expires_at = expires_at - %s * interval '1 second'", [seconds])


def test_sixty_wrong_passwords_and_the_right_one(client: Client, user: AbstractBaseUser) -> None:
    answers = [sign_in(client, WRONG).status_code for _ in range(60)]
    assert answers == [200] * 5 + [429] * 55
    refused = sign_in(client, PASSWORD)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Too many attempts. Try again in" in refused.content.decode()
    assert "_auth_user_id" not in client.session
    pass_time(60)
    assert sign_in(client, PASSWORD).status_code == 302


def test_waits_grow(client: Client, user: AbstractBaseUser) -> None:
    for _ in range(3):
        assert [sign_in(client, WRONG).status_code for _ in range(6)] == [200] * 5 + [429]
        pass_time(60)
    refused = sign_in(client, PASSWORD)
    assert refused.status_code == 429
    assert 600 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert "minutes" in refused.content.decode()


def test_unknown_names_are_answered_alike(client: Client, user: AbstractBaseUser) -> None:
    answers = [[sign_in(Client(), WRONG, name, name).status_code for _ in range(7)] for name in ("alice", "nobody")]
    assert answers[0] == answers[1]


def test_many_names_from_one_address(db: None) -> None:
    answers = [sign_in(Client(), WRONG, f"user{number}").status_code for number in range(40)]
    assert answers == [200] * 30 + [429] * 10


def test_right_passwords_do_not_count(user: AbstractBaseUser) -> None:
    # A classroom behind one address.
    assert {sign_in(Client(), PASSWORD).status_code for _ in range(40)} == {302}


def test_claimed_addresses_do_not_help(user: AbstractBaseUser) -> None:
    answers = []
    for address in addresses(8):
        headers = {"x-forwarded-for": f"{address}, 192.0.2.1"}
        answers.append(Client().post("/login/", {"username": "alice", "password": WRONG}, headers=headers).status_code)
    assert answers == [200] * 5 + [429] * 3


def test_one_name_from_many_addresses(user: AbstractBaseUser) -> None:
    answers = [sign_in(Client(), WRONG, address=address).status_code for address in addresses(30)]
    assert answers == [200] * 15 + [429] * 15


def test_guessing_from_elsewhere_does_not_lock_out(user: AbstractBaseUser) -> None:
    owner, newcomer = Client(), Client()
    assert sign_in(owner, PASSWORD).status_code == 302
    owner.post("/logout/")
    for address in addresses(30):
        sign_in(Client(), WRONG, address=address)
    # The browser is known, from wherever it comes; a new one waits a minute, or takes a link.
    assert sign_in(owner, PASSWORD, address="203.0.113.77").status_code == 302
    refused = sign_in(newcomer, PASSWORD, address="203.0.113.78")
    assert (refused.status_code, int(refused.headers["Retry-After"]) <= 60) == (429, True)
    assert newcomer.post(f"/sign-in/{create_sign_in_token(user)}/").status_code == 302
    newcomer.post("/logout/")
    assert sign_in(newcomer, PASSWORD, address="203.0.113.78").status_code == 302


def test_known_browser_may_not_guess_either(client: Client, user: AbstractBaseUser) -> None:
    sign_in(client, PASSWORD)
    client.post("/logout/")
    answers = [sign_in(client, WRONG, address=address).status_code for address in addresses(7)]
    assert answers == [200] * 5 + [429] * 2
    assert sign_in(client, PASSWORD).status_code == 429


def test_browser_is_known_for_one_name_and_not_made_up(client: Client, user: AbstractBaseUser) -> None:
    User.objects.create_user("bob", password=PASSWORD)
    sign_in(client, PASSWORD, "bob")
    cookie = client.cookies["logsui_known"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/login/", True, "Lax")
    client.post("/logout/")
    answers = [sign_in(client, WRONG, address=address).status_code for address in addresses(16)]
    assert answers == [200] * 15 + [429]
    client.cookies["logsui_known"] = cookie.value.replace(":", "x:", 1)
    assert sign_in(client, WRONG, "bob", "203.0.113.1").status_code == 200
    assert Throttle.objects.filter(key__startswith="name-address/", hits=1).exists()


def test_admin_site_takes_no_passwords_itself(client: Client, user: AbstractBaseUser) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1] == ("/login/?next=%2Fadmin%2F", 302)
    assert client.post("/admin/login/", {"username": "alice", "password": PASSWORD}).status_code == 405
    client.force_login(user)
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/password_change/").url == "/account/password/"
    user.is_staff = True
    user.save()
    assert client.get("/admin/").status_code == 200


def test_present_password_is_not_guessed_by_whoever_has_the_browser(signed_in: Client, user: AbstractBaseUser) -> None:
    form = {"old_password": WRONG, "new_password1": "another long phrase", "new_password2": "another long phrase"}
    answers = [signed_in.post("/account/password/", form).status_code for _ in range(7)]
    assert answers == [200] * 5 + [429] * 2
    refused = signed_in.post("/account/password/", form | {"old_password": PASSWORD})
    assert refused.status_code == 429
    assert "Try again in" in refused.content.decode()
    pass_time(60)
    assert signed_in.post("/account/password/", form | {"old_password": PASSWORD}).status_code == 302


def test_links_that_do_not_work_are_counted(client: Client, user: AbstractBaseUser) -> None:
    here = {"x-forwarded-for": "192.0.2.1"}
    good = f"/sign-in/{create_sign_in_token(user)}/"
    for _ in range(40):  # A link that works may be opened as often as chat programs like.
        assert client.get(good, headers=here).status_code == 200
    answers = [client.get(f"/sign-in/guess{number}/", headers=here).status_code for number in range(35)]
    assert answers == [200] * 30 + [429] * 5
    refused = client.post(good, headers=here)
    assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)
    assert client.post(good, headers={"x-forwarded-for": "192.0.2.2"}).status_code == 302


# --- the table ------------------------------------------------------------------------------------------------------


def test_table_holds_nothing_that_was_typed(user: AbstractBaseUser) -> None:
    for name in ("alice", "hunter2", "lsk_secret"):
        sign_in(Client(), "pass-word-typed", name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(throttle::text, ' ') FROM throttle")
        (content,) = cursor.fetchone()
    for typed in ("alice", "hunter2", "lsk_", "pass-word", "192.0.2.1"):
        assert typed not in content


def test_table_has_an_end(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "SLOTS", 8)
    for number in range(200):
        Attempt((RateLimit("test", "1000 per minute; 1000 per hour"), str(number))).take()
    assert Throttle.objects.count() <= 16


def test_rows_that_count_nothing_go(db: None) -> None:
    for number in range(30):
        Attempt((NAME_FROM_ADDRESS, str(number))).take()
    pass_time(24 * 3600)
    before = Throttle.objects.count()
    for _ in range(5):
        Attempt((NAME, "a")).take()
    assert before > 50
    assert Throttle.objects.count() == len(NAME.windows())


@pytest.mark.django_db(transaction=True)
def test_parallel_attempts_do_not_overshoot() -> None:
    allowed = []

    def attempt() -> None:
        try:
            allowed.append(Attempt((NAME_FROM_ADDRESS, "alice")).take() == 0)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(allowed), sum(allowed)) == (16, 5)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (59, "59 seconds"), (90, "2 minutes"), (900, "15 minutes"), (60, "60 seconds")],
)
def test_waits_are_told_in_words(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
