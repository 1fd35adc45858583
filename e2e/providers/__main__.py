"""How well logsui reads what providers' SDKs really send: `make eval-providers ARGS='bedrock cohere'`.

Starts a logsui of its own, logs every call of the corpus without any id of a session, and judges each by logsui's API
and by the call's page. Prints what is wrong and a table; exits with 1 when anything is wrong.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from bs4 import BeautifulSoup  # noqa: E402
from corpus import CorpusCall, corpus  # noqa: E402
from judge import faults, sessions  # noqa: E402
from running import LOGSUI_PYTHON, ROOT, Logsui  # noqa: E402

MOST_SHOWN = 200


class Reader:
    """A person who is signed in."""

    def __init__(self, logsui: Logsui) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        command = [LOGSUI_PYTHON, "manage.py", "create_sign_in_link"]
        environment = dict(logsui.environment)
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        link = done.stdout.strip()
        form = self._opener.open(link).read().decode()
        if found := re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form):
            self._opener.open(urllib.request.Request(link, f"csrfmiddlewaretoken={found[1]}".encode()))

    def page(self, url: str) -> BeautifulSoup:
        """A page without what only its scripts read."""
        page = BeautifulSoup(self._opener.open(url, timeout=60).read(), "html.parser")
        for script in page.select("script, style"):
            script.decompose()
        return page


def send(logsui: Logsui, call: CorpusCall) -> dict[str, Any]:
    """Log a call and wait until it is digested."""
    headers = {"Authorization": f"Bearer {logsui.api_key}", "Content-Type": "application/json"}
    body = json.dumps([call.log]).encode()
    request = urllib.request.Request(f"{logsui.url}/api/v1/logs?wait=true", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["logs"][0]


def main() -> int:
    started = time.monotonic()
    calls = list(corpus(set(sys.argv[1:])))
    print(
        f"{len(calls)} calls of {len({call.api for call in calls})} APIs, {time.monotonic() - started:.0f} s",
        flush=True,
    )
    wrong: dict[str, list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="logsui-providers-") as folder:
        Path(folder).chmod(0o755)
        logsui = Logsui(Path(folder))
        logsui.command.append("--no-samples")
        logsui.start()
        try:
            logsui.create_key()
            ids = {call.id: send(logsui, call)["id"] for call in calls}
            reader = Reader(logsui)
            session_of = {}
            for call in calls:
                told = logsui.get(f"requests/{ids[call.id]}")
                session_of[call.id] = told["session_id"]
                page = reader.page(told["url"])
                by_id = "previous_response_id" in call.log["request"]
                session = reader.page(logsui.get(f"sessions/{told['session_id']}")["url"]) if by_id else page
                wrong[call.id] += faults(call, told, page, session)
            for call, fault in sessions(calls, session_of):
                wrong[call.id].append(fault)
        finally:
            logsui.stop()
    report(calls, wrong)
    print(f"{time.monotonic() - started:.0f} s")
    return int(any(wrong.values()))


def report(calls: list[CorpusCall], wrong: dict[str, list[str]]) -> None:
    """Each fault once with how often it was seen, then a table."""
    kinds: Counter[tuple[str, str]] = Counter()
    for call in calls:
        stream = "stream" if call.stream else "whole"
        for fault in wrong[call.id]:
            kinds[f"{call.api}, {stream}, {call.form}, {call.conversation.name} {call.number}", fault] += 1
    for (where, fault), _ in list(kinds.items())[:MOST_SHOWN]:
        print(f"  {where}: {fault}")
    if len(kinds) > MOST_SHOWN:
        print(f"  … and {len(kinds) - MOST_SHOWN} more")
    table: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for call in calls:
        table[call.api, "stream" if call.stream else "whole", call.form].append(not wrong[call.id])
    print(f"\n{'API':26}{'form':14}{'right':>8}{'of':>6}")
    for (api, stream, form), rights in table.items():
        print(f"{api:26}{stream + ', ' + form:14}{sum(rights):8}{len(rights):6}")
    right = sum(not wrong[call.id] for call in calls)
    print(f"{'all':40}{right:8}{len(calls):6}")


if __name__ == "__main__":
    sys.exit(main())
