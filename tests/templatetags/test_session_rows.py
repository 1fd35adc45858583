"""The lists in a row of the session list. No database."""

from __future__ import annotations

from sessions_app.templatetags.session_rows import model_marks, tag_marks, user_links

HOSTILE = """<b>"'&"""
SHOWN = "&lt;b&gt;&quot;&#x27;&amp;"


def test_models_beside_the_first_are_dots_with_names() -> None:
    marks = model_marks(["a", "b", "c", "d", "e", "f", "g"])
    assert marks.count('class="model"') == 1
    assert marks.count('class="model-dot"') == 5
    assert '<span class="vh">, b, c, d, e, f, g</span>' in marks
    assert 'title="a, b, c, d, e, f, g"' in marks
    assert model_marks([]) == ""


def test_users_are_links_to_their_sessions() -> None:
    links = user_links(["alice", "bob", "carol"], "/p/acme/sessions/")
    assert links.count("<a ") == 2
    assert 'href="/p/acme/sessions/?user=alice"' in links
    assert "+1" in links
    assert user_links([], "/") == ""


def test_tags_beyond_the_third_are_counted() -> None:
    assert tag_marks(["a", "b", "c"]).count('class="tag"') == 3
    assert "+2" in tag_marks(["a", "b", "c", "d", "e"])
    assert tag_marks([]) == ""


def test_hostile_names_are_escaped() -> None:
    assert f"<bdi>{SHOWN}</bdi>" in model_marks([HOSTILE, HOSTILE])
    assert f'title="{SHOWN}, {SHOWN}"' in model_marks([HOSTILE, HOSTILE])
    assert f'title="{SHOWN}"><bdi>{SHOWN}</bdi>' in tag_marks([HOSTILE])
    link = user_links([HOSTILE + "/?#%"], "/")
    assert 'href="/?user=%3Cb%3E%22%27%26%2F%3F%23%25"' in link
    assert f"<bdi>{SHOWN}/?#%</bdi>" in link
