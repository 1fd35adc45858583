"""What is said in each evaluated conversation, whatever the API: each API writes it in its own form.

Every conversation contains a mark of its own, so that no two of them are equal. logsui knows nothing of the mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Counts:
    """Tokens. `input` includes what was cached, `output` includes what was thought."""

    input: int
    output: int
    cached: int = 0
    thought: int = 0


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Result:
    call: Call
    text: str
    failed: bool = False


@dataclass(frozen=True)
class Answer:
    """What the model answers. `finish` is stop, tools, length or filter.

    `status` other than 200: the provider refuses the call, and `text` is its message. `breaks`: the stream breaks off.
    `ran`: the code that the provider's own tool ran while it answered, with its output.
    """

    text: str = ""
    thought: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = "stop"
    counts: Counts = Counts(20, 5)
    status: int = 200
    breaks: bool = False
    ran: tuple[Result, ...] = ()


@dataclass(frozen=True)
class Turn:
    """What the client adds, a text or results of tools, and what the model answers."""

    answer: Answer
    user: str = ""
    results: tuple[Result, ...] = ()


@dataclass(frozen=True)
class Conversation:
    name: str
    turns: tuple[Turn, ...]
    system: str = ""
    has_tools: bool = False
    image: bytes = b""

    @property
    def needs(self) -> set[str]:
        """What an API must be able to do for this conversation."""
        answers = [turn.answer for turn in self.turns]
        found = {
            "tools": self.has_tools,
            "image": bool(self.image),
            "thought": any(answer.thought for answer in answers),
            "filter": any(answer.finish == "filter" for answer in answers),
            "error": any(answer.status != 200 for answer in answers),
            "break": any(answer.breaks for answer in answers),
            "cached": any(answer.counts.cached for answer in answers),
            "ran": any(answer.ran for answer in answers),
        }
        return {name for name, is_needed in found.items() if is_needed}


TOOLS = {
    "weather": ("The weather of a town", {"town": "string"}),
    "read_file": ("The content of a file", {"path": "string"}),
}

# A PNG of one pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63646060f80f00010401005fe5c34b0000"
    "000049454e44ae426082"
)


@dataclass
class Ids:
    """Ids of calls, unique as providers make them, and the same in each run."""

    mark: str
    made: int = field(default=0)

    def next(self) -> str:
        self.made += 1
        return f"call_{self.mark}{self.made:012d}"


def conversations(mark: str) -> Iterator[Conversation]:
    """Twenty-four calls in thirteen conversations. `mark` has 12 letters and digits."""
    ids = Ids(mark)
    brief = f"You answer briefly ({mark})."
    yield Conversation(
        "chat",
        (
            Turn(Answer(f"The tide is high at six {mark}.", counts=Counts(21, 9)), user="When is the tide high?"),
            Turn(Answer("Again at half past six in the evening.", counts=Counts(44, 11)), user="And the second time?"),
            Turn(
                Answer("You are welcome — safe trip! ⛵", counts=Counts(70, 8)), user="Thank you, that helps “a lot”."
            ),
        ),
        system=brief,
    )
    yield Conversation(
        "texts",
        (
            Turn(Answer(f"```python\nprint('{mark}')\n```\n\n- one\n- two", counts=Counts(11, 30)), user="Some code?"),
            Turn(Answer("潮は六時に満ちます。", counts=Counts(40, 12)), user="日本語で。\n\n改行も。"),
            Turn(Answer('{"high": ["06:00", "18:30"], "town": null}', counts=Counts(60, 19)), user="As JSON, please"),
            Turn(Answer("<b>not bold</b> & 3 < 4", counts=Counts(80, 12)), user="<i>As HTML</i>?"),
        ),
    )
    one = Call(ids.next(), "weather", {"town": f"Lübeck {mark}"})
    yield Conversation(
        "tool",
        (
            Turn(Answer(calls=(one,), finish="tools", counts=Counts(60, 17)), user="Is it raining in Lübeck?"),
            Turn(
                Answer("It is raining in Lübeck.", counts=Counts(95, 7)),
                results=(Result(one, f"drizzle, 9 degrees {mark}"),),
            ),
            Turn(Answer("Yes, take one.", counts=Counts(120, 5)), user="Do I need an umbrella?"),
        ),
        has_tools=True,
    )
    pair = tuple(Call(ids.next(), "weather", {"town": town}) for town in (f"Kiel {mark}", f"Husum {mark}"))
    yield Conversation(
        "parallel tools",
        (
            Turn(
                Answer("Let me look at both.", calls=pair, finish="tools", counts=Counts(61, 40)),
                user=f"Kiel or Husum {mark}?",
            ),
            Turn(
                Answer("Husum is sunny.", counts=Counts(130, 6)),
                results=(Result(pair[0], "storm over Kiel"), Result(pair[1], "sun over Husum")),
            ),
        ),
        system=brief,
        has_tools=True,
    )
    broken = Call(ids.next(), "read_file", {"path": f"/tmp/{mark}.txt"})
    yield Conversation(
        "failed tool",
        (
            Turn(Answer(calls=(broken,), finish="tools", counts=Counts(50, 15)), user="What is in the file?"),
            Turn(
                Answer("The file does not exist.", counts=Counts(80, 7)),
                results=(Result(broken, f"Error: no such file {mark}.txt", failed=True),),
            ),
        ),
        has_tools=True,
    )
    yield Conversation(
        "thought",
        (
            Turn(
                Answer(
                    f"Seventeen is prime {mark}.",
                    thought=f"Not divisible by two, three or five {mark}.",
                    counts=Counts(30, 50, thought=38),
                ),
                user=f"Is 17 prime {mark}?",
            ),
            Turn(Answer("Nineteen.", counts=Counts(60, 4)), user="Which is the next one?"),
        ),
    )
    ran = Result(Call(ids.next(), "run", {"code": f"print('{mark}', 6 * 7)"}), f"{mark} 42\n")
    yield Conversation(
        "ran code",
        (
            Turn(Answer("It is 42.", ran=(ran,), counts=Counts(90, 25)), user=f"Compute it {mark}."),
            Turn(Answer("Yes, quite.", counts=Counts(140, 6)), user="Are you sure?"),
        ),
    )
    yield Conversation(
        "cached",
        (Turn(Answer("From the cache.", counts=Counts(2048, 4, cached=1920)), user=f"Go on {mark}. " + "long " * 80),),
        system=brief,
    )
    yield Conversation(
        "cut by length",
        (Turn(Answer(f"Once upon a time {mark} there", finish="length", counts=Counts(12, 16)), user="Tell a tale."),),
    )
    yield Conversation(
        "image",
        (Turn(Answer("A single grey dot.", counts=Counts(300, 6)), user=f"What is in the picture {mark}?"),),
        image=PIXEL,
    )
    yield Conversation(
        "filtered",
        (Turn(Answer(finish="filter", counts=Counts(15, 0)), user=f"Something forbidden {mark}"),),
    )
    yield Conversation(
        "error",
        (Turn(Answer(f"Too many requests, slow down {mark}", status=429), user=f"Are you there {mark}?"),),
    )
    yield Conversation(
        "broken stream",
        (
            Turn(
                Answer(f"One two three {mark} four five six seven eight nine ten", breaks=True, counts=Counts(9, 12)),
                user=f"Count {mark}.",
            ),
        ),
    )


def without_thoughts(answer: Answer) -> Answer:
    return replace(answer, thought="", counts=replace(answer.counts, thought=0))


def pieces(text: str, size: int = 7) -> list[str]:
    """A text as a stream sends it."""
    return [text[start : start + size] for start in range(0, len(text), size)]
