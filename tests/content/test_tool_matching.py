"""Which tool result answers which call, whatever ids they have. No database."""

from __future__ import annotations

from time import thread_time

import pytest

from sessions_app.content.blocks import ContentBlock, Message, OtherBlock, TextBlock, ToolCallBlock, ToolResultBlock
from sessions_app.content.tool_matching import MOST_PIECES, match, pieces
from sessions_app.pages.html.messages import Source
from sessions_app.pages.thread.pairing import Pairing, Reply


def call(arguments: str, call_id: str = "", name: str = "get") -> ToolCallBlock:
    return ToolCallBlock(name, arguments, call_id)


def result(text: str, call_id: str = "", name: str = "") -> ToolResultBlock:
    return ToolResultBlock(call_id, text, name)


def sources(*messages: ContentBlock | list[ContentBlock], first: int = 0) -> list[Source]:
    """A message for each block or list of blocks. Texts are said by the user."""
    found = []
    for place, blocks in enumerate(messages, start=first):
        blocks = blocks if isinstance(blocks, list) else [blocks]
        roles = {ToolCallBlock: "assistant", ToolResultBlock: "tool"}
        found.append(Source(Message(roles.get(type(blocks[0]), "user"), blocks), bytes([place]) * 8, place))
    return found


def pairs_of(*messages: ContentBlock | list[ContentBlock]) -> list[str]:
    """Each result after the arguments of its call, in order of the results."""
    found = match(pieces(sources(*messages)).stream)
    return [f"{call.block.arguments}={result.block.text}" for result, call in sorted(found, key=lambda p: p[0].key)]


THEN = TextBlock("And then?")


def test_results_are_paired_by_id() -> None:
    assert pairs_of([call("a", "1"), call("b", "2")], result("B", "2"), [result("A", "1"), result("?", "9")]) == [
        "b=B",
        "a=A",
    ]


@pytest.mark.parametrize("call_id", ["call_0", "0", "get", ""])
def test_an_id_that_is_used_again_belongs_to_the_nearest_call(call_id: str) -> None:
    turns = [[call("a", call_id), result("A", call_id), THEN], [call("b", call_id), THEN], [call("c", call_id)]]
    assert pairs_of(*turns[0], *turns[1], *turns[2], result("C", call_id, "get")) == ["a=A", "c=C"]


@pytest.mark.parametrize("call_id", ["call_0", "get", ""])
def test_parallel_calls_that_share_an_id_are_answered_in_order(call_id: str) -> None:
    asked: list[ContentBlock] = [call("a", call_id), call("b", call_id)]
    assert pairs_of(asked, result("A", call_id), result("B", call_id)) == ["a=A", "b=B"]


def test_results_that_share_an_id_may_name_their_tool() -> None:
    asked: list[ContentBlock] = [call("a", "0", "get"), call("b", "0", "put")]
    assert pairs_of(asked, result("B", "0", "put"), result("A", "0", "get")) == ["b=B", "a=A"]


def test_results_without_ids_are_paired_by_name_in_order() -> None:
    asked: list[ContentBlock] = [call("a"), call("b", name="put"), call("c", "c1")]
    results = [result(text, name="get") for text in ("A", "C", "more")]
    assert pairs_of(asked, list(results), result("B", name="put")) == ["a=A", "c=C", "b=B"]


def test_an_id_that_no_call_has_is_paired_by_order_if_calls_have_none() -> None:
    assert pairs_of([call("a"), call("b", name="put")], result("A", "x1"), result("B", "x2")) == ["a=A", "b=B"]
    assert pairs_of([call("a"), call("b")], result("A or B", "x1")) == []


def test_ids_that_contradict_are_paired_only_if_there_is_one_way() -> None:
    assert pairs_of(call("a", "one"), result("A", "another")) == ["a=A"]
    assert pairs_of([call("a", "1"), call("b", "2")], result("?", "3"), result("?", "4")) == []


def test_a_second_result_of_a_call_is_no_result_of_another() -> None:
    assert pairs_of([call("a", "1"), call("b", "2")], result("A", "1"), result("again", "1")) == ["a=A"]


def test_what_gateways_append_to_an_id_does_not_count() -> None:
    long = "fc6d6c1a18975b476bb36c6bd8"
    assert pairs_of([call("a", f"{long}__thought__Cik"), call("b", "2")], result("A", long)) == ["a=A"]


def test_a_result_may_stand_before_the_call_of_its_unique_id() -> None:
    assert pairs_of(result("A", "toolu_01A09q90qw90lq917835"), call("a", "toolu_01A09q90qw90lq917835")) == ["a=A"]
    assert pairs_of(result("A", "call_0"), call("b", "call_0")) == []


def test_calls_and_results_of_one_message_are_paired() -> None:
    steps: list[ContentBlock] = [call("a"), result("A"), call("b"), result("B")]
    assert pairs_of(steps) == ["a=A", "b=B"]


def test_many_calls_are_paired_in_linear_time() -> None:
    messages = [block for n in range(MOST_PIECES) for block in (call(str(n), "0"), result(str(n), "0"))]
    start = thread_time()
    assert len(pairs_of(*[[block] for block in messages[:255]], list(messages[256:]))) > MOST_PIECES - 200
    assert thread_time() - start < 2


# --- which call has none ----------------------------------------------------------------------------------------------


def unanswered(pairing: Pairing) -> list[tuple[object, int]]:
    return sorted(pairing.unanswered, key=str)


def test_no_result_is_only_known_once_the_conversation_goes_on() -> None:
    pairing = Pairing()
    pairing.within(sources(THEN, call("a", "1")), is_whole=True)
    assert unanswered(pairing) == []
    pairing.within(sources(THEN, call("a", "1"), call("b", "2"), result("B", "2"), call("c", "3")), is_whole=True)
    assert unanswered(pairing) == [(1, 0)]


def test_of_a_part_of_the_messages_or_unknown_forms_nothing_is_known() -> None:
    pairing = Pairing()
    pairing.within(sources(call("a", "1"), THEN))
    pairing.within(sources(call("a", "1"), OtherBlock({"type": "odd_result"}), THEN), is_whole=True)
    pairing.within(sources(ToolCallBlock("search", by_provider=True), THEN), is_whole=True)
    assert unanswered(pairing) == []


def test_what_an_answer_asked_for_is_missing_if_a_reply_comes_without_it() -> None:
    answer = pieces(sources([call("a", "1"), call("b", "2")], first=10))
    part, whole = (Reply(sources(result("A", "1"), first=20), 1, "#r1", is_whole) for is_whole in (False, True))
    pairing = Pairing()
    pairing.across(answer, [part])
    assert unanswered(pairing) == []
    pairing.across(answer, [whole])
    assert unanswered(pairing) == [(10, 1)]


def test_a_reply_with_calls_of_its_own_keeps_their_results() -> None:
    pairing = Pairing()
    answer = pieces(sources(call("a", "call_0"), first=10))
    again = sources(call("b", "call_0"), result("B", "call_0"), first=20)
    pairing.across(answer, [Reply(again, 1, "#r1")])
    pairing.within(again)
    assert [(key, found.block.text) for key, found in pairing.results.items()] == [((20, 0), "B")]


def test_of_two_different_results_for_a_call_the_first_is_printed_with_it() -> None:
    pairing = Pairing()
    answer = pieces(sources(call("a", "1"), first=1))
    replies = [Reply(sources(result(text, "1"), first=n), 7, "#r7") for n, text in ((2, "one"), (3, "another"))]
    pairing.across(answer, replies)

    assert pairing.results[1, 0].block.text == "one"
    assert list(pairing.calls) == [(2, 0)]
