"""What Langfuse's SDK calls: its own address for traces is in test_otlp.py, here is its check of the keys."""

from __future__ import annotations

import base64

from django.test import Client

from sessions_app.models import Project
from tests.api.conftest import key_for

PATH = "/api/public/projects"


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"pk-lf-1:{password}".encode()).decode()


def test_project_of_the_key(key: str) -> None:
    response = Client(headers={"authorization": basic(key)}).get(PATH)

    assert response.status_code == 200
    [project] = response.json()["data"]
    assert (project["id"], project["name"]) == ("acme", "acme")
    # What langfuse 5.0.4 cannot read an answer without.
    assert project["metadata"] == {}
    assert set(project["organization"]) == {"id", "name"}


def test_without_a_valid_key_401(db: None) -> None:
    assert Client(headers={"authorization": basic("wrong")}).get(PATH).status_code == 401
    assert Client().get(PATH).status_code == 401


def test_key_must_be_for_sending(project: Project) -> None:
    assert Client(headers={"authorization": basic(key_for(project, "read"))}).get(PATH).status_code == 403
