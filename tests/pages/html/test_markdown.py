"""Strangers' Markdown: what it may show, and that it can do nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.pages.html import markdown

TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "div", "span", "a", "blockquote", "ul", "ol", "li"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"href", "title", "rel", "target", "class", "tabindex", "start", "data-align", "dir"}


class Reader(HTMLParser):
    """Collects what a browser would see: tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(str(html))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == "a"]


def test_it_works() -> None:
    html = markdown.render("# Title\n\nSome **bold** and `code`.\n\n1. one\n2. two\n\n> quoted\n\n~~gone~~")

    assert "<h3>Title</h3>" in html
    for expected in ("<strong>bold</strong>", '<code dir="ltr">code</code>', "<ol>", "<blockquote>", "<s>gone</s>"):
        assert expected in html


def test_headings_shift_down_by_two_and_end_at_six() -> None:
    html = markdown.render("# a\n\n## b\n\n##### c\n\n###### d")
    assert re.findall(r"<h(\d)>", html) == ["3", "4", "6", "6"]


def test_link_names_its_target_and_tells_it_nothing() -> None:
    (link,) = Reader(markdown.render("[click here](https://evil.example/a?b=c)")).links()

    assert link["href"] == link["title"] == "https://evil.example/a?b=c"
    assert set((link["rel"] or "").split()) >= {"noopener", "noreferrer", "nofollow"}
    assert link["target"] == "_blank"
    assert Reader(markdown.render("[click here](https://evil.example/a)")).text.strip() == "click here (evil.example)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[https://bank.example](https://evil.example/)", "https://bank.example (evil.example)"),
        ("[pay](https://bank.example@evil.example/)", "pay (evil.example)"),
        ("[evil.example.bank.example](https://evil.example/)", "evil.example.bank.example (evil.example)"),
        ("<https://plain.example/>", "https://plain.example/"),
        ("[mail](mailto:a@b.example?subject=x)", "mail (a@b.example)"),
    ],
)
def test_where_a_link_leads_is_written_behind_it(text: str, shown: str) -> None:
    assert Reader(markdown.render(text)).text.strip() == shown


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#115;cript:alert(1)",
        "vbscript:x",
        "data:text/html,alert(1)",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "/logout/",
        "//evil.example/x",
        "?x=1",
    ],
)
def test_other_addresses_are_text(target: str) -> None:
    reader = Reader(markdown.render(f"[click](<{target}>)"))

    assert not reader.links()
    assert reader.text.strip().startswith("click (")


def test_image_is_a_link_and_never_fetched() -> None:
    html = markdown.render("![a cat](https://evil.example/pixel.png) ![](data:image/svg+xml;base64,AAAA)")
    reader = Reader(html)

    assert "img" not in {tag for tag, _ in reader.tags}
    assert [link["href"] for link in reader.links()] == ["https://evil.example/pixel.png"]
    assert "image: a cat (evil.example)" in reader.text


def test_html_is_text() -> None:
    reader = Reader(markdown.render("<script>alert(1)</script> <img src=x onerror=alert(2)>\n\n<div onclick=x>\n\nend"))

    assert {tag for tag, _ in reader.tags} == {"p"}
    assert "<script>alert(1)</script> <img src=x onerror=alert(2)>" in reader.text


def test_code_keeps_its_text_and_says_its_language() -> None:
    reader = Reader(markdown.render("```py <b>\nif a < b:\n    pass\n```"))

    assert reader.text.strip() == "py <b>if a < b:\n    pass"
    assert ("pre", {"tabindex": "0", "dir": "ltr"}) in reader.tags


@pytest.mark.parametrize(
    "formula",
    [
        r"\(a_1 + b_1\)",
        r"\[ \int_0^1 x^2 * y * z \]",
        "$$a_1 < b_1 \\\\ c$$",
        "\\[\n\\begin{aligned} a &= b \\\\ c_1 * d_1 * e \\end{aligned}\n\\]",
    ],
)
def test_formulas_stay_as_they_came(formula: str) -> None:
    html = markdown.render(f"So **this**: {formula} is _it_.")
    assert Reader(html).text.strip() == f"So this: {formula} is it."
    assert "<strong>this</strong>" in html
    assert "<em>it</em>" in html


def test_what_ends_nowhere_is_no_formula() -> None:
    assert "<em>b</em>" in markdown.render(r"\(a *b* and \[ $$")
    long = markdown.render(r"\(" * 2_000)
    assert long.count("(") == 2_000


def test_table_aligns_without_style_attributes() -> None:
    html = markdown.render("|a|b|\n|-:|:-:|\n|1|2|")

    assert "style" not in html
    assert '<td data-align="right">1</td>' in html
    assert '<td data-align="center">2</td>' in html


@pytest.mark.parametrize(
    "text",
    [
        "[secret]: https://evil.example",
        '[x](https://evil.example "secret")',
        '![x](https://evil.example "secret")',
        "|a|b|\n|-|-|\n|1|2|secret|",
        "```py secret\n```",
    ],
    ids=["definition", "link title", "image title", "more cells than columns", "info string"],
)
def test_nothing_can_be_hidden(text: str) -> None:
    assert "secret" in Reader(markdown.render(text)).text


@pytest.mark.parametrize("text", ["> " * 200 + "deep", "\n".join(" " * n + "- deep" for n in range(100))])
def test_deep_nesting_is_shown_as_it_is(text: str) -> None:
    assert text in Reader(markdown.render(text)).text


@given(st.text(alphabet="abé.,: \n-=1", max_size=60))
def test_short_cut_for_plain_text_changes_nothing(text: str) -> None:
    tokens = markdown._MARKDOWN.parse(text)
    parsed = markdown._MARKDOWN.renderer.render(tokens, markdown._MARKDOWN.options, {})
    assert markdown.render(text).strip() == parsed.strip().replace("<br />", "<br>").replace("<hr />", "<hr>")


@given(st.text(alphabet="ab <>&\"'`*_[]()!#|-:/\\\n\t1.~x", max_size=200))
def test_any_text_gives_known_tags_only(text: str) -> None:
    reader = Reader(markdown.render(text))

    for tag, attributes in reader.tags:
        assert tag in TAGS
        assert attributes.keys() <= ATTRIBUTES
    # White space and Markdown's own marks aside, nothing is lost: every letter is still there.
    assert reader.text.count("a") >= text.count("a")
