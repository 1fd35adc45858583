"""How to send the first request: a key, snippets with this server's address, and a card that waits for a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.utils import timezone

from sessions_app.access import rights
from sessions_app.access.keys import create_key
from sessions_app.models import Project
from sessions_app.pages.shell import changes, project_page, render_page
from sessions_app.queries import arrivals
from sessions_app.queries.projects import find_project

KEY_NAME = "first app"
PLACEHOLDER = "YOUR_KEY"
# Ways to call models: the tabs of the snippets.
VIAS = ("proxy", "otel", "sdk", "curl", "py")
LOCAL_NAMES = {"localhost", "127.0.0.1", "[::1]"}
# A log that waits longer than this was not digested in time: the page says so.
PATIENCE = timedelta(seconds=5)
# A log that was rejected shortly before the page was opened is shown too.
LOOK_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Library:
    """A library that exports OpenTelemetry. Its two snippets are in templates/snippets/otel: settings and a program.

    docs/opentelemetry.md has the same snippets, and the end-to-end tests run them.
    """

    slug: str
    title: str
    program: str = "app.py"

    @property
    def shell_file(self) -> str:
        return f"snippets/otel/{self.slug}.sh"

    @property
    def program_file(self) -> str:
        return f"snippets/otel/{self.slug}.{self.program.rpartition('.')[2]}"


LIBRARIES = (
    Library("opentelemetry", "OpenTelemetry"),
    Library("auto", "OpenTelemetry, without code"),
    Library("openinference", "OpenInference"),
    Library("openllmetry", "OpenLLMetry"),
    Library("langfuse", "Langfuse"),
    Library("pydantic_ai", "Pydantic AI"),
    Library("logfire", "Logfire"),
    Library("openai_agents", "OpenAI Agents"),
    Library("strands", "Strands"),
    Library("google_adk", "Google ADK"),
    Library("litellm", "LiteLLM SDK"),
    Library("ai_sdk_7", "AI SDK 7", "app.mjs"),
    Library("ai_sdk_6", "AI SDK 6", "app.mjs"),
    Library("openllmetry_js", "OpenLLMetry for Node", "app.mjs"),
)


@project_page
@changes(rights.MAKE_KEYS, all_may_read=True)
def onboarding_page(request: HttpRequest, project: Project) -> HttpResponse:
    """The steps. A POST creates a key; only its answer shows the key, also in the snippets that were chosen before."""
    secret = None
    if request.method == "POST":
        _, secret = create_key(project, KEY_NAME, ["ingest"], request.user)
    context = _arrival(project, timezone.now()) | {
        "secret": secret,
        "key": secret or PLACEHOLDER,
        "base": f"{request.scheme}://{request.get_host()}",
        "via": _chosen(request, "via", VIAS),
        "libraries": LIBRARIES,
        "chosen": _chosen(request, "library", [library.slug for library in LIBRARIES]),
        "demo": _demo_beside(project),
        "is_local": split_domain_port(request.get_host())[0] in LOCAL_NAMES,
    }
    response = render_page(request, "onboarding.html", context, project)
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


def _demo_beside(project: Project) -> Project | None:
    """The project with the sample sessions, if there is one: it shows what will be seen."""
    return find_project("demo") if project.slug != "demo" else None


def _chosen(request: HttpRequest, name: str, values: Sequence[str]) -> str:
    """What was chosen when the key was asked for; else the first value."""
    value = request.POST.get(name, "")
    return value if value in values else values[0]


@project_page
def waiting(request: HttpRequest, project: Project) -> HttpResponse:
    """Only the card, which htmx loads again and again until a request has arrived."""
    context = {"project": project} | _arrival(project, _since(request))
    return render(request, "_waiting.html", context)


def _since(request: HttpRequest) -> datetime:
    """When the page began to wait: the card sends it along."""
    try:
        return datetime.fromtimestamp(int(request.GET.get("since", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return timezone.now()


def _arrival(project: Project, since: datetime) -> dict[str, Any]:
    arrived = arrivals.newest_session(project)
    if arrived:
        return {"arrived": arrived}
    waits_since = arrivals.undigested_since()
    late = waits_since if waits_since and timezone.now() - waits_since > PATIENCE else None
    return {"since": since, "refused": arrivals.newest_refusal(project, since - LOOK_BACK), "undigested_since": late}
