"""How much code one page and one payload run through: `python -m benchmarks.reach` prints it as JSON.

Each session of the samples is opened, and each payload of tests/payloads/litellm is accepted and digested. Counted are
functions of logsui/ and sessions_app/ that are called, each once, and the modules that they are in. benchmarks/house.py
runs this file in the trees of other commits too: it uses little that might have another name there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.__main__ import free_port
from benchmarks.installation import ROOT, Installation

PAYLOADS = ROOT / "tests" / "payloads" / "litellm"
OURS = (str(ROOT / "logsui") + "/", str(ROOT / "sessions_app") + "/")
Functions = set[tuple[str, str]]


def main() -> int:
    with ExitStack() as stack:
        installation = Installation(free_port(), stack)
        installation.make()
        import django

        django.setup()
        print(json.dumps({"page": page_reach(), "payload": payload_reach()}))
    return 0


def page_reach() -> dict[str, list[int]]:
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    from sessions_app.models import Project, Session

    call_command("load_samples", "--wait", stdout=StringIO())
    client = Client()
    client.force_login(get_user_model().objects.filter(is_superuser=True)[0])

    def open_page(session_id: Any) -> None:
        assert client.get(f"/p/demo/sessions/{session_id}/").status_code == 200

    demo = Project.objects.get(slug="demo")
    ids = Session.objects.filter(project_id=demo.pk).order_by("id").values_list("id", flat=True)
    return summary(functions_called(lambda found=found: open_page(found)) for found in list(ids))


def payload_reach() -> dict[str, list[int]]:
    from django.core.management import call_command
    from django.test import Client

    from sessions_app.ingest.digest import digest_until_empty

    key = StringIO()
    call_command("create_api_key", "--project", "demo", "--name", "reach", stdout=key)
    client = Client(headers={"authorization": f"Bearer {key.getvalue().strip()}"})

    def send(path: Path) -> None:
        answer = client.post("/api/v1/litellm", path.read_bytes(), content_type="application/json")
        assert answer.status_code in (200, 202), (path, answer.content)
        digest_until_empty()

    return summary(
        functions_called(lambda path=path: send(path))
        for path in sorted(PAYLOADS.glob("*.json"))
        if path.name != "expected.json"
    )


def functions_called(work: Callable[[], None]) -> Functions:
    """Which functions of ours run, as their file and name. Generators and comprehensions belong to what they are in."""
    found: Functions = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "call" and not code.co_name.startswith("<") and code.co_filename.startswith(OURS):
            found.add((code.co_filename, code.co_qualname))

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def summary(runs: Iterable[Functions]) -> dict[str, list[int]]:
    """Functions and modules of one in the middle, and of all together."""
    all_runs = list(runs)
    middle = sorted(all_runs, key=len)[len(all_runs) // 2]
    return {"one": count(middle), "all": count(set().union(*all_runs))}


def count(functions: Functions) -> list[int]:
    return [len(functions), len({path for path, _ in functions})]


if __name__ == "__main__":
    sys.exit(main())
