"""Requests of one library continue each other: what came back is recognised in what is sent next."""

from __future__ import annotations

import itertools
import uuid

import pytest

from sessions_app.content.message_reader import MessageReader
from sessions_app.ingest.links import Links, links_of
from tests.wire.genai.captures import FOLDERS, Call, calls_of

PROJECT = uuid.UUID(int=1)
# LiteLLM's classic callback leaves the id of a tool call out of the answer.
_WITH_CALL_IDS = [folder for folder in FOLDERS if folder != "litellm"]


def links(call: Call) -> Links:
    return links_of(PROJECT, call.record, MessageReader())


def calls_in(folder: str, word: str) -> list[Call]:
    return [call for call in calls_of(folder) if word in call.file and call.record.kind == "llm"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_turns_of_a_conversation_continue_each_other(folder: str) -> None:
    turns = calls_in(folder, "three-turns")
    assert len(turns) == 3
    for before, after in itertools.pairwise(turns):
        assert set(links(after).needs) & set(links(before).provides)
        assert links(after).resent_count > 0


@pytest.mark.parametrize("folder", _WITH_CALL_IDS)
def test_the_call_after_a_tool_continues_the_one_that_called_it(folder: str) -> None:
    first, second = calls_in(folder, "tool-round-trip")[:2]
    assert set(links(second).needs) & set(links(first).provides)


@pytest.mark.parametrize("folder", FOLDERS)
def test_previews_are_what_was_asked_and_answered(folder: str) -> None:
    first = links(calls_in(folder, "three-turns")[0])
    assert first.input_preview == "What is the capital of France?"
    assert first.output_preview.startswith("You asked: What is the capital of France?")
