"""What others cut or hid is recognised, with its size; ordinary texts are left alone."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sessions_app.content import omissions
from sessions_app.content.blocks import MediaBlock, text_of
from sessions_app.content.messages import read_message
from sessions_app.content.omissions import Cut, find_cuts
from tests.wire.litellm_payloads import records_of

DATABASE_NOTE = (
    "Truncation is a DB storage safeguard. "
    "Full, untruncated data is logged to logging callbacks (OTEL, Datadog, etc.). "
    "To increase the truncation limit, set `MAX_STRING_LENGTH_PROMPT_IN_DB` in your env."
)


def only(text: str) -> Cut:
    (cut,) = find_cuts(text)
    return cut


def test_it_works() -> None:
    text = "data:image/png;base64,[base64_data truncated: 4.3KB]"
    cut = only(text)
    assert text[cut.start : cut.end] == "[base64_data truncated: 4.3KB]"
    assert cut.what == omissions.BASE64
    assert cut.sentence == "LiteLLM left out about 4.3 KB of encoded media here."
    assert "MAX_BASE64_LENGTH_FOR_LOGGING=0" in cut.switch_off


@pytest.mark.parametrize(("size", "said"), [("720B", "720 B"), ("1.50MB", "1.50 MB"), ("2.00GB", "2.00 GB")])
def test_sizes_of_encoded_media(size: str, said: str) -> None:
    assert f"about {said} of encoded media" in only(f"[base64_data truncated: {size}]").sentence


@pytest.mark.parametrize(
    "mark",
    [
        f"... (litellm_truncated skipped 8015 chars. {DATABASE_NOTE}) ...",
        "... (litellm_truncated skipped 8015 chars) ...",
        "... (litellm_truncated 8015 chars)",
    ],
)
def test_marks_of_the_spend_log(mark: str) -> None:
    text = f"beginning{mark} end (really) ..."
    cut = only(text)
    assert text[cut.start : cut.end] == mark
    assert cut.what == omissions.MIDDLE
    assert "8,015 characters" in cut.sentence
    assert "MAX_STRING_LENGTH_PROMPT_IN_DB" in cut.switch_off


@pytest.mark.parametrize("text", ["redacted-by-litellm", '{"arguments": "redacted-by-litellm"}', "REDACTED_BY_LITELM"])
def test_redaction(text: str) -> None:
    cut = only(text)
    assert cut.what == omissions.REDACTED
    assert "turn_off_message_logging" in cut.switch_off


def test_data_in_json_is_cut_as_a_value() -> None:
    for text in ('{"data": "[base64_data truncated: 1KB]"}', r'"{\"data\": \"[base64_data truncated: 1KB]\"}"'):
        assert only(text).what == omissions.BASE64


@pytest.mark.parametrize("text", ["MaxDepthExceeded", '{"d": {"d": "MaxDepthExceeded"}}'])
def test_depth(text: str) -> None:
    cut = only(text)
    assert cut.what == omissions.DEPTH
    assert "100 levels" in cut.sentence


def test_masks_of_a_guardrail() -> None:
    cut = only("My mail is [EMAIL_REDACTED], please")
    assert cut.what == omissions.MASKED
    assert "(email)" in cut.sentence


def test_claude_codes_60_kb() -> None:
    cut = only("x" * 100 + "\n\n[TRUNCATED - Content exceeds 60KB limit]")
    assert cut.what == omissions.END
    assert cut.sentence.startswith("Claude Code")
    assert "OTEL_LOG_RAW_API_BODIES=file:" in cut.switch_off


def test_hidden_values() -> None:
    assert only(" <REDACTED>\n").what == omissions.REDACTED
    assert find_cuts("the <REDACTED> report") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "an ordinary text",
        "Why does LiteLLM write redacted-by-litellm into my logs?",
        "The error MaxDepthExceeded means that",
        "[base64_data truncated: lots]",
        "What does [base64_data truncated: 4.3KB] mean?",
        "My log has (litellm_truncated 12 chars) in it",
        "(litellm_truncated",
        "[_REDACTED] [x_REDACTED]",
        "TRUNCATED",
    ],
)
def test_texts_about_marks_are_no_marks(text: str) -> None:
    assert find_cuts(text) == []


def test_several_marks_are_in_order() -> None:
    text = (
        "[CARD_REDACTED] a base64,[base64_data truncated: 1.0KB] b "
        "... (litellm_truncated skipped 5 chars) ... [NAME_REDACTED]"
    )
    found = find_cuts(text)
    assert [cut.what for cut in found] == [omissions.MASKED, omissions.BASE64, omissions.MIDDLE, omissions.MASKED]
    assert all(before.end <= after.start for before, after in pairwise(found))


def test_marks_in_captured_payloads() -> None:
    def texts(file: str, index: int = 0) -> list[str]:
        record = records_of(file)[index]
        blocks = [block for raw in record.document.input.contents for block in read_message(raw).blocks]
        return [block.url if isinstance(block, MediaBlock) else text_of(block) for block in blocks]

    (_, image) = texts("image-input-base64-data-url.json")
    assert only(image).what == omissions.BASE64
    assert only(texts("redaction-per-request-header.json")[0]).what == omissions.REDACTED
    assert only(texts("guardrail-mask-and-block.json")[0]).what == omissions.MASKED
    nested = str(records_of("deeply-nested-and-wide.json")[0].document.context.contents[0], "utf-8")
    assert [cut.what for cut in find_cuts(nested)] == [omissions.DEPTH]


def test_hostile_texts_are_searched_in_one_pass() -> None:
    for text in (
        "(litellm_truncated" * 50_000,
        "(litellm_truncated skipped 1 chars" + "(" * 500_000,
        "[A" * 300_000 + "_REDACTED]",
    ):
        assert len(find_cuts(text)) <= 1
