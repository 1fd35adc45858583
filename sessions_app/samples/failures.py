"""Sample sessions in which something goes wrong: limits, fallbacks, time-outs, refusals."""

from __future__ import annotations

from datetime import timedelta

from sessions_app.samples.dialects import MESSAGES
from sessions_app.samples.talk import Talk

LIMIT = (
    "Rate limit reached for {model} in organization org-7fK2 on tokens per min (TPM): Limit 200000, Used {used}, "
    "Requested {asked}. Please try again in {wait}s."
)
CONTRACT = (
    "The supplier delivers within {days} working days of the order; for each further day {percent} % of the price "
    "is due, at most {most} %. "
)


def rate_limited() -> Talk:
    """Two attempts fail, the third succeeds; later once more."""
    talk = Talk(
        "newsletter-2026-47",
        timedelta(minutes=19),
        "gpt-4o",
        system="You write the weekly newsletter of a bicycle shop. 120 words at most.",
        user="marketing-bot",
        tags=("marketing", "retries"),
        metadata={"job": "newsletter", "issue": 47},
    )
    talk.say("Topics: winter tyres are here, opening hours over Christmas, free light check on Saturdays.")
    talk.fail(429, "rate_limit_exceeded", LIMIT.format(model="gpt-4o", used=198_211, asked=3_120, wait=1.3), pause=2)
    talk.fail(429, "rate_limit_exceeded", LIMIT.format(model="gpt-4o", used=199_870, asked=3_120, wait=0.9), pause=4)
    talk.reply(
        "**Grip for grey days.** The winter tyres are in: Nokian with studs for commuters, Schwalbe without "
        "for the city. We fit them while you have a coffee, from 18 euros.\n\n"
        "**Be seen.** Every Saturday until Christmas we check your lights for free. Bulbs and batteries at cost.\n\n"
        "**Between the years.** Open as usual until the 23rd. Closed from the 24th to the 28th, then open "
        "from 10 to 14 until New Year.\n\nRide safely, your team at *Speiche & Co.*"
    )
    talk.say("Now a subject line, max 45 characters")
    talk.fail(500, "server_error", "The server had an error while processing your request. Sorry about that!")
    return talk.reply("Winter tyres are in, light check is free 🚲")


def falls_back() -> Talk:
    """Through a LiteLLM proxy: the first model fails, another answers, both under one call id."""
    talk = Talk(
        "search-summary-55e1",
        timedelta(hours=1, minutes=44),
        "gpt-4o",
        system="Summarise search results in two sentences for a shop's search page.",
        user="anon-8812",
        tags=("search", "fallback"),
        metadata={"experiment": "summary-b"},
        source="litellm",
    )
    talk.say(
        "Query: waterproof hiking boots women 40. Results: 1. Alta GTX 159 EUR, 4.6 stars. 2. Monte Mid 129 "
        "EUR, 4.2 stars, runs small. 3. Dolomia Pro 219 EUR, 4.8 stars, resoleable."
    )
    talk.fail(503, "overloaded", "The engine is currently overloaded, please try again later", seconds=2.1, pause=0.05)
    talk.use("gpt-4o-mini").reply(
        "The Dolomia Pro is rated best and can be resoled; the Alta GTX is the better value. If you take the "
        "Monte Mid, order one size up."
    )
    talk.use("gpt-4o").say("Query: same, but under 150 EUR")
    talk.fail(
        500,
        "server_error",
        "The server had an error while processing your request. Sorry about that!",
        seconds=0.7,
        pause=0.05,
    )
    talk.use("gpt-4o-mini").reply(
        "Only the Monte Mid (129 EUR, 4.2 stars) is waterproof and below 150 EUR in size 40; it runs small."
    )
    return talk


def too_long() -> Talk:
    """The context is exceeded; the client shortens the history and goes on."""
    talk = Talk(
        "contract-compare-aa10",
        timedelta(hours=6, minutes=10),
        "llama-3.3-70b-instruct",
        system="You compare contracts clause by clause.",
        user="legal-ops",
        tags=("legal", "long"),
    )
    clauses = "".join(
        f"§ {n}. " + CONTRACT.format(days=5 + n % 9, percent=n % 4 + 0.5, most=5 + n % 6) for n in range(1, 220)
    )
    talk.say("Contract A, complete:\n\n" + clauses).reply(
        "Read: 219 clauses on delivery and late delivery. Please send contract B."
    )
    talk.say("Contract B, complete:\n\n" + clauses.replace("working days", "calendar days"))
    talk.fail(
        400,
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 13934 tokens. "
        "Please reduce the length of the messages.",
    )
    talk.forget(3)
    talk.say(
        "Contract A says *working days* in all 219 clauses, contract B says *calendar days*; otherwise they "
        "are equal. What does this mean for clause 12?",
        after=31,
    )
    return talk.reply(
        "In clause 12 the supplier has 8 days. Under A that is at least ten calendar days because of the "
        "weekend, under B exactly 8: **B is stricter by two days or more**, so the penalty starts earlier."
    )


def filtered() -> Talk:
    talk = Talk("moderation-case-118", timedelta(days=1, hours=1), "gpt-4o", user="forum-guard", tags=("moderation",))
    talk.say("Rewrite this post so that it keeps its point but no longer insults: '[post removed by moderator]'")
    talk.fail(
        400,
        "content_filter",
        "The response was filtered due to the prompt triggering the content management policy. Please modify "
        "your prompt and retry.",
    )
    talk.forget(1).say("Rewrite politely: 'This update is garbage and whoever shipped it should be ashamed.'", after=48)
    return talk.reply(
        "“I'm disappointed by this update: it broke things I use daily, and I'd like to know how it passed testing.”"
    )


def times_out() -> Talk:
    talk = Talk(
        "etl-mapper-0922",
        timedelta(hours=8, minutes=20),
        "claude-sonnet-4-5",
        system="Map source columns to the target schema. Answer as a Markdown table.",
        tags=("data", "retries"),
        dialect=MESSAGES,
        stream=True,
    )
    talk.say(
        "Source: CUST_NO, NM1, NM2, STR, PLZ, ORT, GEB_DAT, KZ_AKTIV. Target: customer_id, first_name, "
        "last_name, street, postcode, city, birth_date, is_active."
    )
    talk.fail(408, "timeout", "Request timed out after 60.0 seconds.", seconds=60.0, pause=1)
    talk.fail(529, "overloaded_error", "Overloaded", seconds=0.3, pause=6)
    return talk.reply(
        "| source | target | note |\n|---|---|---|\n| CUST_NO | customer_id | leading zeros: keep as text |\n"
        "| NM1 | last_name | NM1 is the *last* name in SAP exports |\n| NM2 | first_name | |\n"
        "| STR | street | contains the house number |\n| PLZ | postcode | text, five digits |\n"
        "| ORT | city | |\n| GEB_DAT | birth_date | `YYYYMMDD`, `00000000` is null |\n"
        "| KZ_AKTIV | is_active | `X` is true, empty is false |"
    )


def wrong_key() -> Talk:
    """Nothing but errors."""
    talk = Talk(
        "staging-smoke-test",
        timedelta(hours=2, minutes=55),
        "gpt-4o-mini",
        tags=("staging", "smoke"),
        metadata={"pipeline": 40117},
    )
    talk.say("ping")
    for _ in range(3):
        talk.fail(
            401,
            "invalid_api_key",
            "Incorrect API key provided: sk-stag***********************9xQA. You can find your API key at "
            "https://platform.openai.com/account/api-keys.",
            seconds=0.2,
            pause=10,
        )
    return talk


def cut_off() -> Talk:
    talk = Talk(
        "release-notes-6.0",
        timedelta(days=2, hours=6),
        "gpt-4.1-mini",
        user="release-bot",
        tags=("docs",),
        parameters={"max_tokens": 90},
    )
    talk.say(
        "Release notes for 6.0 from these commits: drop Python 3.9; new query planner; `limit` is now "
        "required in list calls; faster CSV import; fix for wrong time zone in reports; German and Polish "
        "translations."
    )
    talk.reply(
        "# 6.0\n\n## Breaking\n\n- Python 3.9 is no longer supported.\n"
        "- `limit` is required in all list calls. Before, it was 1,000 by default.\n\n## New\n\n"
        "- A new query planner: joins over three or more tables are up to",
        finish="length",
    )
    talk.say("continue")
    return talk.reply(
        " ten times as fast.\n- Translations into German and Polish.\n"
        "- CSV import reads 40 MB/s, four times as much as before.\n\n## Fixed\n\n"
        "- Reports show times in the reader's time zone."
    )


SESSIONS = (rate_limited, falls_back, too_long, filtered, times_out, wrong_key, cut_off)
