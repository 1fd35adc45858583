"""How long whole pages take, from sending the request to reading the response, on loopback, signed in."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from benchmarks import generator
from benchmarks.client import Answer, Client, timed
from benchmarks.report import Figure, median, percentile
from benchmarks.statements import counted

if TYPE_CHECKING:
    from sessions_app.models import Session

TIMES = 15
MOST_STATEMENTS = 14
MOST_OF_REGIONS = 300
# Milliseconds for each view of a session, by its length, and the addresses of the views.
MOST_OF_SESSION = {200: 60, 2_000: 150}
VIEWS = {"": "", ", waterfall": "?view=waterfall", ", table": "?view=table", ", a line a request": "?dense=1"}
OLDER = re.compile(r'href="([^"]*[?&]before=[^"]*)"')
LATER_PART = re.compile(
    r'hx-get="([^"]+)"[^>]*hx-trigger="[^"]*\bload\b|hx-trigger="[^"]*\bload\b[^>]*hx-get="([^"]+)"'
)


class Pages:
    """Pages of one project, fetched over HTTP by a signed-in browser; SQL statements are counted in this process."""

    def __init__(self, host: str, port: int, slug: str) -> None:
        from django.contrib.auth import get_user_model
        from django.test import Client as TestClient

        from sessions_app.models import Project

        self.project = Project.objects.get(slug=slug)
        self.inside = TestClient()
        self.inside.force_login(get_user_model().objects.get(username="admin"))
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self.inside.cookies.items())
        self.outside = Client(host, port, {"Cookie": cookies})
        # What a page fetches by itself, and forms that change a part of it, are asked for by htmx.
        self.parts = Client(host, port, {"Cookie": cookies, "HX-Request": "true"})

    @property
    def list_path(self) -> str:
        return f"/p/{self.project.slug}/sessions/"

    def session_path(self, key: str) -> str:
        from sessions_app.ids import session_id

        return f"{self.list_path}{session_id(self.project.key, key)}/"

    def session(self, key: str) -> Session:
        from sessions_app.ids import session_id
        from sessions_app.models import Session

        return Session.objects.get(pk=session_id(self.project.key, key))

    def request_path(self, key: str) -> str:
        """The last request of a session, which has the longest input."""
        from sessions_app.ids import session_id
        from sessions_app.models import RequestLog

        logs = RequestLog.objects.filter(session_id=session_id(self.project.key, key))
        return f"/p/{self.project.slug}/requests/{logs.order_by('-started_at').values_list('id', flat=True)[0]}/"

    def list_page_path(self, number: int) -> tuple[str, int]:
        """The path of page `number` of the list, or of its last page; and the number of that page."""
        path = self.list_path
        for reached in range(1, number):
            link = OLDER.search(self.outside.get(path).body.decode())
            if link is None:
                return path, reached
            path = self.resolved(html.unescape(link[1]))
        return path, number

    def resolved(self, link: str) -> str:
        return self.list_path + link if link.startswith("?") else link

    def measure(self, name: str, path: str, most: float | None, note: str = "") -> Iterator[Figure]:
        """The median milliseconds for everything that the first view fetches, and the page's SQL statements."""
        status = self.outside.get(path).status
        if status != 200:
            yield Figure("Read", name, None, "ms", note=f"GET {path} answered {status}")
            return
        yield self.figure(name, lambda: self.first_view(path), most, note)
        yield self.statements(name, path)

    def measure_list(self, name: str, path: str, most: float, note: str = "") -> Iterator[Figure]:
        """The rows, as they are there first, and the regions that the page fetches after them."""
        yield self.figure(name, lambda: self.outside.get(path), most, note)
        regions = f"{name}: totals, histogram, facets"
        yield self.figure(regions, lambda: self.later(self.outside.get(path)), MOST_OF_REGIONS, note)
        yield self.statements(name, path)

    def figure(self, name: str, ask: Callable[[], Answer], most: float | None, note: str) -> Figure:
        answers = timed(ask, TIMES)
        times = [answer.milliseconds for answer in answers]
        size = f"p95 {percentile(times, 0.95):.0f} ms, {len(answers[-1].body) / 1000:,.0f} KB"
        return Figure("Read", name, median(times), "ms", most=most, note=", ".join(filter(None, (size, note))))

    def measure_first(self, name: str, path: str, session: Session, most: float) -> Iterator[Figure]:
        """The same for a session of which the process that answers has read nothing yet. `measure` has the views after
        that: a web process keeps what it has read.
        """
        times = []
        for _ in range(TIMES):
            self.make_unknown(session)
            times.append(self.first_view(path).milliseconds)
        note = f"p95 {percentile(times, 0.95):.0f} ms"
        yield Figure("Read", f"{name}, first view in a process", median(times), "ms", most=most, note=note)
        self.make_unknown(session)
        yield self.statements(f"{name}, first view in a process", path)

    def make_unknown(self, session: Session) -> None:
        """Give a session another revision, as a new request would."""
        session.revision += 1
        session.save(update_fields=["revision"])

    def statements(self, name: str, path: str) -> Figure:
        with counted() as statements:
            self.inside.get(path)
        return Figure("Read", f"{name}: statements", len(statements), "", most=MOST_STATEMENTS)

    def first_view(self, path: str) -> Answer:
        """The page, and everything that it fetches by itself."""
        page = self.outside.get(path)
        later = self.later(page)
        return Answer(page.status, page.body + later.body, page.milliseconds + later.milliseconds)

    def later(self, page: Answer) -> Answer:
        """The parts that a page fetches by itself, as if they were one."""
        parts = [
            self.parts.get(html.unescape(first or second)) for first, second in LATER_PART.findall(page.body.decode())
        ]
        return Answer(page.status, b"".join(part.body for part in parts), sum(part.milliseconds for part in parts))


def measure_pages(pages: Pages, keys: dict[int, str], requests: int) -> Iterator[Figure]:
    at_scale = "" if requests >= 50_000 else "target is for 50,000 requests"
    yield from pages.measure_list("session list, first page", pages.list_path, 15, at_scale)
    path, number = pages.list_page_path(50)
    note = at_scale if number == 50 else f"only {number} pages; {at_scale}"
    yield from pages.measure_list("session list, fiftieth page", path, 30, note)
    for length, key in keys.items():
        most = MOST_OF_SESSION.get(length)
        path = pages.session_path(key)
        for view, query in VIEWS.items() if most else [("", "")]:
            name = f"session of {length:,} requests{view}"
            yield from pages.measure(name, f"{path}{query}", most)
            if most:
                yield from pages.measure_first(name, f"{path}{query}", pages.session(key), most)
    longest = keys[max(length for length in keys if length <= generator.LONGEST)]
    request = pages.request_path(longest)
    yield from pages.measure("request page, the last of 200", request, None)
    yield from pages.measure("whole prompt, the last of 200", f"{request}prompt/", None)
