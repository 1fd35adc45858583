"""What a new installation begins with, and how somebody gets in."""

from __future__ import annotations

import json
import re
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from logsui.launcher.serve import banner
from sessions_app.access.keys import hash_secret, redeem_sign_in_token
from sessions_app.management import first_start
from sessions_app.models import ApiKey, Project, SignInToken

pytestmark = pytest.mark.django_db


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def output_of(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def test_first_start_makes_projects_key_and_link() -> None:
    welcome = first_start.welcome()
    assert list(Project.objects.values_list("slug", flat=True)) == ["default", "demo"]
    key = ApiKey.objects.get()
    assert (key.hash, key.project.slug, key.scopes) == (hash_secret(welcome.key), "default", ["ingest"])
    user = redeem_sign_in_token(welcome.sign_in_token)
    assert (user.username, user.is_superuser, user.has_usable_password()) == ("admin", True, False)


def test_second_start_makes_a_new_link_and_no_key() -> None:
    first, second = first_start.welcome(), first_start.welcome()
    assert second.key is None
    assert ApiKey.objects.count() == 1
    assert redeem_sign_in_token(first.sign_in_token) is None
    assert redeem_sign_in_token(second.sign_in_token) is not None
    assert redeem_sign_in_token(second.sign_in_token) is None


def test_no_link_once_somebody_has_signed_in() -> None:
    first_start.welcome()
    get_user_model().objects.update(last_login=timezone.now())
    assert first_start.welcome().sign_in_token is None


def test_administrator_that_is_there_gets_the_link() -> None:
    get_user_model().objects.create_superuser("ann", password="correct horse")
    welcome = first_start.welcome()
    assert redeem_sign_in_token(welcome.sign_in_token).username == "ann"
    assert not get_user_model().objects.filter(username="admin").exists()


def test_demo_that_was_deleted_stays_deleted() -> None:
    first_start.welcome()
    Project.objects.get(slug="demo").delete()
    assert not first_start.welcome().has_demo
    assert not Project.objects.filter(slug="demo").exists()


def test_prepare_answers_in_json() -> None:
    answer = json.loads(output_of("prepare"))
    assert set(answer) == {"key", "sign_in_token", "has_demo"}
    assert answer["key"].startswith("lsk_")


def test_key_command_prints_the_key_alone() -> None:
    first_start.create_projects()
    key = output_of("create_api_key", "--project", "demo", "--name", "ci", "--scopes", "ingest,read")
    row = ApiKey.objects.get(name="ci")
    assert (row.hash, row.project.slug, row.scopes) == (hash_secret(key), "demo", ["ingest", "read"])


def test_person_at_a_terminal_gets_a_line_to_paste_too() -> None:
    first_start.create_projects()
    out = Terminal()
    call_command("create_api_key", "--name", "mine", stdout=out)
    key, line = out.getvalue().splitlines()
    assert ApiKey.objects.get(name="mine").hash == hash_secret(key)
    assert line == f"To use it in this shell: export LOGSUI_KEY={key}"


def test_banner_has_a_line_to_paste_for_the_new_key() -> None:
    shown = banner("http://127.0.0.1:8000", {"sign_in_token": None, "key": "lsk_new", "has_demo": True})
    assert "\n    export LOGSUI_KEY=lsk_new\n" in shown
    assert "LOGSUI_KEY" not in banner("http://127.0.0.1:8000", {"sign_in_token": None, "key": None, "has_demo": True})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--project", "nowhere"), "There is no project 'nowhere'. Projects: default, demo."),
        (("--scopes", "ingest,write"), "--scopes is 'ingest,write'.*got write"),
        (("--scopes", " , "), "got none"),
    ],
)
def test_key_command_says_what_is_wrong(arguments: tuple[str, ...], message: str) -> None:
    first_start.create_projects()
    with pytest.raises(CommandError, match=message):
        output_of("create_api_key", "--name", "ci", *arguments)
    assert not ApiKey.objects.filter(name="ci").exists()


def test_link_command_signs_a_user_in() -> None:
    get_user_model().objects.create_user("ben")
    url = output_of("create_sign_in_link", "--user", "ben")
    token = re.fullmatch(r"http://127\.0\.0\.1:8000/sign-in/(\S+)/", url)[1]
    assert redeem_sign_in_token(token).username == "ben"


def test_link_command_refuses_a_user_who_may_not() -> None:
    get_user_model().objects.create_user("ben", is_active=False)
    for name in ("ben", "nobody"):
        with pytest.raises(CommandError, match=f"There is no active user '{name}'"):
            output_of("create_sign_in_link", "--user", name)
    assert not SignInToken.objects.exists()
