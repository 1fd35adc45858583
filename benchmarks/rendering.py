"""`python -m benchmarks.rendering FOLDER`: every page and API answer of the sample sessions, as files to compare.

Two runs of the same code write the same files, so the difference between two commits is what a user would notice:
`diff -r before after`. Project key, times and the clock are fixed; tokens that are new for each page are taken out.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import re
import sys
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from benchmarks.__main__ import free_port
from benchmarks.installation import Installation

ANCHOR = datetime(2026, 11, 2, 12, tzinfo=UTC)
PROJECT_KEY = uuid.UUID("6f1c8f0e-2f0a-4c54-9a3e-0d6a3f6b7c11")
STARTS = ("/p/demo/sessions/", "/p/demo/settings/keys/", "/p/demo/settings/traces/", "/p/demo/start/", "/api/v1/schema")
# Pages that change something, or show the same page in another order.
LEFT_OUT = re.compile(
    r"/(correct|split|undo|revoke|logout|theme)/|[?&](cursor|after|before|order|sort|download)=|from="
)
MOST_ADDRESSES = 4_000
_LINK = re.compile(r'(?:href|hx-get|src|data-url)="(/[^"]*)"')
_TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value="|X-CSRFToken[^:]*: ?(?:&quot;|"))[^"&]*')


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rendering", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the files go; it must not exist yet")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        installation = Installation(free_port(), stack)
        installation.make()
        import django

        django.setup()
        load_samples()
        count = 0
        for address, text in answers():
            (folder / file_name(address)).write_text(text, encoding="utf-8", errors="backslashreplace")
            count += 1
    print(f"{count:,} answers in {folder}")
    return 0


def load_samples() -> None:
    """The samples, loaded at a fixed time into a project with a fixed key, and digested by one digester."""
    from django.db import connection

    from sessions_app.models import Project
    from sessions_app.samples import all_samples, bodies
    from sessions_app.samples.loading import put, settle

    Project.objects.filter(slug="demo").delete()
    project = Project.objects.create(slug="demo", name="Demo", key=PROJECT_KEY)
    for sample in reversed(all_samples()):
        for body in bodies(sample, ANCHOR):
            put(project, sample, body)
    settle(project)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE request_log SET received_at = greatest(started_at, ended_at) + interval '2 s'")


def answers() -> Iterator[tuple[str, str]]:
    """URLs with their responses as text: everything that links from STARTS reach, and the API."""
    import time_machine
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.get(username="admin"))
    with time_machine.travel(ANCHOR + timedelta(minutes=5), tick=False):
        for address in (*reachable(client), *api_addresses(client)):
            yield address, text_of(client.get(address))


def reachable(client: Any) -> list[str]:
    """The URLs of pages and partials, each once."""
    seen, waiting = dict.fromkeys(STARTS), deque(STARTS)
    while waiting and len(seen) < MOST_ADDRESSES:
        address = waiting.popleft()
        response = client.get(address)
        if not response.get("Content-Type", "").startswith("text/html"):
            continue
        for found in _LINK.findall(response.content.decode()):
            link = urljoin(address, html.unescape(found)).partition("#")[0]
            if link.startswith("/p/demo/") and not LEFT_OUT.search(link) and link not in seen:
                seen[link] = None
                waiting.append(link)
    return list(seen)


def api_addresses(client: Any) -> Iterator[str]:
    sessions = "/api/v1/sessions?project=demo&limit=100"
    yield sessions
    for session in client.get(sessions).json()["results"]:
        yield f"/api/v1/sessions/{session['id']}"
        requests = f"/api/v1/sessions/{session['id']}/requests?include=steps"
        yield requests
        for request in client.get(requests).json()["results"]:
            yield f"/api/v1/requests/{request['id']}"


def text_of(response: Any) -> str:
    """Status, type and body, with one element or JSON member per line, so that differences are short."""
    kind = response.get("Content-Type", "")
    head = f"{response.status_code} {kind} {response.get('Location', '')}".rstrip()
    body = response.getvalue().decode("utf-8", "backslashreplace")
    if kind.startswith("text/html"):
        body = re.sub(r">\s*<", ">\n<", _TOKEN.sub(r"\1…", body))
    elif "json" in kind:
        body = json.dumps(json.loads(body), indent=1, ensure_ascii=False)
    return f"{head}\n{body}\n"


def file_name(address: str) -> str:
    """A file name that shows the URL and is short enough for every file system."""
    parts = urlsplit(address)
    name = quote(parts.path.strip("/") + (f"?{parts.query}" if parts.query else ""), safe="=&?").replace("%2F", "~")
    return name if len(name) < 200 else name[:160] + uuid.uuid5(uuid.NAMESPACE_URL, address).hex


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logsui.settings")
    sys.exit(main())
