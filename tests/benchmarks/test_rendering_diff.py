"""What differs between two renderings is told in few lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.rendering_diff import report, texts


def test_it_works(capsys: pytest.CaptureFixture[str]) -> None:
    before = {"same": "a\nb", "page": "title\nold\nend", "gone": ""}
    after = {"same": "a\nb", "page": "title\nnew\nend", "fresh": ""}

    assert report(before, after, 10, 10) == 1
    assert capsys.readouterr().out.split("\n") == [
        *("gone: gone", "new: fresh", "", "== page", "  -old", "  +new", ""),
        *("3 answers before, 3 after, 1 differ", ""),
    ]


def test_nothing_differs(capsys: pytest.CaptureFixture[str]) -> None:
    assert report({"a": "x"}, {"a": "x"}, 10, 10) == 0
    assert capsys.readouterr().out == "\n1 answers before, 1 after, 0 differ\n"


def test_output_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    report({str(n): "old\n" * 50 for n in range(30)}, {str(n): "y" * 5_000 for n in range(30)}, 3, 4)

    said = capsys.readouterr().out
    assert said.count("== ") == 3
    assert "30 differ; the first 3 are shown" in said
    assert len(said) < 3_000


def test_lines_that_look_like_heads_of_a_difference_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    report({"sql": "-- a comment\n"}, {"sql": "++ another\n"}, 10, 10)

    assert "  --- a comment\n  +++ another\n" in capsys.readouterr().out


def test_hashes_of_static_files_do_not_count(tmp_path: Path) -> None:
    for name, digest in (("one", "0123456789ab"), ("other", "ba9876543210")):
        (tmp_path / name).write_text(f'<link href="/static/css/logsui.{digest}.css">')

    assert texts(tmp_path)["one"] == texts(tmp_path)["other"] == '<link href="/static/css/logsui.css">'


@pytest.mark.parametrize("text", ['<div data-revision="{}" data-requests="5">', '{{"revision": {}, "requests": 5}}'])
def test_times_at_which_sessions_were_stored_do_not_count(tmp_path: Path, text: str) -> None:
    for name, revision in (("one", 1795872892466037), ("other", 1795872886927821)):
        (tmp_path / name).write_text(text.format(revision))

    assert texts(tmp_path)["one"] == texts(tmp_path)["other"] == text.format("")
