"""The OpenAPI document, and the API tried against it by schemathesis."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, Phase, settings, strategies
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from logsui.wsgi import application
from sessions_app.api import schema
from sessions_app.ingest import corrections
from sessions_app.ingest.digest import digest_until_empty
from sessions_app.models import Correction, Project, RequestLog
from sessions_app.wire import native
from tests.api.conftest import log

pytestmark = pytest.mark.django_db


def bounded(*phases: Phase, examples: int) -> settings:
    """The same cases in every run. `Phase.explicit` are schemathesis's own for each member and limit."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )


# Most texts are no query.
QUERIES = ["", "robot", '"a robot" -cat* model:o3,gpt-4o', "cost:>0.1 has:error in:user 東京", "metadata.a.b:1"]
schemathesis.openapi.format("search", strategies.sampled_from(QUERIES))
# No cursor can be made up; the empty one is that of the first page.
schemathesis.openapi.format("cursor", strategies.just(""))
API = schemathesis.openapi.from_wsgi("/api/v1/schema", application)


@pytest.fixture(autouse=True)
def one_connection(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's transaction outlives the requests that are made in it. No digester runs beside it."""
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)
    monkeypatch.setattr("sessions_app.api.logs.WAIT_SECONDS", 0)
    monkeypatch.setattr("sessions_app.api.export.in_threads", lambda pieces: pieces)


@API.exclude(method="POST").parametrize()
@bounded(Phase.explicit, Phase.generate, examples=15)
def test_operations_to_read_do_as_described(case: Any, key: str) -> None:
    # That `from` must not be after `to` is beyond what a schema can say.
    both = {"from", "to"} <= set(case.query or {})
    checks = [positive_data_acceptance] if both else []
    # An empty parameter is as none.
    checks += [negative_data_rejection] if any(value in ("", [], [""]) for value in (case.query or {}).values()) else []
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, excluded_checks=checks)


# A log has so many members that a case for each and its limits, in three forms of body, are thousands.
@API.include(method="POST", path_regex="^/api/").parametrize()
@bounded(Phase.generate, examples=40)
def test_operations_to_write_do_as_described(case: Any, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    response = case.call_and_validate(headers=headers, excluded_checks=[negative_data_rejection])
    # Of several logs the good ones are taken; the answer says what is wrong with the others.
    if not (response.status_code < 300 and response.json().get("rejected")):
        case.validate_response(response, checks=[negative_data_rejection])


@API.include(method="POST", path_regex="^/v1/").parametrize()
@bounded(Phase.generate, examples=40)
def test_operations_of_opentelemetry_do_as_described(case: Any, key: str) -> None:
    # Whatever of an export can be kept is kept, and said in the answer.
    checks = [negative_data_rejection]
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, excluded_checks=checks)


@API.include(method="GET", path_regex="_id").parametrize()
@bounded(Phase.generate, examples=10)
def test_answers_about_what_is_stored_are_as_described(case: Any, key: str, correction: Correction) -> None:
    case.path_parameters = {
        "session_id": str(correction.source_session_id),
        "request_id": str(RequestLog.objects.get(request_id="r1").pk),
        "correction_id": correction.pk,
    }
    # The ids are right, whatever made the case a negative one.
    checks = [negative_data_rejection]
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, excluded_checks=checks)


def described(name: str) -> dict[str, Any]:
    """A resource's schema."""
    found: dict[str, Any] = schema.document()["components"]["schemas"][name]
    return found


@pytest.fixture
def stored(store: Callable[..., None], post: Callable[..., Any]) -> RequestLog:
    """A request that has every member, in a session with one that has none."""
    store(
        log(trace_id="s", request_id="least", request={"x": 1}, response=None, user=None, tags=None, cost=None),
        log(trace_id="s", status_code=500, error={"type": "t", "message": "m"}, first_token_at="2026-11-20T10:00:01Z"),
    )
    return RequestLog.objects.get(request_id="r1")


@pytest.fixture
def correction(project: Project, stored: RequestLog) -> Correction:
    return corrections.move_requests(project, [stored.pk], None, "alice")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/sessions",
        "/api/v1/sessions/{session}",
        "/api/v1/sessions/{session}/insights",
        "/api/v1/sessions/{session}/requests?include=insights",
        "/api/v1/requests/{request}?include=insights",
        "/api/v1/sessions.jsonl?include=insights",
    ],
)
def test_answers_have_no_member_that_is_not_described(client: Client, stored: RequestLog, path: str) -> None:
    response = client.get(path.format(session=stored.session_id, request=stored.id))
    answer = json.loads(response.getvalue())
    shape = described("RequestWithDocuments" if "/requests/{" in path else "Request")
    if "requests" not in path:
        name = "ExportedSession" if "jsonl" in path else "SessionInsights" if "/insights" in path else "Session"
        shape = described(name)

    for item in answer.get("results", [answer]):
        assert list(item) == list(shape["properties"])
        # What is included on demand.
        assert set(shape["required"]) == set(item) - {"insights"}


def test_operations_have_names_of_their_own() -> None:
    names = [one["operationId"] for methods in schema.document()["paths"].values() for one in methods.values()]
    assert len(set(names)) == len(names)
    assert {"list_requests", "list_all_requests", "export_sessions"} <= set(names)


def test_bodies_have_as_many_members_as_are_described() -> None:
    """What the native format knows is described, and nothing else."""
    assert set(described("Log")["properties"]) == native.KNOWN_MEMBERS


def test_examples_are_accepted(client: Client) -> None:
    for path, example in (("logs", described("Logs")["example"]), ("litellm", described("LiteLLMPayloads")["example"])):
        answer = client.post(f"/api/v1/{path}", json.dumps(example), content_type="application/json").json()
        assert answer == {"accepted": 1, "rejected": []}
    assert digest_until_empty().new == 2


def test_example_of_an_export_is_accepted(client: Client) -> None:
    answer = client.post("/v1/traces", json.dumps(described("Traces")["example"]), content_type="application/json")

    assert answer.json() == {}
    assert digest_until_empty().new == 1


def test_document_is_for_all_and_json() -> None:
    response = Client().get("/api/v1/schema")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["openapi"].startswith("3.1")
    assert Client().post("/api/v1/schema").json()["error"]["type"] == "method_not_allowed"


def test_page_describes_every_operation_and_shape() -> None:
    response = Client().get("/api/v1/docs")

    text = response.content.decode()
    assert response.status_code == 200
    for path in Client().get("/api/v1/schema").json()["paths"]:
        assert path in text
    for name in schema.document()["components"]["schemas"]:
        assert f'id="{name}"' in text
    assert "style=" not in text
    assert "<script>" not in text
