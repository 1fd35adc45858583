"""Sample sessions: pictures in and out, embeddings, retrieval, a long cached document."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from sessions_app.samples import pictures
from sessions_app.samples.dialects import CONTENTS, MESSAGES
from sessions_app.samples.prices import Tokens, estimate
from sessions_app.samples.talk import Call, Talk, fraction

DIMENSIONS = 48
ARTICLES = (
    (
        "returns",
        "Returns: you may send goods back within 30 days. Use the label in the parcel; we refund within five "
        "working days.",
    ),
    (
        "warranty",
        "Warranty: two years on everything, five years on frames. Wear parts such as chains and tyres are excluded.",
    ),
    ("sizes", "Sizes: measure your inseam in centimetres and multiply by 0.66 for the frame height of a city bicycle."),
    ("batteries", "Batteries: store at 30 to 70 % charge and above 5 °C. Below freezing, charge only indoors."),
    ("leasing", "Leasing: through your employer, 36 months; insurance and one service a year are included."),
    (
        "assembly",
        "Assembly: turn the handlebar, mount the pedals (left pedal has a left-hand thread) and check the brakes.",
    ),
)
HOUSE_RULES = (
    "Quiet hours are from 22:00 to 6:00 and from 13:00 to 15:00.",
    "The laundry room may be used from 7:00 to 20:00; the list at the door decides who is first.",
    "Bicycles stand in the cellar or in the yard, never in the staircase.",
    "Grilling on balconies is allowed from April to September, once a month, with electric grills only.",
    "The staircase is cleaned weekly in turn; the plan hangs at the letter boxes.",
    "The front door is closed, but not locked, at any time: it is an escape route.",
    "Large waste goes to the recycling yard. The city fetches it twice a year on request.",
    "Whoever renovates tells the neighbours three days before.",
)


def chart_question() -> Talk:
    chart = pictures.bar_chart("REVENUE BY QUARTER, K EUR", (("Q1", 412), ("Q2", 388), ("Q3", 501), ("Q4", 596)))
    talk = Talk("board-deck-q4", timedelta(minutes=46), "gpt-4o", user="cfo-office", tags=("vision", "finance"))
    talk.say("What is the message of this chart, in one sentence for a slide title?", chart)
    talk.reply("**Revenue grew by 45 % over the year, after a dip in Q2.**\n\n(412 k → 596 k EUR; Q2 was 388 k.)")
    talk.say(
        "And with last year's next to it?",
        pictures.bar_chart("REVENUE LAST YEAR, K EUR", (("Q1", 398), ("Q2", 402), ("Q3", 410), ("Q4", 418))),
    )
    return talk.reply(
        "**Growth has changed gear: +45 % within this year against +5 % within the last.** The Q2 dip (388 k) "
        "is the only quarter below last year's 402 k."
    )


def receipt_reading() -> Talk:
    till = pictures.receipt(
        "CAFE LINDEN",
        (
            ("FLAT WHITE 2X", "7.80"),
            ("CROISSANT", "2.60"),
            ("CHEESECAKE", "4.90"),
            ("INCL. TAX 7%", "1.00"),
            ("TOTAL", "15.30"),
        ),
    )
    talk = Talk(
        "expenses-scan-7781",
        timedelta(hours=5, minutes=3),
        "claude-haiku-4-5",
        system=(
            "Read the receipt. Answer with JSON only: shop, items [{name, price}], tax, total, currency. Null for "
            "what can't be read."
        ),
        user="employee-207",
        tags=("vision", "expenses"),
        dialect=MESSAGES,
        parameters={"temperature": 0},
    )
    talk.say("Lunch with a client", till)
    talk.reply(
        '```json\n{\n  "shop": "Café Linden",\n  "items": [\n    {"name": "Flat White 2x", "price": 7.80},\n'
        '    {"name": "Croissant", "price": 2.60},\n    {"name": "Cheesecake", "price": 4.90}\n  ],\n'
        '  "tax": 1.00,\n  "total": 15.30,\n  "currency": null\n}\n```'
    )
    talk.say("Why is the currency null?")
    return talk.reply(
        "The receipt prints no currency sign. With a tax of 7 % and this price level it is probably EUR, but "
        "that would be a guess."
    )


def floor_plan_check() -> Talk:
    plan = pictures.floor_plan(
        (
            ("KITCHEN", 10, 10, 140, 110),
            ("BATH", 160, 10, 80, 110),
            ("LIVING ROOM", 10, 130, 230, 120),
            ("BEDROOM", 250, 10, 100, 240),
        )
    )
    talk = Talk(
        "flat-planner-21",
        timedelta(days=2, hours=11),
        "gemini-2.5-flash",
        user="tenant-portal:4410",
        tags=("vision",),
        dialect=CONTENTS,
    )
    talk.say("Where would you put a desk? I need daylight from the side and quiet.", plan)
    talk.reply(
        "In the **bedroom**, along the left wall: it is the only room that does not share a wall with the "
        "kitchen, and with its length of about 6 m there is space beside the bed. If the window is at the top "
        "or bottom end, light comes from the side."
    )
    talk.say("The bedroom's window is at the bottom end. And the kitchen's fridge hums.")
    return talk.reply(
        "Then put the desk about 1.5 m from the bottom end, against the left wall. The fridge is two walls "
        "away from there."
    )


def icon_generation() -> Talk:
    """A picture comes back: the images interface."""
    talk = Talk("brand-icons-03", timedelta(days=1, hours=20), "gpt-image-1", user="studio-klee", tags=("images",))
    orders = (
        ("App icon: a white N on blue, flat, rounded", (66, 99, 235), "N"),
        ("The same in green, with a P", (47, 158, 68), "P"),
    )
    for prompt, colour, letter in orders:
        start = talk.clock + (52.0 if talk.calls else 0.0)
        talk.add(icon(prompt, pictures.badge(colour, letter), start))
    return talk


def icon(prompt: str, png: bytes, start: float) -> Call:
    tokens = Tokens(estimate(prompt) + 12, 1056)
    response: dict[str, Any] = {
        "created": 0,
        "data": [{"b64_json": base64.b64encode(png).decode(), "revised_prompt": prompt + ", centred, no shadow"}],
        "output_format": "png",
        "size": "1024x1024",
        "usage": {
            "input_tokens": tokens.input,
            "output_tokens": tokens.output,
            "total_tokens": tokens.input + tokens.output,
        },
    }
    request = {"model": "gpt-image-1", "prompt": prompt, "size": "1024x1024", "quality": "medium", "n": 1}
    end = start + 14.2
    return Call(start, end, None, "gpt-image-1", "images.generations", request, response, tokens, kind="other")


def vector(text: str) -> list[float]:
    """A made-up embedding; equal texts have equal ones."""
    return [round(fraction("vector", text, place) * 2 - 1, 6) for place in range(DIMENSIONS)]


def embedding(texts: list[str], start: float) -> Call:
    tokens = Tokens(sum(map(estimate, texts)), 0)
    data = [{"object": "embedding", "index": place, "embedding": vector(text)} for place, text in enumerate(texts)]
    response = {
        "object": "list",
        "data": data,
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": tokens.input, "total_tokens": tokens.input},
    }
    request = {"model": "text-embedding-3-small", "input": texts, "dimensions": DIMENSIONS}
    return Call(
        start, start + 0.18, None, "text-embedding-3-small", "embeddings", request, response, tokens, kind="embedding"
    )


def retrieval(query: str, names: tuple[str, ...], start: float) -> Call:
    found = [
        {"id": name, "score": 0.83 - place * 0.07, "text": dict(ARTICLES)[name]} for place, name in enumerate(names)
    ]
    request = {"query": query, "index": "help-centre", "top_k": len(names)}
    return Call(start, start + 0.02, None, "", "vector_search", request, {"results": found}, None, kind="retrieval")


def help_centre_index() -> Talk:
    """Six articles become vectors: one request, no conversation."""
    talk = Talk("help-centre-index-v12", timedelta(hours=10), "text-embedding-3-small", tags=("rag", "batch"))
    return talk.add(embedding([text for _, text in ARTICLES], 0.0))


def help_centre() -> Talk:
    """Embeddings, a retrieval and an answer in one session."""
    talk = Talk(
        "help-centre-rag-90",
        timedelta(minutes=33),
        "gpt-4.1-mini",
        system="Answer from the articles only, and name them. If they do not say, say so.",
        user="visitor-90",
        tags=("rag", "support"),
        metadata={"index": "help-centre", "version": 12},
    )
    for question, names, answer in (
        (
            "Can I leave my e-bike battery in the shed over winter?",
            ("batteries", "warranty"),
            "Better not: store it above 5 °C and at 30 to 70 % charge, and never charge it below freezing. "
            "*(batteries)*",
        ),
        (
            "and if it dies anyway, who pays?",
            ("warranty", "batteries"),
            "The battery is covered by the two-year warranty, unless it counts as a wear part; the articles "
            "do not say so for batteries, so please ask us. *(warranty)*",
        ),
    ):
        talk.add(embedding([question], talk.clock + (20.0 if talk.calls else 0.0)))
        talk.add(retrieval(question, names, talk.clock + 0.01))
        articles = "\n".join(f"[{name}] {dict(ARTICLES)[name]}" for name in names)
        talk.say(f"Articles:\n{articles}\n\nQuestion: {question}", after=0.02).reply(answer)
    return talk


def house_rules() -> Talk:
    """A long system prompt that the provider caches."""
    rules = "\n".join(
        f"{number}. {rule} (Version of {2020 + number % 6}; owners' meeting, item {number * 3}.)"
        for number, rule in enumerate(HOUSE_RULES * 12, 1)
    )
    talk = Talk(
        "tenant-desk-1502",
        timedelta(days=1, hours=3),
        "claude-haiku-4-5",
        system="You answer tenants' questions from the house rules below. Quote the rule's number.\n\n" + rules,
        user="tenant-1502",
        tags=("support", "caching"),
        dialect=MESSAGES,
    )
    for question, answer in (
        (
            "May I grill on my balcony on Sunday?",
            "Only from April to September, once a month, and with an electric grill (rule 4). In November: no.",
        ),
        (
            "When can I do the laundry in the evening?",
            "Until 20:00; the list at the door decides who is first (rule 2).",
        ),
        (
            "My neighbour drills at 13:30…",
            "Quiet hours include 13:00 to 15:00 (rule 1), and renovating has to be announced three days "
            "before (rule 8). A friendly word usually helps; otherwise write to the management.",
        ),
        ("Can I lock the front door at night?", "No, it has to stay unlocked because it is an escape route (rule 6)."),
        (
            "ok and my bike in the hallway, just for tonight?",
            "Sorry: never in the staircase, not even for a night (rule 3). The cellar or the yard is fine.",
        ),
    ):
        talk.say(question).reply(answer)
    return talk


SESSIONS = (
    chart_question,
    receipt_reading,
    floor_plan_check,
    icon_generation,
    help_centre_index,
    help_centre,
    house_rules,
)
