"""A running logsui to attack, started like `make run`: two projects, their keys, and a signed-in browser."""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

import psutil

from benchmarks.__main__ import free_port
from benchmarks.client import Client
from benchmarks.installation import HOST, Installation

PROJECTS = ("attacker", "bystander")


@dataclass
class Instance:
    """A running installation. `keys`: for each project in PROJECTS, an API key that may ingest and read."""

    installation: Installation
    process: psutil.Process
    keys: dict[str, str] = field(default_factory=dict)

    def client(self, project: str = "bystander") -> Client:
        """A program with its own connection and the key of a project."""
        return Client(HOST, self.installation.port, {"Authorization": f"Bearer {self.keys[project]}"})

    def browser(self) -> Client:
        """A browser with its own connection, signed in as the administrator."""
        link = re.search(r"/sign-in/\S+", self.installation.manage("create_sign_in_link", "--user", "admin"))
        assert link is not None
        cookies = SimpleCookie()
        page = self._send("GET", link[0], cookies)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        self._send("POST", link[0], cookies, f"csrfmiddlewaretoken={token[1]}")
        return Client(HOST, self.installation.port, {"Cookie": _header(cookies)})

    def _send(self, method: str, path: str, cookies: SimpleCookie, form: str | None = None) -> str:
        path = re.sub(r"^https?://[^/]+", "", path)
        connection = http.client.HTTPConnection(HOST, self.installation.port, timeout=30)
        headers = {"Cookie": _header(cookies), "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, form, headers)
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                cookies.load(value)
        return answer.read().decode()


def _header(cookies: SimpleCookie) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())


@contextmanager
def running_instance(**environment: str) -> Iterator[Instance]:
    """A new instance with these environment variables. It is removed afterwards, with its data."""
    with ExitStack() as stack:
        stack.enter_context(changed_environment(environment))
        installation = Installation(free_port(), stack)
        installation.make()
        os.environ.update(environment)
        instance = Instance(installation, psutil.Process())
        for slug in PROJECTS:
            installation.manage("create_project", "--slug", slug, "--name", slug)
            key = ("create_api_key", "--project", slug, "--name", "abuse", "--scopes", "ingest,read,delete")
            instance.keys[slug] = installation.manage(*key).strip()
        # `serve` starts the embedded server itself.
        installation.stop_database()
        instance.process = stack.enter_context(installation.serve())
        yield instance


@contextmanager
def changed_environment(changes: dict[str, str]) -> Iterator[None]:
    """Sets these environment variables, and restores the old ones afterwards."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
