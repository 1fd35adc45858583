"""Only a few passwords are hashed at a time, whoever asks."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from logsui import passwords
from sessions_app.models import Throttle
from tests.factories import make_project, make_user


class Quick(passwords.BoundedPBKDF2Hasher):
    iterations = 10


@pytest.fixture(autouse=True)
def hashed_with_a_bound(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["tests.logsui.test_passwords.Quick"]


@pytest.fixture
def busy() -> Iterator[None]:
    """One password is being hashed and the most wait for it."""
    done, started = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        started.release()
        done.wait(60)

    threads = [threading.Thread(target=passwords._hashing.run, args=(hold,)) for _ in range(1 + passwords.MOST_WAITING)]
    for thread in threads:
        thread.start()
    assert started.acquire(timeout=60)
    while passwords._hashing.places.acquire(blocking=False):
        passwords._hashing.places.release()
    yield
    done.set()
    for thread in threads:
        thread.join(60)


def test_hashes_are_djangos() -> None:
    assert check_password("secret", PBKDF2PasswordHasher().encode("secret", "salt", 10))
    assert make_password("secret", "salt") == PBKDF2PasswordHasher().encode("secret", "salt", 10)


def test_more_are_refused_and_later_ones_are_not(busy: None) -> None:
    for _ in range(3):
        with pytest.raises(passwords.HashingBusy):
            make_password("secret")


def test_after_that_passwords_are_hashed_again() -> None:
    assert check_password("secret", make_password("secret"))


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_sign_in_says_when_to_try_again(db: None, busy_after: object, client: Client, name: str) -> None:
    response = client.post("/login/", {"username": name, "password": "x"})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2")
    page = response.content.decode()
    assert "Try again in a few seconds" in page
    assert 'value="' + name in page


@pytest.fixture
def busy_after(db: None, request: pytest.FixtureRequest) -> None:
    """Busy, once there is a user."""
    make_user()
    request.getfixturevalue("busy")


def test_what_was_not_checked_is_not_counted(busy_after: None, client: Client) -> None:
    answers = [client.post("/login/", {"username": "alice", "password": "x"}).status_code for _ in range(12)]
    assert set(answers) == {429}
    assert not Throttle.objects.exists()


def test_other_pages_that_hash_answer_429(db: None, client: Client, request: pytest.FixtureRequest) -> None:
    make_project()
    user = make_user("root", is_superuser=True, is_staff=True)
    client.force_login(user)
    request.getfixturevalue("busy")
    form = {"username": "new", "password1": "long new words", "password2": "long new words", "usable_password": "true"}
    response = client.post("/admin/auth/user/add/", form)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2")
    old = {"old_password": "x", "new_password1": "long new words", "new_password2": "long new words"}
    response = client.post("/account/password/", old)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "2")


def test_hashing_gives_way_to_everything_else() -> None:
    assert passwords._hashing.run(os.getpriority, os.PRIO_PROCESS, 0) == passwords.NICENESS
    assert os.getpriority(os.PRIO_PROCESS, 0) < passwords.NICENESS


def test_worker_that_was_forked_hashes_too() -> None:
    make_password("secret")
    pid = os.fork()
    if pid == 0:
        os._exit(0 if check_password("secret", make_password("secret")) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_password_may_be_long_but_not_endless(db: None, client: Client) -> None:
    validate_password("long words " * 300)
    with pytest.raises(ValidationError, match="more than 4,096 characters"):
        validate_password("long words " * 400)
    make_user()
    response = client.post("/login/", {"username": "alice", "password": "x" * 5000})
    assert response.status_code == 200
    assert "Wrong user name or password" in response.content.decode()
