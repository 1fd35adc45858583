"""Search finds exactly what a plain look at all that was said finds."""

from __future__ import annotations

import random
import tracemalloc
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from sessions_app.models import Project
from sessions_app.queries import request_list
from sessions_app.queries.request_list import list_requests
from sessions_app.queries.search import candidates, contents, walk
from sessions_app.queries.session_list import list_sessions
from sessions_app.search_language import parse
from tests.factories import START, filters_for, make_log, make_project, make_session, store_logs

pytestmark = pytest.mark.django_db

WORDS = ("robot", "robots", "Robotics", "cat", "CAFÉ", "cafe\u0301", "ｔｏｋｙｏ", "Straße", "naïve", "a", "x1")
CODE = ("get_weather(city)", "/srv/app/log", "http://x.org/a?b=1", "50%", "a_b", "-5", "C:\\tmp")
OTHERS = ("東京都", "こんにちは", "안녕하세요", "สวัสดี", "नमस्ते", "שלום", "مرحبا", "👍🏽", "👩‍💻", "❤️")
VOCABULARY: tuple[str, ...] = WORDS + CODE + OTHERS
ASKED: tuple[str, ...] = (
    "robot",
    "ROBOT",
    "cafe\u0301",
    "café",
    "tokyo",
    "strasse",
    "naive",
    "a",
    "get_weather(",
    "weather",
    "/srv/ap",
)
ASKED += (
    "http://x.org/a",
    "50%",
    "a_b",
    "b",
    "東京",
    "京都",
    "京",
    "にち",
    "안녕",
    "สวัส",
    "नमस्ते",
    "שלום",
    "مرحبا",
    "👍",
    "❤",
    "x1",
)
# When it is asked: of the requests without an end, half run.
NOW = START + timedelta(hours=1, seconds=30)
PREFIXES = ("r*", "ro*", "robot*", "robo*", "caf*", "toky*", "a*", "नम*", "get*")
ROLES = ("user", "assistant", "system")


@dataclass
class Said:
    """A request as this test made it."""

    name: str
    session: str
    texts: dict[str, str]
    model: str
    user: str
    tags: list[str]
    is_error: bool
    cost: float
    # It has no end: those that began after NOW less an hour still run.
    is_begun: bool
    started_at: datetime

    @property
    def is_running(self) -> bool:
        return self.is_begun and self.started_at > NOW - timedelta(hours=1)

    @property
    def beside(self) -> str:
        """What it says beside its messages."""
        return "\n".join((self.name, self.session, self.user, *self.tags))


@pytest.mark.parametrize("said", ["I can't see it", "I can\u2019t see it", "I can\u2018t see it"])
def test_an_apostrophe_is_one_however_it_is_written(said: str) -> None:
    project = make_project()
    make_session(project, "said", make_log(said))
    make_session(project, "other", make_log("I can, t see it, cant"))
    for asked in ("can't", "can\u2019t", '"can\u2019t see"', "can't*", "I can\u2018t"):
        assert [row.session_key for row in list_sessions(project, filters_for(asked)).results] == ["said"], asked
    # Values are compared as a whole, as they were sent.
    make_session(project, "valued", make_log(tags=["can\u2019t"], metadata={"a": "can\u2019t"}))
    for asked, found in (("tag:can\u2019t", ["valued"]), ("tag:can't", []), ("metadata.a:can't", [])):
        assert [row.session_key for row in list_sessions(project, filters_for(asked)).results] == found, asked


# --- a plain look, which shares nothing with the search ---------------------------------------------------------------


def plain(text: str) -> str:
    for sign in "\ufe0e\ufe0f\u00ad":
        text = text.replace(sign, "")
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.split())


STANDS_BETWEEN = "zzzz"


def is_spaceless(sign: str) -> bool:
    name = unicodedata.name(sign, "")
    scripts = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI")
    return name.startswith(scripts) or unicodedata.category(sign) in ("So", "Sk")


def in_word(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LNM" and not is_spaceless(sign)


def words_of(text: str) -> list[str]:
    return "".join(sign if in_word(sign) else " " for sign in plain(text)).split()


def has_word(text: str, word: str) -> bool:
    return plain(word) in words_of(text)


def has_prefix(text: str, prefix: str) -> bool:
    return any(word.startswith(plain(prefix)) for word in words_of(text))


def has_phrase(text: str, phrase: str) -> bool:
    asked = words_of(phrase)
    # What is written without spaces stands between words, too.
    said = words_of(
        "".join(f" {STANDS_BETWEEN} " if is_spaceless(sign) and sign.isalnum() else sign for sign in plain(text))
    )
    return any(said[i : i + len(asked)] == asked for i in range(len(said)))


def has_literal(text: str, literal: str) -> bool:
    said, asked = plain(text), plain(literal)
    places = [i for i in range(len(said)) if said.startswith(asked, i)]
    return any(not in_word(asked[0]) or i == 0 or not in_word(said[i - 1]) for i in places)


def has_text(text: str, asked: str) -> bool:
    if all(map(in_word, plain(asked))):
        return has_word(text, asked)
    return has_literal(text, asked)


# --- data and queries -------------------------------------------------------------------------------------------------


def make_said(chance: random.Random, number: int) -> Said:
    def text() -> str:
        return chance.choice((" ", "  ", "\n", ", ")).join(chance.choices(VOCABULARY, k=chance.randint(1, 4)))

    return Said(
        name=f"rq{number}",
        session=f"sk{number // 3 if chance.random() < 0.8 else number}",
        texts={role: text() for role in ROLES},
        model=chance.choice(("gpt-4o", "o3")),
        user=chance.choice(("", "alice", "bob")),
        tags=chance.sample(("ci", "prod"), chance.randint(0, 2)),
        is_error=number % 6 != 3 and chance.random() < 0.2,
        cost=chance.choice((0.01, 0.5)),
        is_begun=number % 6 == 3,
        started_at=START + timedelta(seconds=number),
    )


def log_of(said: Said) -> dict[str, Any]:
    messages = [{"role": role, "content": said.texts[role]} for role in ("system", "user")]
    answer = {"role": "assistant", "content": said.texts["assistant"]}
    return make_log(
        request_id=said.name,
        session_id=said.session,
        model=said.model,
        user=said.user or None,
        tags=said.tags,
        status="error" if said.is_error else "running" if said.is_begun else None,
        error={"type": f"{said.model}Timeout", "message": said.texts["user"]} if said.is_error else None,
        cost=said.cost,
        started_at=said.started_at,
        **({"ended_at": None} if said.is_begun else {}),
        request={"model": said.model, "messages": messages},
        response={"choices": [{"index": 0, "message": answer}]},
    )


Check = Callable[[Said], bool]


def texts_in(roles: Sequence[str], holds: Callable[[str], bool]) -> Check:
    def check(said: Said) -> bool:
        return any(holds(said.texts[role]) for role in roles) or (roles == ROLES and holds(said.beside))

    return check


def make_clause(chance: random.Random, roles: Sequence[str]) -> tuple[str, Check]:
    kind = chance.randrange(7)
    if kind <= 1:
        asked = chance.choice(ASKED)
        return asked, texts_in(roles, lambda text: has_text(text, asked))
    if kind == 2:
        asked = chance.choice(PREFIXES)
        return asked, texts_in(roles, lambda text: has_prefix(text, asked[:-1]))
    if kind == 3:
        asked = " ".join(chance.choices(("robot", "cat", "CAFÉ", "naïve", "a"), k=2))
        return f'"{asked}"', texts_in(roles, lambda text: has_phrase(text, asked))
    facts: list[tuple[str, Check]] = [
        ("model:o3", lambda said: said.model == "o3"),
        ("model:o3,gpt-4o", lambda said: True),
        ("user:alice", lambda said: said.user == "alice"),
        ("user:alice,bob", lambda said: bool(said.user)),
        ("tag:ci", lambda said: "ci" in said.tags),
        ("status:error", lambda said: said.is_error),
        ("has:error", lambda said: said.is_error),
        ("error:o3Timeout", lambda said: said.is_error and said.model == "o3"),
        ("error:robot", lambda said: said.is_error and has_text(said.texts["user"], "robot")),
        ("status:running", lambda said: said.is_running),
        ("status:unfinished", lambda said: said.is_begun and not said.is_running),
        ("status:error,running", lambda said: said.is_error or said.is_running),
    ]
    return chance.choice(facts)


def make_query(chance: random.Random) -> tuple[str, list[tuple[bool, Check]]]:
    roles = ROLES if chance.random() < 0.6 else tuple(chance.sample(ROLES, chance.randint(1, 2)))
    written = []
    checks = []
    for _ in range(chance.randint(1, 3)):
        text, check = make_clause(chance, roles)
        negated = chance.random() < 0.3
        written.append("-" * negated + text)
        checks.append((negated, check))
    query = " ".join(written)
    has_words = roles != ROLES and parse(query).texts
    return (f"in:{','.join(roles)} {query}" if has_words else query), checks


def everything(read: Callable[[str | None], Any], name: str) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = read(cursor)
        found += [getattr(row, name) for row in page.results]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.fixture
def said(project: Project) -> list[Said]:
    chance = random.Random(11)
    made = [make_said(chance, number) for number in range(60)]
    store_logs(project, *[log_of(one) for one in made])
    return made


@pytest.mark.parametrize(("most", "read_ahead"), [(0, 8_000_000), (20_000, 8_000_000), (5, 100)])
def test_sessions_and_requests_are_those_of_a_plain_look(
    project: Project, said: list[Said], monkeypatch: pytest.MonkeyPatch, most: int, read_ahead: int
) -> None:
    monkeypatch.setattr(contents, "MOST_READ_AHEAD", read_ahead)
    for module in (walk, request_list):
        monkeypatch.setattr(module, "FIRST_CHUNK", 7)
        monkeypatch.setattr(module, "MOST_AHEAD", 1)
    for module in (candidates, request_list):
        monkeypatch.setattr(module, "MOST_CANDIDATES", most)
    for module in (candidates, walk):
        monkeypatch.setattr(module, "VERY_FEW", min(most, 5))
    chance = random.Random(most + 1)
    wrong = []
    for _ in range(40):
        text, checks = make_query(chance)
        filters = replace(filters_for(text), now=NOW)
        sessions = {
            key
            for key in {one.session for one in said}
            if all(any(check(one) for one in said if one.session == key) != negated for negated, check in checks)
        }
        requests = {one.name for one in said if all(check(one) != negated for negated, check in checks)}
        listed = everything(partial(list_sessions, project, filters, "-last_at", 5), "session_key")
        single = everything(partial(list_requests, project, filters, "-started_at", 5), "request_id")
        for expected, found in ((sessions, listed), (requests, single)):
            if sorted(found) != sorted(expected):
                wrong.append((text, sorted(expected - set(found)), sorted(set(found) - expected), len(found)))
    assert not wrong


def test_large_logs_are_not_read_all_at_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_READ_AHEAD", 1_000_000)
    texts = [f"{'filler ' * 60_000} needle {number} {'more ' * 60_000}" for number in range(12)]
    store_logs(project, *[make_log(text, session_id=str(number)) for number, text in enumerate(texts)])
    filters = filters_for("needle")
    list_sessions(project, filters)
    tracemalloc.start()
    try:
        found = list_sessions(project, filters)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.results) == 12
    # One text takes a few times its size (9 MB), all together take 29 MB. Threads of other tests may be counted, too.
    assert peak < 20_000_000
