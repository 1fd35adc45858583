"""`manage.py create_project`, which makes what the page makes, and refuses what it refuses."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from sessions_app.models import Project
from tests.factories import make_project


def create(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_project", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_works(db: None) -> None:
    assert create("--slug", "staging", "--name", "Acme staging") == ("staging\n", "")
    assert create("--slug", "plain") == ("plain\n", "")
    assert dict(Project.objects.values_list("slug", "name")) == {"plain": "plain", "staging": "Acme staging"}


def test_project_that_is_there_stays_as_it_is(db: None) -> None:
    made = make_project("acme", name="Acme")
    out, err = create("--slug", "acme", "--name", "Other")
    assert (out, "exists already" in err) == ("acme\n", True)
    assert Project.objects.get() == made
    assert Project.objects.get().name == "Acme"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--slug", "a b"], "--slug is 'a b': Enter a valid “slug”"),
        (["--slug", "../x"], "--slug is '../x'"),
        (["--slug", "x" * 61], "at most 60 characters"),
        (["--slug", " "], "--slug is empty"),
        (["--slug", "東京"], "--slug is '東京'"),
        (["--slug", "a", "--name", "x" * 121], "at most 120 characters"),
        (["--slug", "a", "--name", "a\0b"], "--name is 'a\\x00b': Null characters are not allowed"),
    ],
)
def test_what_can_not_be_is_named(db: None, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as refused:
        create(*arguments)
    assert message in str(refused.value)
    assert not Project.objects.exists()
