"""What a row of the session list says. No database."""

from __future__ import annotations

import html
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sessions_app.pages.sessions.rows import begin_row
from sessions_app.queries.activity import Activity
from tests.factories import START
from tests.pages.sessions.test_activity_strip import make_row

HOSTILE = """<b>"'&"""
SHOWN = "&lt;b&gt;&quot;&#x27;&amp;"
LIST = "/p/acme/sessions/"


def row(**changes: Any) -> str:
    """The HTML of a row, with characters escaped as Python's `html.escape` does it."""
    values: dict[str, Any] = {"title": "Hello", "model_names": [], "users": [], "tags": []}
    written = str(begin_row(make_row(**values | changes), [], LIST))
    return written.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")


def cell(written: str, name: str) -> str:
    return written[written.index(f'class="{name}') :].split("</td>")[0]


def test_a_name_is_not_turned_around() -> None:
    """U+202E in a name would show all of its letters after it in reverse."""
    turned = "\u202egol"
    names = {"title": turned, "session_key": turned, "model_names": [turned] * 2, "users": [turned], "tags": [turned]}
    written = row(**names)
    assert "\u202e" not in written
    assert written.count("<bdi>\ufffdgol</bdi>") == 5
    # Directions of languages stay.
    assert "שלום \u2067x\u2069" in row(title="שלום \u2067x\u2069")


def test_a_name_of_which_nothing_is_seen_is_no_name() -> None:
    blank = "\u200b \u2060"
    assert "<bdi>k-1</bdi></a>" in row(title=blank, session_key="k-1")
    assert "<bdi>Session " in row(title=blank, session_key=blank)


def test_it_works() -> None:
    listed = make_row(
        title="Weather in Paris",
        session_key="abc",
        users=["alice"],
        tags=["prod"],
        model_names=["gpt-4o"],
        request_count=1_200,
        error_count=3,
        input_tokens=12_400,
        output_tokens=None,
        cost=Decimal("0.25"),
        last_at=START + timedelta(seconds=84),
    )
    written = str(begin_row(listed, [Activity(0, 0.1, False)], LIST))
    assert f'<a href="{LIST}{listed.id}/" title="Weather in Paris"><bdi>Weather in Paris</bdi></a>' in written
    assert '<code title="abc"><bdi>abc</bdi></code>' in written
    hidden = written.replace(f"{LIST}{listed.id}/", "").replace(f'value="{listed.id}"', "")
    assert str(listed.id)[:8] not in hidden
    assert "<rect" in cell(written, "c-act")
    assert cell(written, "c-req").endswith(">1,200")
    assert '<span class="err-n">3</span>' in cell(written, "c-err")
    assert "1\u202fm 24\u202fs" in cell(written, "c-dur")
    assert cell(written, "c-tok").endswith('>12.4k<span class="arrow">→</span>–')
    assert cell(written, "c-cost").endswith(">$0.250")


def test_id_is_ours_only_without_one_of_the_caller() -> None:
    listed = make_row(title="Hello", model_names=[], users=[], tags=[])
    written = str(begin_row(listed, [], LIST))
    assert f'<code title="{listed.id}"><bdi>{str(listed.id)[:8]}</bdi></code>' in written
    long = row(session_key="k" * 500)
    assert f'title="{"k" * 500}"' in long
    assert long.count("k") < 600
    assert f'title="{SHOWN}"><bdi>{SHOWN}</bdi></code>' in row(session_key=HOSTILE)


def test_length_is_unknown_without_an_end() -> None:
    written = row(first_at=START, last_at=START)
    assert cell(written, "c-dur").endswith(' title="No request says when it ended">–')
    assert "0\u202fms" not in written


def test_what_no_request_reported_is_a_dash_with_a_reason() -> None:
    written = row()
    assert '<span class="zero">0</span>' in cell(written, "c-err")
    assert cell(written, "c-tok").endswith('title="No request reported its tokens">–')
    assert cell(written, "c-cost").endswith('title="No request reported its cost">–')


def test_models_beside_the_first_are_dots_with_names() -> None:
    models = cell(row(model_names=["a", "b", "c", "d", "e", "f", "g"]), "c-model")
    assert models.count('class="model"') == 1
    assert models.count('class="model-dot"') == 5
    assert '<span class="vh">, b, c, d, e, f, g</span>' in models
    assert 'title="a, b, c, d, e, f, g"' in models
    assert '<span class="vh">' not in row(model_names=["a"])
    assert cell(row(model_names=[]), "c-model").endswith(">")


def test_users_are_links_to_their_sessions() -> None:
    title = cell(row(users=["alice", "bob", "carol"]), "c-title")
    assert title.count("?user=") == 2
    assert f'href="{LIST}?user=alice"' in title
    assert "+1" in title
    assert "+" not in cell(row(users=["alice", "bob"]), "c-title")


def test_tags_beyond_the_third_are_counted() -> None:
    assert row(tags=["a", "b", "c"]).count('class="tag"') == 3
    assert '</span> <span class="nowrap">+2</span></span>' in row(tags=["a", "b", "c", "d", "e"])
    assert "tag" not in cell(row(tags=[]), "c-title")
    # A session lists no more than 50: there may be others.
    assert "+46</span>" in row(tags=[f"t{number}" for number in range(49)])
    assert "+47 or more</span>" in row(tags=[f"t{number}" for number in range(50)])


def test_hostile_names_are_escaped() -> None:
    models = row(model_names=[HOSTILE, HOSTILE])
    assert f"<bdi>{SHOWN}</bdi>" in models
    assert f'title="{SHOWN}, {SHOWN}"' in models
    assert f'title="{SHOWN}"><bdi>{SHOWN}</bdi>' in row(tags=[HOSTILE])
    assert f'title="{SHOWN}"><bdi>{SHOWN}</bdi></a>' in row(title=HOSTILE)
    link = row(users=[HOSTILE + "/?#%"])
    assert f'href="{LIST}?user=%3Cb%3E%22%27%26%2F%3F%23%25"' in link
    assert f"<bdi>{SHOWN}/?#%</bdi>" in link
    assert html.unescape(SHOWN) == HOSTILE
