"""The way in, and making a project."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client

from sessions_app.access.rights import MAKE_PROJECTS
from sessions_app.models import Project
from tests.factories import make_project, make_user


@pytest.fixture
def user(db: None) -> AbstractBaseUser:
    return make_user("alice", MAKE_PROJECTS)


def test_home_leads_to_default_else_to_the_first(signed_in: Client) -> None:
    assert signed_in.get("/").url == "/projects/new/"
    make_project("zebra")
    assert signed_in.get("/").url == "/p/zebra/sessions/"
    make_project("default")
    assert signed_in.get("/").url == "/p/default/sessions/"


def test_home_leads_to_the_project_seen_last(signed_in: Client, project: Project) -> None:
    make_project("default")
    signed_in.get("/p/acme/start/")
    assert signed_in.get("/").url == "/p/acme/sessions/"
    project.delete()
    assert signed_in.get("/").url == "/p/default/sessions/"


def test_project_address_leads_to_its_sessions(signed_in: Client, project: Project) -> None:
    assert signed_in.get("/p/acme/").url == "/p/acme/sessions/"


def test_project_is_made(signed_in: Client) -> None:
    response = signed_in.post("/projects/new/", {"name": "Ümläut & Co: production"})
    assert response.url == "/p/umlaut-co-production/start/"
    assert Project.objects.get().name == "Ümläut & Co: production"


def test_name_in_addresses_can_be_chosen(signed_in: Client) -> None:
    assert signed_in.post("/projects/new/", {"name": "東京", "slug": "Tokyo_1"}).url == "/p/Tokyo_1/start/"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "東京"}, "Enter a URL name here"),
        ({"name": "a", "slug": "a b"}, "valid “slug”"),
        ({"name": "a", "slug": "../x"}, "valid “slug”"),
        ({"name": "a", "slug": "acme"}, "is already used"),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"name": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_what_can_not_be_is_named(signed_in: Client, project: Project, form: dict[str, str], message: str) -> None:
    response = signed_in.post("/projects/new/", form)
    assert response.status_code == 422
    assert message in response.content.decode()
    assert Project.objects.count() == 1
