"""Text that looks like language: a vocabulary of several thousand words under Zipf's law, code and tool output.

Compression and search behave on it as they do on real conversations, which neither random bytes nor a repeated
sentence would allow. Everything is drawn from the `random.Random` that the caller passes: equal seeds give equal text.
"""

import json
from collections.abc import Callable
from itertools import accumulate
from random import Random
from typing import Any

from benchmarks.words import ADJECTIVES, FUNCTION_WORDS, LANGUAGES, NOUNS, VERBS


def inflected(words: list[str], *endings: str) -> list[str]:
    """Every word with every ending, spelt well enough for an index: `make` + `ing` is `making`."""
    return [
        (word[:-1] if ending.startswith(("e", "i")) and word.endswith("e") else word) + ending
        for word in words
        for ending in endings
    ]


def vocabulary() -> list[str]:
    """About 4,000 English word forms, most frequent first: function words, plain words, their forms, compounds."""
    mixed = Random(20)
    plain = inflected(NOUNS, "", "s") + inflected(VERBS, "", "s") + ADJECTIVES
    derived = (
        inflected(VERBS, "ed", "ing", "er") + inflected(ADJECTIVES, "ly", "ness") + ["re" + verb for verb in VERBS[::2]]
    )
    compounds = [f"{mixed.choice(NOUNS)}-{mixed.choice(NOUNS)}" for _ in range(1_600)]
    for words in (plain, derived, compounds):
        mixed.shuffle(words)
    return list(dict.fromkeys(FUNCTION_WORDS + plain + derived + compounds))


def zipf_weights(size: int) -> list[float]:
    """Cumulative weights for `random.choices` over `size` words ordered by frequency (Zipf-Mandelbrot)."""
    return list(accumulate(1 / (rank + 2.7) for rank in range(size)))


ENGLISH = vocabulary()
WEIGHTS = {"english": zipf_weights(len(ENGLISH))} | {
    name: zipf_weights(len(words)) for name, words in LANGUAGES.items()
}
WORDS = {"english": ENGLISH} | LANGUAGES


def number_word(random: Random) -> str:
    """Other parts of texts: amounts, order numbers, dates, percentages, versions, paths."""
    value = random.randrange(1, 100_000)
    forms = (
        f"{value}",
        f"#{value}",
        f"{value / 100:.2f} EUR",
        f"{value % 100} %",
        f"v{value % 9}.{value % 13}",
        f"/srv/app/{value:x}.log",
    )
    return random.choice(forms)


def sentence(random: Random, language: str) -> str:
    """One sentence of 4 to 18 words; one in six English ones carries a figure."""
    words = random.choices(WORDS[language], cum_weights=WEIGHTS[language], k=random.randrange(4, 19))
    if language == "japanese":
        return "".join(words) + "。"
    if random.random() < 0.17:
        words[random.randrange(len(words))] = number_word(random)
    if len(words) > 9:
        words[len(words) // 2] += ","
    words[0] = words[0][:1].upper() + words[0][1:]
    return " ".join(words) + random.choice("....?!")


def prose(random: Random, characters: int, language: str = "english") -> str:
    """Paragraphs of about `characters` characters."""
    sentences: list[str] = []
    length = 0
    while length < characters:
        sentences.append(sentence(random, language))
        length += len(sentences[-1]) + 1
    return "".join(text + ("\n\n" if random.random() < 0.15 else " ") for text in sentences).strip()


def code(random: Random, characters: int) -> str:
    """A fenced block of Python-like code of about `characters` characters."""
    lines: list[str] = []
    while sum(map(len, lines)) < characters:
        verb, noun, other, third = random.choice(VERBS), *random.sample(NOUNS, 3)
        lines += [
            f"def {verb}_{noun}({other}: {third.title()}, limit={random.randrange(500)}) -> list[{noun.title()}]:",
            f'    """{sentence(random, "english")}"""',
            f"    {noun}s = {other}.{random.choice(VERBS)}({third}=limit)",
            f"    if not {noun}s:",
            f'        raise {noun.title()}Error(f"{random.choice(ADJECTIVES)} {noun}: {{{other}!r}}")',
            f"    return sorted({noun}s, key=lambda {noun}: {noun}.{third})[:limit]",
            "",
        ]
    return "```python\n" + "\n".join(lines) + "\n```"


def markdown(random: Random, characters: int, language: str = "english") -> str:
    """An assistant's answer: prose, often with a list or a block of code."""
    form = random.random()
    if form < 0.2 and characters > 400:
        half = characters // 2
        return (
            prose(random, half // 2, language)
            + "\n\n"
            + code(random, half)
            + "\n\n"
            + prose(random, half // 2, language)
        )
    if form < 0.45 and characters > 300:
        points = [
            f"{index}. **{random.choice(NOUNS)}**: {sentence(random, language)}"
            for index in range(1, 2 + characters // 180)
        ]
        return prose(random, characters // 3, language) + "\n\n" + "\n".join(points)
    return prose(random, characters, language)


def json_records(random: Random, characters: int) -> str:
    """A tool's answer: a JSON array of records of one shape."""
    fields = random.sample(NOUNS, 5)
    makers: list[Callable[[], Any]] = [
        lambda: random.randrange(1, 1_000_000),
        lambda: random.choice(ENGLISH),
        lambda: round(random.random() * 1000, 2),
        lambda: sentence(random, "english"),
        lambda: f"2026-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}T{random.randrange(24):02}:00:00Z",
    ]
    records: list[dict[str, Any]] = []
    length = 0
    while length < characters:
        records.append({field: make() for field, make in zip(fields, makers, strict=True)})
        length += 150
    return json.dumps({"results": records, "total": random.randrange(10_000), "next": None}, ensure_ascii=False)


def log_lines(random: Random, characters: int) -> str:
    """A tool's answer: lines of a log or of a command's output."""
    lines: list[str] = []
    while sum(map(len, lines)) < characters:
        level = random.choice(("INFO", "INFO", "INFO", "WARNING", "ERROR", "DEBUG"))
        second = random.randrange(86_400)
        stamp = f"2026-10-{random.randrange(1, 29):02} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        lines.append(f"{stamp} {level:7} {random.choice(NOUNS)}.{random.choice(VERBS)}: {sentence(random, 'english')}")
    return "\n".join(lines)
