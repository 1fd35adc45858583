"""Words in JSON that models and tools write with escapes: found as pages show them, and marked there."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from sessions_app.models import Project
from tests.factories import make_session
from tests.pages.conversations import assistant, call, chat, result, user

SAID = 'first line\nzebra 東京タワー C:\\zeb\\ra quo"ted naïve'
ASKED = ("zebra", "東京", "C:\\zeb", '"quo\\"ted"', "nai\u0308ve", "naïve")


def logs(place: str, said: str) -> list[Any]:
    if place == "arguments":
        return [chat([user("x")], assistant("", tool_calls=[call("c1", "look", said)]))]
    asked = assistant("", tool_calls=[call("c1", "look", "{}")])
    return [chat([user("x")], asked), chat([user("x"), asked, result("c1", said)], "ok", at=5)]


@pytest.mark.parametrize("value", [{"command": SAID}, [{"k": SAID}, {"k": "y"}]], ids=["object", "rows"])
@pytest.mark.parametrize("place", ["arguments", "result"])
def test_they_are_found_where_they_are_shown(signed_in: Client, project: Project, place: str, value: Any) -> None:
    make_session(project, "a", *logs(place, json.dumps(value)))
    for query in ASKED:
        results = signed_in.get("/api/v1/sessions", {"project": "acme", "q": query}).json()["results"]
        assert len(results) == 1, query
        match = results[0]["matches"][0]
        begin, end = match["found"][0]
        marked = match["text"][begin:end]
        page = signed_in.get(match["url"].replace("http://testserver", "")).content.decode()
        assert 'id="hit"' in page, query
        assert marked in unescape(" ".join(re.findall(r"<mark[^>]*>(.*?)</mark>", page, re.DOTALL))), query
