"""What real libraries export becomes the sessions and requests that the model server saw."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.genai.captures import FILES, FOLDERS, Call, calls_of, expected_of, groups_of, said

# Zero and unknown say the same of these.
_DETAILS = ("cached_input_tokens", "cache_write_tokens", "reasoning_tokens")
_EXACT = ("input_tokens", "output_tokens", "first_user_text", "last_user_text", "output_text", "tool_calls", "status")
# One call is there twice, and nothing on its spans says so; the second is the one that fails.
_TWICE = {"openllmetry": 1}
# Only the provider's own span reports this call, which has no messages.
_WITHOUT_CONTENT = {("openllmetry/07-anthropic.json", True)}


def expected_groups(folder: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """The expected sessions; those without an id have the name `trace`."""
    expected = expected_of(folder)
    groups = list(expected["sessions"].items())
    groups += [("trace", rows) for rows in expected.get("unsessioned", {}).values()]
    separate = expected.get("unsessioned_separate_traces", {}).values()
    return groups + [("trace", [row]) for rows in separate for row in rows]


def differences(folder: str, call: Call, row: dict[str, Any]) -> list[str]:
    """In which fields a request is not what is expected, but for what the spans do not carry."""
    gaps = expected_of(folder).get("known_gaps", [])
    actual = said(call)
    wrong = [name for name in _EXACT if actual[name] != row[name]]
    wrong += [name for name in _DETAILS if (actual[name] or 0) != (row[name] or 0)]
    wrong += ["model"] if row["model"] not in _models(actual) else []
    says_served = actual["response_model"] != actual["model"]
    wrong += ["response_model"] if says_served and row["response_model"] not in (None, actual["response_model"]) else []
    wrong += ["error"] if (row["error"] or "") not in (actual["error"] or "") else []
    is_failed, is_cut = row["status"] == "error", any("dropped" in text for text in call.record.problems)
    if (call.file, row["stream"]) in _WITHOUT_CONTENT:
        wrong = [name for name in wrong if not name.endswith("_text")]
    return [
        f"{name}: {actual[name]!r}, expected {row[name]!r}"
        for name in wrong
        if not (
            name in gaps
            or (is_failed and f"failed_call_{name}" in gaps)
            or (is_cut and f"truncated_{name}" in gaps)
            or (row["operation"] == "embeddings" and "embedding_text" in gaps and name.endswith("user_text"))
            or (row["operation"] == "embeddings" and name == "output_tokens" and not actual[name])
            or (row["operation"] == "embeddings" and name in ("output_text", "tool_calls"))
        )
    ]


def _models(actual: dict[str, Any]) -> tuple[str, ...]:
    """The model's name as it is, or without the provider before it; a library may know the served one alone."""
    names = (actual["model"], actual["response_model"])
    return (*names, *(name.rpartition("/")[2] for name in names), *(name.rpartition("-20")[0] for name in names))


def matched(folder: str) -> list[tuple[Call, dict[str, Any]]]:
    """Each request with its expected row; groups without an id are told apart by what they say."""
    groups = groups_of(folder)
    named = {key: calls for key, calls in groups.items() if not key.startswith("trace ")}
    traces = [calls for key, calls in groups.items() if key.startswith("trace ")]
    pairs: list[tuple[Call, dict[str, Any]]] = []
    for key, rows in expected_groups(folder):
        if key != "trace":
            calls = named.pop(key)
        else:
            calls = next(c for c in traces if len(c) == len(rows) and not differences(folder, c[0], rows[0]))
            traces.remove(calls)
        assert len(calls) == len(rows) + _TWICE.get(folder, 0) * ("anthropic" in key), key
        pairs += zip(calls, rows, strict=False)
    assert not named
    assert not traces
    return pairs


@pytest.mark.parametrize("folder", FOLDERS)
def test_sessions_are_the_expected_ones(folder: str) -> None:
    assert {id(call) for call, _ in matched(folder)} <= {id(call) for call in calls_of(folder)}


@pytest.mark.parametrize("file", [file for file in FILES if "-logs" not in file])
def test_requests_of_a_file_say_what_the_model_server_saw(file: str) -> None:
    folder = file.partition("/")[0]
    found = [(call, row) for call, row in matched(folder) if call.file == file]
    wrong = {call.record.span_id: differences(folder, call, row) for call, row in found}
    assert not {span_id: fields for span_id, fields in wrong.items() if fields}
