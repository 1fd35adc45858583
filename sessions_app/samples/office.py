"""Sample sessions: writing, reading and sorting at a desk."""

from __future__ import annotations

import json
from datetime import timedelta

from sessions_app.samples.dialects import MESSAGES
from sessions_app.samples.talk import Talk

LEASE = """\
§ 1 The flat, 2nd floor left, 74 m², is let for living. § 2 The rent is 980 EUR a month plus 190 EUR of advance \
payments for running costs. It is due on the third working day. § 3 The rent rises on 1 January of each year by the \
change of the consumer price index, at least by 2 %. § 4 The tenant pays for small repairs up to 120 EUR each, at \
most 400 EUR a year. § 5 The tenant has the flat painted on moving out by a firm that the landlord names. § 6 Pets \
other than small animals need consent, which is given unless there are reasons against it in the single case. § 7 \
The tenant waives giving notice for four years. § 8 The deposit is 2,940 EUR and may be paid in three parts.
"""
CV = """\
Joana Ferreira, Porto. jo.ferreira@example.org. Data engineer. 2022 to now: Lusa Mobilidade, data engineer: moved 40 \
nightly jobs from cron to Dagster, cut the warehouse bill by a third. 2019 to 2022: Banco Atlântico, BI developer: \
reporting on Oracle and Power BI for 300 branches. MSc Informatics, FEUP 2019. Python, SQL, dbt, Airflow, Dagster, \
Spark. Portuguese, English C1, German A2.
"""
TICKETS = (
    ("App crashes when I open the invoice from October", "bug", "high", "billing"),
    ("How do I add a second user to my plan?", "question", "low", "account"),
    ("Please delete all my data under Art. 17 GDPR", "request", "high", "privacy"),
    ("The export has commas where it should have semicolons", "bug", "medium", "export"),
    ("love the new dashboard!!", "praise", "low", "dashboard"),
    ("Charged twice for November, order 99120 and 99121", "complaint", "high", "billing"),
    ("Could you support dark mode in the mobile app?", "request", "low", "mobile"),
    ("Login link in the mail has expired within a minute", "bug", "high", "account"),
    ("Is there an API for the weekly report?", "question", "medium", "export"),
    ("Wrong VAT rate on invoice for Austria, 19 instead of 20 %", "bug", "high", "billing"),
    ("Your support is slow, three days for one answer", "complaint", "medium", "support"),
    ("Map does not load behind our company proxy", "bug", "medium", "dashboard"),
)
INTERVIEW = (
    ("Tell me about a project that did not go as planned.",
     "We moved our billing to a new provider in one weekend, and on Monday 3 % of the cards failed. I had "
     "tested with our own cards only.",
     "Good: concrete, and you name your part. Add **what you changed** afterwards. Follow-up: how did you "
     "find out, and how fast?"),
    ("How did you find out, and how fast?",
     "Support told us at 10, our own alert fired at 11 because its threshold was a daily one.",
     "Honest and useful. An interviewer will like that you mention the alert. Close with one sentence on the "
     "fix: a threshold per hour, for example."),
    ("Why do you want to leave your present job?",
     "My boss decides everything alone and it annoys me.",
     "Careful: this sounds like a complaint. Say what you are looking *for*: \"I want to own decisions end to "
     "end, which is why your small teams appeal to me.\""),
    ("What is your greatest weakness?",
     "I work too much.",
     "Everybody says that. Take a real one you work on, such as: \"I used to start coding before the question "
     "was clear; now I write half a page first.\""),
    ("Explain a database index to a ten-year-old.",
     "It's like the list at the end of a book: you look for the word and it tells you the page, so you don't "
     "read the whole book.",
     "Excellent. Keep it exactly like that. For extra credit: \"but someone has to update the list whenever a "
     "page is added.\""),
    ("How do you handle disagreement with a colleague?",
     "I try to write down both options with their costs, then we usually agree.",
     "Very good. Add an example with a name and an outcome, otherwise it is theory."),
    ("Do you have questions for us?",
     "How big is the team and do you have on-call duty?",
     "Fine, but ask something that shows you read about them: \"You moved to weekly releases in spring: what "
     "got harder?\""),
)  # fmt: skip
CHAPTERS = (
    ("Before your first shift", "access", "laptop, phone and the pager application", "the shadow shift"),
    (
        "The first five minutes",
        "the page",
        "acknowledge, open the incident channel and look at the three graphs",
        "the incident lead",
    ),
    ("Who decides what", "severity", "users who can't log in or lose data make it severity one", "the service owner"),
    (
        "Talking to customers",
        "the status page",
        "say what is affected, since when and when you will write again",
        "customer care",
    ),
    (
        "Rolling back",
        "the last release",
        "one command, no approval needed, tell the channel afterwards",
        "the release captain",
    ),
    ("Databases", "a slow primary", "look for long transactions before you touch anything else", "the storage team"),
    (
        "Queues and workers",
        "a growing backlog",
        "compare arrival and completion rates before adding workers",
        "the platform team",
    ),
    (
        "Certificates and DNS",
        "a name that does not resolve",
        "check expiry first, then the change log of the last day",
        "the network team",
    ),
    (
        "Third parties",
        "a provider that fails",
        "switch to the fallback and open a ticket with their request ids",
        "vendor management",
    ),
    ("Security incidents", "a leaked key", "revoke first, ask later, keep the evidence", "the security officer"),
    (
        "Handing over",
        "the end of a shift",
        "write down what is open, what was tried and what you would do next",
        "your successor",
    ),
    (
        "Afterwards",
        "the review",
        "a timeline without names, causes, and at most five actions with owners",
        "the facilitator",
    ),
)
ADVICE = (
    "Read {topic} slowly, twice. Most long incidents begin with somebody who was sure to know it already.",
    "The rule is simple: {rule}. If that is not enough after ten minutes, call {who}; nobody has ever been "
    "blamed for calling.",
    "Write every step into the channel, with the time. What seems obvious at three in the morning is a riddle at nine.",
    "Prefer the change that can be undone. A slow service is better than a fast one with wrong data.",
    "When two graphs contradict each other, trust the one that is closer to the user.",
    "Do not fix a second problem on the way. Note it, finish {topic}, and open a ticket for the rest.",
)


def lease_review() -> Talk:
    """Anthropic messages with thinking."""
    talk = Talk(
        "lease-review-0c77",
        timedelta(hours=1, minutes=12),
        "claude-sonnet-4-5",
        system=(
            "You explain German rental contracts to tenants in plain English. Name the paragraph you refer to. "
            "You are no lawyer, and say so once."
        ),
        user="tenant-portal:4410",
        tags=("legal", "rental"),
        dialect=MESSAGES,
        parameters={"thinking": {"type": "enabled", "budget_tokens": 4000}},
    )
    talk.say("Please look through my new lease, which clauses should worry me?\n\n" + LEASE)
    talk.reply(
        "I'm no lawyer, but three of the eight paragraphs deserve a question before you sign:\n\n"
        "| § | what it says | why it matters |\n|---|---|---|\n"
        "| 3 | index rent, *at least 2 %* a year | Linking rent to the price index is allowed. A minimum rise "
        "on top of it is very likely void, because the index must decide alone. |\n"
        "| 5 | painting on moving out, by a firm they name | A fixed duty to paint at the end, whatever the "
        "flat looks like, is usually void. So is naming the firm. |\n"
        "| 7 | no notice for four years | Four years is the longest that is allowed, counted from signing. "
        "Sign it only if you are sure to stay. |\n\n"
        "The others look ordinary: small repairs (§ 4) are within the usual limits, the deposit (§ 8) is "
        "exactly three rents, and § 6 on pets is fair.",
        reasoning=(
            "Index-linked rent is § 557b BGB: only the index may determine the change, so a minimum increase is "
            "invalid. Painting on moving out "
            "as a rigid end-of-term clause: void under BGH case law. Waiver of notice up to four years is "
            "accepted. Deposit 3 x 980 = 2,940, "
            "correct. Small repairs 120 each, 400 a year is about 3.4 % of the annual rent, ok."
        ),
    )
    talk.say("What could I propose instead of § 7?")
    return talk.reply(
        "Ask for one of these, in this order:\n\n- drop § 7: then you can leave with three months' notice at "
        "any time;\n- **two years** instead of four;\n"
        "- keep it, but add: *“The tenant may name a suitable successor and is then released.”*\n\n"
        "Landlords often accept the second or the third.",
        reasoning="Offer graded alternatives; successor clause is a common compromise.",
    )


def meal_plan() -> Talk:
    talk = Talk(
        "meal-plan-w48", timedelta(hours=14), "gpt-4o", user="lena.h@example.com", tags=("assistant",), stream=True
    )
    talk.say(
        "Plan five vegetarian dinners for two for next week, max 30 minutes each, no mushrooms. Table please, "
        "with a shopping list."
    )
    talk.reply(
        "| day | dinner | minutes |\n|---|---|---:|\n| Mon | Red lentil dal with spinach and rice | 25 |\n"
        "| Tue | Gnocchi with roasted cherry tomatoes and feta | 20 |\n"
        "| Wed | Shakshuka with flatbread | 30 |\n| Thu | Udon with tofu, pak choi and sesame | 20 |\n"
        "| Fri | Quesadillas with black beans, corn and avocado | 25 |\n\n"
        "**Shopping list**\n\n- *Vegetables:* spinach 300 g, cherry tomatoes 500 g, peppers 2, pak choi 2, "
        "avocados 2, onions 4, garlic, ginger, limes 2\n"
        "- *Dairy and eggs:* feta 200 g, eggs 4, grated cheese 150 g\n"
        "- *Dry and tinned:* red lentils 200 g, rice, gnocchi 500 g, udon 400 g, tinned tomatoes 2, "
        "black beans 1, corn 1, coconut milk 1, tortillas 4\n- *Other:* smoked tofu 200 g, sesame, soy sauce, "
        "cumin, curry powder"
    )
    talk.say("Lena's partner is allergic to sesame")
    talk.reply(
        "Then Thursday changes: leave out the sesame and finish the udon with **roasted peanuts and lime** "
        "instead. Check the soy sauce and the tofu: "
        "some smoked tofu contains sesame. Everything else on the list is free of it."
    )
    talk.say("how many calories has the dal roughly")
    return talk.reply(
        "About **620 kcal** a portion: lentils 350, rice 180, coconut milk 80, the rest spices and spinach."
    )


def cv_extraction() -> Talk:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "city": {"type": "string"},
            "years_of_experience": {"type": "integer"},
            "skills": {"type": "array", "items": {"type": "string"}},
            "languages": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["name", "skills"],
        "additionalProperties": False,
    }
    answer = {
        "name": "Joana Ferreira",
        "city": "Porto",
        "years_of_experience": 7,
        "skills": ["Python", "SQL", "dbt", "Airflow", "Dagster", "Spark"],
        "languages": {"Portuguese": "native", "English": "C1", "German": "A2"},
    }
    talk = Talk(
        "cv-import-2026-11-22-0031",
        timedelta(hours=3, minutes=51),
        "gpt-4.1-mini",
        system="Extract the candidate from the text. Leave out what the text does not say.",
        tags=("hr", "extraction"),
        metadata={"document": "ferreira.pdf", "page": 1},
        parameters={
            "temperature": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "candidate", "schema": schema, "strict": True},
            },
        },
    )
    return talk.say(CV).reply(json.dumps(answer, indent=2, ensure_ascii=False))


def ticket_triage() -> Talk:
    """Independent one-shot calls under one batch id; no history."""
    talk = Talk(
        "triage-batch-2026-11-22",
        timedelta(hours=7, minutes=30),
        "gpt-4o-mini",
        system='Classify the support ticket. Answer with JSON: {"type", "priority", "area"}.',
        tags=("batch", "triage"),
        metadata={"job": "nightly-triage", "attempt": 1},
        parameters={"temperature": 0, "response_format": {"type": "json_object"}},
        key_field="session_id",
        source="native",
    )
    for place, (ticket, kind, priority, area) in enumerate(TICKETS):
        talk.forget(2 if place else 0)
        talk.say(ticket, after=0.05).reply(json.dumps({"type": kind, "priority": priority, "area": area}))
    return talk


def manual_translation() -> Talk:
    talk = Talk(
        "translate-manual-de",
        timedelta(days=1, hours=2),
        "claude-sonnet-4-5",
        system=(
            "Du übersetzt technische Anleitungen vom Englischen ins Deutsche. Anrede: Sie. Begriffe laut Glossar: "
            "pump = Pumpe, gasket = Dichtung, housing = Gehäuse."
        ),
        user="redaktion@example.de",
        tags=("translation",),
        dialect=MESSAGES,
    )
    talk.say(
        "Before opening the housing, disconnect the pump from the mains and let it cool down for at least 20 "
        "minutes. Replace the gasket whenever the housing has been opened."
    )
    talk.reply(
        "Trennen Sie die Pumpe vom Stromnetz und lassen Sie sie mindestens 20 Minuten abkühlen, bevor Sie das "
        "Gehäuse öffnen. Ersetzen Sie die "
        "Dichtung jedes Mal, wenn das Gehäuse geöffnet wurde."
    )
    talk.say("Tighten the four screws crosswise to 8 Nm. Do not reuse screws with damaged threads.")
    talk.reply(
        "Ziehen Sie die vier Schrauben über Kreuz mit 8 Nm an. Verwenden Sie Schrauben mit beschädigtem "
        "Gewinde nicht wieder."
    )
    talk.say("And the warning label: DANGER: rotating parts. Keep hands clear. Switch off before cleaning.")
    return talk.reply("**GEFAHR:** Drehende Teile. Nicht hineingreifen. Vor dem Reinigen ausschalten.")


def french_story() -> Talk:
    talk = Talk(
        "conte-du-soir-12",
        timedelta(days=3, hours=4),
        "gpt-4o",
        system="Tu écris des contes du soir pour des enfants de six ans. Phrases courtes, fin apaisante.",
        user="famille-martin",
        tags=("creative",),
        parameters={"temperature": 1.1, "top_p": 0.95},
    )
    talk.say("Un conte avec un phare, une mouette qui a peur du vent, et une petite fille nommée Zoé.")
    talk.reply(
        "Tout au bout de la jetée, il y avait un vieux phare, et dans le phare vivait Zoé.\n\n"
        "Chaque soir, Zoé montait les cent douze marches pour "
        "allumer la lampe. Un soir de novembre, elle trouva sur le balcon une mouette toute blanche, blottie "
        "contre la vitre.\n\n« Tu ne voles pas ? » "
        "demanda Zoé. — « J'ai peur du vent », murmura la mouette. « Il pousse plus fort que moi. »\n\n"
        "Zoé réfléchit. Puis elle ouvrit sa main, et y posa une "
        "plume. Le vent la souleva, la fit tourner, et la déposa doucement sur le toit. « Tu vois ? Le vent "
        "ne pousse pas. Il porte. »\n\nLa mouette ferma "
        "les yeux, ouvrit les ailes, et le vent la porta, comme une main. Elle fit trois fois le tour du "
        "phare, et la lumière la suivit.\n\nDepuis, chaque "
        "soir, quand Zoé allume la lampe, une aile blanche passe devant la vitre. Bonne nuit, Zoé. Bonne "
        "nuit, mouette. Bonne nuit, vent."
    )
    talk.say("Peux-tu ajouter un petit phoque qui ronfle ?")
    return talk.reply(
        "Bien sûr ! Juste avant la fin :\n\n« Sur les rochers, en bas, dormait Balthazar, le petit phoque. Il "
        "ronflait si fort que les crabes se bouchaient "
        "les oreilles, et les crabes, comme chacun sait, n'ont pas d'oreilles. La mouette passa au-dessus de "
        "lui, tout doucement, pour ne pas le réveiller. »"
    )


def interview_practice() -> Talk:
    talk = Talk(
        "interview-coach-ag",
        timedelta(days=1, hours=7),
        "claude-haiku-4-5",
        system=(
            "You are an interview coach. Ask one question, wait for the answer, give two sentences of feedback, "
            "then ask the next."
        ),
        user="alex.g@example.com",
        tags=("coaching",),
        dialect=MESSAGES,
        key_field="",
    )
    talk.say("I have a job interview on Thursday, backend engineer. Can we practise?")
    talk.reply("Gladly. First question: " + INTERVIEW[0][0])
    for place, (_, answer, feedback) in enumerate(INTERVIEW):
        upcoming = (
            f"\n\nNext question: {INTERVIEW[place + 1][0]}"
            if place + 1 < len(INTERVIEW)
            else "\n\nThat was the last one. You are well prepared."
        )
        talk.say(answer, after=40 + len(answer) / 3).reply(feedback + upcoming)
    return talk


def handbook() -> Talk:
    """One very long answer."""
    talk = Talk(
        "oncall-handbook-draft",
        timedelta(days=2, hours=9),
        "gpt-4.1",
        system="You write internal documentation. Plain words, short paragraphs, no filler.",
        user="sre-team",
        tags=("docs", "long"),
        parameters={"max_completion_tokens": 16000},
    )
    talk.say(
        "Draft our complete on-call handbook: twelve chapters, each with rules, a checklist and an example. "
        "It may be long."
    )
    talk.reply("# On-call handbook\n\n" + "\n\n".join(chapter(number) for number in range(len(CHAPTERS))))
    talk.say("Thanks. Which chapter would you cut if it had to be eleven?")
    return talk.reply(
        "Chapter 8, *Certificates and DNS*: it overlaps with chapter 9 and could be a page in its checklist."
    )


def chapter(number: int) -> str:
    title, topic, rule, who = CHAPTERS[number]
    advice = [text.format(topic=topic, rule=rule, who=who) for text in ADVICE]
    turned = advice[number % 6 :] + advice[: number % 6]
    checklist = [
        f"- [ ] {step}"
        for step in (
            f"You know what {topic} looks like",
            f"You can reach {who}",
            "The channel has a timeline",
            f"Done: {rule}",
        )
    ]
    example = (
        f"*Example.* On a Sunday in {('March', 'June', 'September')[number % 3]}, {topic} came up "
        f"at {3 + number % 9}:4{number % 10}. The engineer on call "
        f"followed the rule ({rule}), told {who} after eight minutes and wrote down two surprises, which "
        "became tickets on Monday. "
        f"It took {17 + number * 3} minutes until the graphs were flat again, and no customer wrote in."
    )
    table = (
        f"| minute | what | who |\n|---:|---|---|\n| 0 | {topic} | alert |\n| 2 | acknowledged | on call |\n"
        f"| 8 | asked for help | {who} |\n| {17 + number * 3} | solved | on call |"
    )
    return "\n\n".join([f"## {number + 1}. {title}", *turned, "\n".join(checklist), example, table, *turned[::-1][:4]])


def edited_question() -> Talk:
    """The user asks again and then edits the question: histories that are no prefixes of each other."""
    talk = Talk(
        "slogan-workshop", timedelta(hours=20), "gpt-4o-mini", user="studio-klee", tags=("creative", "marketing")
    )
    talk.say("A slogan for a repair café, in English, max 6 words.").reply("Broken today. Loved again tomorrow.")
    talk.forget(1).reply("Don't throw it. Let's fix it.")
    talk.forget(2).say("A slogan for a repair café that also sells cake, max 6 words.").reply(
        "Fix the toaster, eat the cake."
    )
    return talk.say("Ha, that's the one. Three variants?").reply(
        "1. Mend the lamp, eat the cake.\n2. Your toaster rests. You have cake.\n3. Come broken, leave with cake."
    )


SESSIONS = (
    lease_review,
    meal_plan,
    cv_extraction,
    ticket_triage,
    manual_translation,
    french_story,
    interview_practice,
    handbook,
    edited_question,
)
