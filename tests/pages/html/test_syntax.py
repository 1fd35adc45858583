"""Code in several inks, of any language and any text."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pages.html import markdown, syntax
from sessions_app.pages.html.syntax import in_inks, language_named, lines_in_inks
from sessions_app.pages.html.syntax_words import KEYWORDS, LANGUAGES

# What begins something in one language or another, and may never end.
ODD = ['"', "'", "`", '"""', "/*", "*/", "\\", "<!--", '<a b="', "- a", "a:", "[", "1e", "0x", "@", "#", "--[[", "{-",
       "\n", "\t", "def ", "+", "$", ";", "=", "x", "\u00e9"]  # fmt: skip


def said(page: str) -> str:
    return html.unescape(re.sub(r'</?span(?: class="\w+")?>', "", page))


def test_it_works() -> None:
    found = in_inks('def add(a):\n    return f"{a}" + 1  # more', "Python")
    assert found == (
        '<span class="k">def</span> <span class="w">add</span>(a):\n    <span class="k">return</span> '
        'f<span class="s">&quot;{a}&quot;</span> + <span class="n">1</span>  <span class="c"># more</span>'
    )


def test_a_text_goes_over_several_lines() -> None:
    first, second, third = lines_in_inks(['x = """<b>', 'two"""', "if x:"], "Python")
    assert first.endswith('<span class="s">&quot;&quot;&quot;&lt;b&gt;</span>')
    assert second == '<span class="s">two&quot;&quot;&quot;</span>'
    assert third == '<span class="k">if</span> x:'


@pytest.mark.parametrize(
    ("language", "code", "ink"),
    [
        ("JavaScript", "const a = b.in", '<span class="k">const</span> a = b.in'),
        ("Rust", "fn a<'b>", '<span class="k">fn</span> <span class="w">a</span>&lt;&#x27;b&gt;'),
        ("SQL", "Select 'it''s'", '<span class="k">Select</span> <span class="s">&#x27;it&#x27;</span>'),
        ("YAML", "- name: 'a'", '- <span class="k">name</span>: <span class="s">&#x27;a&#x27;</span>'),
        ("HTML", '<p class="a">in</p>', '<span class="s">&quot;a&quot;</span><span class="k">&gt;</span>in<'),
        ("diff", "+a\n-b", '<span class="add">+a</span>\n<span class="del">-b</span>'),
        ("JSON", '{"a": 1}', '<span class="k">&quot;a&quot;</span><span class="p">:</span> <span class="n">1</span>'),
    ],
)
def test_languages_differ(language: str, code: str, ink: str) -> None:
    assert ink in in_inks(code, language)


@pytest.mark.parametrize(
    ("language", "code", "comment"),
    [
        ("Rust", "/* a /* b */ 'c */ let x", "/* a /* b */ 'c */"),
        ("Swift", "/*/* x */\n*/ let x", "/*/* x */\n*/"),
        ("Kotlin", '/** a "/* " */ b */ val x', '/** a "/* " */ b */'),
        ("Haskell", "{- a {- b -} c -} let x", "{- a {- b -} c -}"),
        ("Rust", "/* never /* ends */ let", "/* never /* ends */ let"),
        ("Java", "/* a /* b */ int x", "/* a /* b */"),
        ("Rust", "// a /* b\nlet x", "// a /* b"),
    ],
)
def test_comments_stand_in_comments_where_the_language_has_it_so(language: str, code: str, comment: str) -> None:
    drawn = in_inks(code, language)
    assert drawn.startswith(f'<span class="c">{html.escape(comment)}</span>')
    assert drawn.endswith("</span>") == (comment == code)
    lines = lines_in_inks(code.split("\n"), language)
    assert said("\n".join(lines)) == code


@given(st.lists(st.sampled_from(ODD), max_size=30).map("".join), st.sampled_from(sorted({*LANGUAGES.values(), "diff"})))
def test_no_character_is_lost(text: str, language: str) -> None:
    assert said(in_inks(text, language)) == text
    assert said("\n".join(lines_in_inks(text.split("\n"), language))) == text


def test_long_texts_have_one_ink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "MOST_TOKENS", 2)
    assert in_inks("if if if <", "Python") == '<span class="k">if</span> <span class="k">if</span> if &lt;'
    monkeypatch.setattr(syntax, "MOST_CHARS", 5)
    assert in_inks("if if <", "Python") == "if if &lt;"


def test_a_block_of_code_names_its_language() -> None:
    assert [language_named(name) for name in ("py", "Python title=a", "c++", "", "zig")] == [
        *("Python", "Python", "C++", "", "")
    ]
    page = markdown.render("```ts\nlet a = '<b>'\n```\n\n```zig\nlet a\n```")
    assert '<span class="k">let</span> a = <span class="s">\'&lt;b&gt;\'</span>' in page
    assert "<code>let a\n</code>" in page


def test_each_keyword_stands_once() -> None:
    for words in KEYWORDS.values():
        assert len(set(words.split())) == len(words.split())
