"""Sample sessions that are no single line: branches, parallel calls, attempts, histories that were rewritten."""

from __future__ import annotations

from datetime import timedelta

from sessions_app.samples.agents import CODING_TOOLS
from sessions_app.samples.dialects import MESSAGES, Tool
from sessions_app.samples.talk import Talk

WORKTREES = Tool(
    "open_worktree",
    "Check the branch out into a folder of its own, so that several changes can be tried at the same time.",
    {"name": {"type": "string", "description": "Of the folder; letters, digits and hyphens."}},
)
OVERLOADED = "The server is overloaded or not ready yet. Please try again later."
LIMIT = "Rate limit reached for gpt-4.1 on tokens per min (TPM): Limit 450000, Used 449310, Requested {asked}."


def two_plans() -> Talk:
    """An agent tries two ways at the same time, goes on with one, and needs three attempts for the last step."""
    read_file, search, apply_patch, run_tests = CODING_TOOLS[1:5]
    talk = Talk(
        "agent-slow-export-2211",
        timedelta(minutes=33),
        "gpt-4.1",
        system="You repair failing jobs of the repository kontor.\nRead the log before you act.\nKeep changes small.",
        tools=(read_file, search, apply_patch, run_tests),
        user="ci-fixer",
        tags=("agent", "ci"),
        metadata={"job": "nightly-export", "run": 2211},
    )
    talk.say("The nightly export times out since Thursday. Find out why and fix it.")
    start = talk.bookmark()
    talk.call(("search", {"expression": "def export_.*", "pattern": "kontor/exports/*.py"}))
    after_search = talk.bookmark()
    talk.back_to(start, after=0.1).aside(
        "Write a title of at most six words for this conversation.",
        "The nightly export times out since Thursday. Find out why and fix it.",
        "Nightly export times out",
        "gpt-4o-mini",
    )
    talk.back_to(after_search).result(
        "kontor/exports/csv.py:18: def export_bookings(period)\nkontor/exports/csv.py:41: def export_balances(period)"
    )
    talk.call(("read_file", {"path": "kontor/exports/csv.py"}), text="The export of bookings is the large one.")
    talk.result(
        "18  def export_bookings(period):\n19      for booking in Booking.objects.filter(period=period):\n"
        "20          writer.writerow([booking.number, booking.account.name, booking.amount])\n"
        "21          time.sleep(0)  # yield"
    )
    talk.reply(
        "`booking.account` loads one account for each row: since Thursday's import that are 412,000 queries.\n\n"
        "1. **A: join the accounts** with `select_related`.\n2. **B: export in batches** of 1,000, accounts from a "
        "dictionary.\n\nI'll try both in worktrees of their own and compare."
    )
    talk.tools = (*talk.tools, WORKTREES)
    talk.system += "\nWork in a worktree for each plan.\nNever change more than one plan's files at a time."
    plans = talk.bookmark()
    talk.say("Go on with plan A in worktree plan-a.", after=1)
    talk.call(
        ("open_worktree", {"name": "plan-a"}),
        ("apply_patch", {"patch": "-Booking.objects.filter(\n+Booking.objects.select_related('account').filter("}),
        text="A join is one line.",
    )
    plan_a = talk.bookmark()
    talk.back_to(plans, after=1.2).say("Go on with plan B in worktree plan-b.", after=0)
    talk.call(
        ("open_worktree", {"name": "plan-b"}),
        ("apply_patch", {"patch": "+accounts = Account.objects.in_bulk()\n+for batch in batched(rows, 1000):"}),
    )
    talk.result("Opened plan-b at 4be2f01.", seconds=0.3).result("1 file changed, +6 -2", seconds=0.2)
    talk.reply("Plan B works too: 38 s instead of 51 minutes, but it holds all accounts in memory. I stop here.")
    talk.back_to(plan_a).clock = talk.calls[-1].end
    talk.result("Opened plan-a at 4be2f01.", seconds=0.4).result("1 file changed, +1 -1", seconds=0.2)
    talk.call(("run_tests", {"expression": "export"}))
    talk.result("212 passed in 9.31s", seconds=9.6)
    for asked in (6_120, 6_120):
        talk.fail(429, "rate_limit_exceeded", LIMIT.format(asked=asked), pause=4.5)
    talk.use("gpt-4o-mini").reply(
        "Plan A is the better one: one changed line, 44 s instead of 51 minutes, and constant memory.\n\n"
        "| plan | tests | duration | memory |\n|---|---|---|---|\n| A: join | 212 passed | 44 s | 70 MB |\n"
        "| B: batches | 212 passed | 38 s | 390 MB |\n\nShall I open a merge request with plan A?"
    )
    return (
        talk.use("gpt-4.1")
        .say("Yes, please, with the table in its description.")
        .reply("Opened merge request 2241, *Export bookings with one query*, with the table in its description.")
    )


def long_move() -> Talk:
    """A long conversation: compacted by its client, an earlier message edited, messages in the middle dropped."""
    talk = Talk(
        "relocation-7719",
        timedelta(minutes=58),
        "claude-sonnet-4-5",
        system="You help people who move to another country. Ask when something is missing.",
        user="mira@example.com",
        tags=("assistant", "relocation"),
        metadata={"plan": "plus"},
        dialect=MESSAGES,
    )
    for question, answer in MOVING:
        talk.say(question).reply(answer)
    talk.compact(
        "Summarise our conversation for your own use: what I want, what is settled, what is open.",
        "Mira moves from Lyon to Bergen on 1 March with two cats. Settled: residence permit as an EEA citizen by "
        "registration with the police, D-number ordered, cats chipped, tapeworm treatment due 24 to 120 hours before "
        "arrival. Budget for rent 15,000 kroner a month. Open: flat, bank account, car.",
        kept=2,
    )
    talk.say("Now the car: a 2017 Clio. Take it along or sell it?")
    talk.reply(
        "Sell it in Lyon. The one-off registration tax and 25 % VAT on a used car from abroad come to more than the "
        "Clio is worth, unless you owned it for a year and lived abroad for five: then it is free of VAT, not of tax."
    )
    talk.edit(
        0,
        "Summary, corrected by Mira: she moves on 1 April, not 1 March, with two cats and a dog from Lyon to "
        "Bergen. Budget for rent 18,000 kroner a month. Open: flat, bank account.",
    )
    talk.say("I corrected your notes. What changes?")
    talk.reply(
        "Three things: the **dog** needs the tapeworm treatment that the cats do not, your lease in Lyon must be given "
        "notice of by the end of December, and for 18,000 kroner the part of town north of the harbour is open to you."
    )
    talk.history = [talk.history[0], *talk.history[3:]]
    talk.say("And a list of what to do this week, please.")
    return talk.reply("1. Give notice in Lyon.\n2. Book the ferry with three animals.\n3. Write to two landlords.")


MOVING = (
    ("I move from Lyon to Bergen in spring. Where do I begin?", "With three dates: when, for how long, and with whom?"),
    (
        "On 1 March, for good, alone with two cats.",
        "As an EEA citizen you may come, and register within 3 months.",
    ),
    ("Where do I register?", "With the police, online first; bring the passport and the contract to the appointment."),
    ("And a tax number?", "The tax office gives a D-number, and the national number once you stay over six months."),
    ("What do the cats need?", "A chip and a pet passport. Tapeworm treatment is for dogs only, so not for the cats."),
    ("Rent up to 15,000 kroner: where?", "Landås and Laksevåg; Nordnes begins at 18,000 for two rooms."),
)

SESSIONS = (two_plans, long_move)
