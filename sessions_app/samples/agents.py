"""Sample sessions: agents that call tools, from a handful of steps to three hundred."""

from __future__ import annotations

from datetime import timedelta

from sessions_app.samples.dialects import CONTENTS, RESPONSES, Tool
from sessions_app.samples.talk import Talk, fraction

TEXT = {"type": "string"}
PATH = {"type": "string", "description": "Path from the repository's root, with forward slashes."}

CODING_TOOLS = (
    Tool(
        "list_files",
        "List the files of a folder of the repository, recursively, without what .gitignore leaves out. "
        "Answers at most 500 paths.",
        {
            "folder": PATH,
            "pattern": {"type": "string", "description": "A glob such as `**/*.py`; all files when left out."},
        },
        optional=("pattern",),
    ),
    Tool(
        "read_file",
        "Read a text file. Lines are numbered from 1. Long files are cut after 400 lines: ask again with `first_line`.",
        {"path": PATH, "first_line": {"type": "integer", "minimum": 1}},
        optional=("first_line",),
    ),
    Tool(
        "search",
        "Search the repository for a regular expression (RE2 syntax). Answers with path, line and the line's text.",
        {"expression": TEXT, "pattern": {"type": "string", "description": "Only files that match this glob."}},
        optional=("pattern",),
    ),
    Tool(
        "apply_patch",
        "Change files. The patch is a unified diff; it is refused as a whole if a hunk does not fit. Keep "
        "hunks small, with three lines of context. New files start from /dev/null.",
        {"patch": TEXT},
    ),
    Tool(
        "run_tests",
        "Run the test suite, or the part of it that `expression` selects as pytest's -k does. Stops after 300 "
        "seconds. Answers with the summary and the first failures, at most 200 lines.",
        {"expression": TEXT, "stop_at_first_failure": {"type": "boolean"}},
        optional=("expression", "stop_at_first_failure"),
    ),
    Tool(
        "finish", "Say that the task is done, with a summary for the merge request.", {"title": TEXT, "summary": TEXT}
    ),
)
MODULES = (
    "accounts/audit", "accounts/sessions", "accounts/tokens", "api/pagination", "api/throttling", "billing/dunning",
    "billing/invoices", "billing/periods", "exports/csv", "exports/schedule", "imports/bank", "ledger/balances",
    "ledger/bookings", "ledger/closing", "notifications/digest", "notifications/quiet_hours", "reports/monthly",
    "reports/timeline", "tasks/leases", "tasks/retry",
)  # fmt: skip
SQL_TOOLS = (
    Tool("list_tables", "All tables with their number of rows and columns.", {}),
    Tool("describe_table", "Columns, types and three example rows of a table.", {"table": TEXT}),
    Tool("run_sql", "Run a read-only query; at most 200 rows and 20 seconds.", {"query": TEXT}),
)
CLUSTER_TOOLS = (
    Tool(
        "query_metrics",
        "Run a PromQL range query over the last minutes.",
        {"query": TEXT, "minutes": {"type": "integer"}},
    ),
    Tool(
        "get_logs",
        "The last lines of a workload's log.",
        {"workload": TEXT, "lines": {"type": "integer"}, "contains": TEXT},
        optional=("contains",),
    ),
    Tool("list_changes", "Deployments and configuration changes of the last hours.", {"hours": {"type": "integer"}}),
    Tool(
        "roll_back",
        "Roll a workload back to its previous revision. Needs the incident number.",
        {"workload": TEXT, "incident": TEXT},
    ),
)
WEB_TOOLS = (
    Tool("web_search", "Search the web; answers with titles, addresses and a sentence each.", {"query": TEXT}),
    Tool("open_page", "Fetch a page as plain text, at most 4,000 characters.", {"url": TEXT}),
)
TRAVEL_TOOLS = (
    Tool("find_trains", "Connections between two stations.", {"origin": TEXT, "destination": TEXT, "date": TEXT}),
    Tool("find_hotels", "Hotels near a station with prices in EUR.", {"city": TEXT, "nights": {"type": "integer"}}),
)
STOCK_TOOLS = (
    Tool("scan_bin", "Read the shelf scanner: what lies in a bin, and how much of it.", {"bin": TEXT}),
    Tool(
        "record_difference",
        "Note that a bin's count differs from the books.",
        {"bin": TEXT, "expected": {"type": "integer"}, "found": {"type": "integer"}, "reason": TEXT},
        optional=("reason",),
    ),
)
GOODS = (
    "hex bolts M8",
    "wood screws 4x40",
    "wall plugs 8 mm",
    "hinges 90°",
    "drawer runners",
    "felt pads",
    "cable ties",
    "paint rollers",
    "sanding discs",
    "door handles",
)


def coding_agent() -> Talk:
    talk = Talk(
        "agent-fix-utc-20261122",
        timedelta(minutes=11),
        "claude-sonnet-4-5",
        system=(
            "You are a careful software engineer in the repository `kontor` (Python 3.12, pytest). Look before "
            "you change, change little, run the tests after "
            "each step, and finish with a summary. Never touch migrations. Never change a test to make it pass "
            "unless the task says so."
        ),
        tools=CODING_TOOLS,
        user="ci:merge-train",
        tags=("agent", "coding"),
        metadata={"repository": "kontor", "branch": "chore/aware-datetimes", "task": "KON-1841"},
        parameters={"temperature": 0.1, "max_tokens": 8000},
    )
    talk.say(
        "Python 3.12 deprecates datetime.utcnow(). Replace it everywhere by aware datetimes, without changing "
        "what is stored, and make the warnings fail the tests afterwards."
    )
    talk.call(("search", {"expression": r"utcnow\(\)", "pattern": "**/*.py"}), text="First: where is it used?")
    talk.result(
        "\n".join(f"kontor/{module}.py:{line_of(module)}: {'    '}moment = datetime.utcnow()" for module in MODULES)
        + "\ntests/factories.py:18:     created_at=datetime.utcnow(),\n21 matches"
    )
    talk.call(
        ("run_tests", {}),
        ("read_file", {"path": "kontor/clock.py"}),
        text=(
            "Twenty modules and one factory. The state of the tests before I touch anything, and whether there is "
            "a helper already:"
        ),
    )
    talk.result("612 passed, 3 skipped, 41 warnings in 38.20s", 38.2)
    talk.result(
        '1 """Time, in one place."""\n2 \n3 from datetime import UTC, datetime\n4 \n5 \n'
        '6 def now() -> datetime:\n7     """The present moment, aware, in UTC."""\n'
        "8     return datetime.now(UTC)"
    )
    talk.call(
        ("search", {"expression": r"replace\(tzinfo=|make_naive|is_naive"}),
        text="`kontor.clock.now()` exists and is aware. What matters is who *compares* or stores naive values:",
    )
    talk.result(
        "kontor/ledger/closing.py:57:     return moment.replace(tzinfo=UTC) < cutoff\n"
        "kontor/imports/bank.py:88:     booked = booked.replace(tzinfo=None)\n2 matches"
    )
    for module in MODULES:
        replace_in_module(talk, module)
    talk.call(("run_tests", {"stop_at_first_failure": False}), text="All modules are changed. The whole suite:")
    talk.result(
        "FAILED tests/ledger/test_closing.py::test_month_closes_at_midnight - TypeError: can't compare "
        "offset-naive and offset-aware datetimes\n"
        "FAILED tests/imports/test_bank.py::test_same_booking_twice - AssertionError: assert 2 == 1\n"
        "2 failed, 610 passed, 3 skipped in 39.02s",
        39.0,
    )
    talk.call(
        ("read_file", {"path": "kontor/imports/bank.py", "first_line": 74}),
        ("read_file", {"path": "kontor/ledger/closing.py", "first_line": 44}),
        text="Exactly the two places that mixed both kinds.",
    )
    talk.result(
        "80 def fingerprint(booking: Booking) -> str:\n81     # The bank sends local time without a zone.\n"
        "82     booked = booking.booked_at\n…\n88     booked = booked.replace(tzinfo=None)\n"
        "89     return sha256(f'{booked:%Y%m%d}|{booking.amount}|{booking.purpose}'.encode()).hexdigest()"
    )
    talk.result(
        "52 def is_closed(moment: datetime, month: Month) -> bool:\n53     cutoff = month.end\n…\n"
        "57     return moment.replace(tzinfo=UTC) < cutoff"
    )
    talk.call(
        (
            "apply_patch",
            {
                "patch": (
                    "--- a/kontor/imports/bank.py\n+++ b/kontor/imports/bank.py\n@@ -85,5 +85,5 @@\n"
                    "-    booked = booked.replace(tzinfo=None)\n+    booked = "
                    "booked.astimezone(BANK_ZONE).replace(tzinfo=None)\n"
                )
            },
        ),
        text=(
            "The fingerprint took the *date* of a naive local time. Now that the value is aware UTC, a booking at "
            "00:30 in Berlin would get the day before: that is the second failure. It has to be turned back into "
            "the bank's zone first."
        ),
    )
    talk.result("applied, 1 file changed")
    talk.call(
        (
            "apply_patch",
            {
                "patch": (
                    "--- a/kontor/ledger/closing.py\n+++ b/kontor/ledger/closing.py\n@@ -54,4 +54,4 @@\n"
                    "-    return moment.replace(tzinfo=UTC) < cutoff\n+    return moment < cutoff\n"
                )
            },
        )
    )
    talk.result("applied, 1 file changed")
    talk.call(
        (
            "apply_patch",
            {
                "patch": (
                    "--- a/pyproject.toml\n+++ b/pyproject.toml\n@@ -61,3 +61,4 @@\n [tool.pytest.ini_options]\n"
                    '+filterwarnings = ["error::DeprecationWarning:kontor"]\n'
                )
            },
        ),
        text="And the guard that was asked for:",
    )
    talk.result("applied, 1 file changed")
    talk.call(("run_tests", {}))
    talk.result("612 passed, 3 skipped in 38.71s", 38.7)
    talk.call(("search", {"expression": r"utcnow\("}), text="Green. Is anything left?")
    talk.result("0 matches")
    talk.call(
        (
            "finish",
            {
                "title": "clock: Aware datetimes everywhere",
                "summary": (
                    "Replaces utcnow() in 20 modules and one factory by clock.now(). Two places mixed naive and "
                    "aware values; the bank's fingerprint now takes the day in the bank's zone, so stored "
                    "fingerprints stay equal. Deprecation warnings from kontor fail the tests."
                ),
            },
        )
    )
    talk.result({"merge_request": 2240, "pipeline": "started"})
    return talk.reply(
        "Done: merge request **!2240**.\n\n- `utcnow()` is gone from 20 modules and one factory; all use "
        "`clock.now()`.\n- Two places mixed naive and aware values. `ledger/closing.py` needed one conversion "
        "less; `imports/bank.py` "
        "needed one more, or bookings shortly after midnight would have been imported twice.\n"
        "- Deprecation warnings from `kontor` now fail the tests.\n\n"
        "612 tests pass. Stored values are unchanged: the columns are `timestamptz`."
    )


def line_of(module: str) -> int:
    return 20 + int(fraction("line", module) * 120)


def replace_in_module(talk: Talk, module: str) -> None:
    """Read one file, patch it; now and then run the tests around it."""
    line, name = line_of(module), module.split("/")[1]
    talk.call(("read_file", {"path": f"kontor/{module}.py", "first_line": line - 3}))
    talk.result(
        f"{line - 3} \n{line - 2} def {name}_moment(self) -> datetime:\n"
        f"{line - 1}     # Naive on purpose until KON-1841.\n{line}     moment = datetime.utcnow()\n"
        f"{line + 1}     return moment"
    )
    patch = (
        f"--- a/kontor/{module}.py\n+++ b/kontor/{module}.py\n@@ -{line - 1},3 +{line - 1},2 @@\n"
        "-    # Naive on purpose until KON-1841.\n-    moment = datetime.utcnow()\n+    moment = clock.now()\n"
        "     return moment\n"
    )
    talk.call(("apply_patch", {"patch": patch}))
    talk.result("applied, 1 file changed")
    if fraction("tests", module) < 0.3:
        talk.call(("run_tests", {"expression": module.split("/")[0]}), text=f"The tests around `{module}`:")
        talk.result(f"{20 + line} passed in {line / 20:.2f}s", line / 20)


def sql_analyst() -> Talk:
    """Through a LiteLLM proxy."""
    talk = Talk(
        "bi-question-1190",
        timedelta(hours=3, minutes=8),
        "gpt-4.1",
        system=(
            "You answer questions about the shop's data with SQL (DuckDB). Check the tables first. Give the "
            "figure, the query and one caveat."
        ),
        tools=SQL_TOOLS,
        user="cfo@example.com",
        tags=("agent", "analytics"),
        metadata={"dashboard": "finance"},
        source="litellm",
    )
    talk.say("Did free shipping from 50 euros (since 1 October) raise the average order?")
    talk.call(("list_tables", {}))
    talk.result(
        [
            {"table": "orders", "rows": 412_880, "columns": 23},
            {"table": "order_lines", "rows": 1_204_551, "columns": 11},
            {"table": "customers", "rows": 98_120, "columns": 19},
        ]
    )
    talk.call(("describe_table", {"table": "orders"}))
    talk.result(
        {
            "columns": {
                "id": "bigint",
                "placed_at": "timestamp",
                "goods_total": "decimal(10,2)",
                "shipping": "decimal(6,2)",
                "is_cancelled": "boolean",
                "channel": "varchar",
            },
            "examples": [[1, "2024-01-01 08:12:44", 39.9, 4.9, False, "web"]],
        }
    )
    query = (
        "SELECT date_trunc('month', placed_at) AS month, count(*) AS orders, round(avg(goods_total), 2) AS mean, "
        "median(goods_total) AS median,\n       round(avg((goods_total BETWEEN 50 AND 60)::int) * 100, 1) AS "
        "pct_50_to_60\nFROM orders WHERE NOT is_cancelled AND placed_at >= '2026-07-01' GROUP BY 1 ORDER BY 1"
    )
    talk.call(("run_sql", {"query": query}))
    rows = (
        (7, 11_204, 47.10, 38.90, 8.1),
        (8, 10_951, 46.82, 38.50, 8.3),
        (9, 11_377, 47.35, 39.00, 8.0),
        (10, 12_018, 52.41, 44.90, 17.6),
        (11, 9_120, 53.06, 45.90, 18.4),
    )
    talk.result(
        [
            {"month": f"2026-{month:02}-01", "orders": orders, "mean": mean, "median": median, "pct_50_to_60": share}
            for month, orders, mean, median, share in rows
        ]
    )
    talk.reply(
        "**Yes: from 47.09 to 52.69 EUR on average (+12 %), and the median from 38.80 to 45.40 EUR.**\n\n"
        "| month | orders | mean | median | 50 to 60 EUR |\n|---|---:|---:|---:|---:|\n"
        + "\n".join(
            f"| 2026-{month:02} | {orders:,} | {mean:.2f} | {median:.2f} | {share} % |"
            for month, orders, mean, median, share in rows
        )
        + (
            "\n\nThe last column is the clearest sign: orders just above the threshold have doubled.\n\n"
            "*Caveat:* autumn orders are larger every year. In 2025 October was 3 % above September, so about "
            "nine of the twelve points belong to free shipping."
        )
    )
    talk.say("Did it pay off, net of the shipping we no longer earn?")
    talk.call(
        (
            "run_sql",
            {
                "query": (
                    "SELECT round(sum(goods_total) * 0.34, 0) AS margin, round(sum(shipping), 0) AS "
                    "shipping_earned, count(*) FILTER (goods_total >= 50) AS free FROM orders WHERE NOT "
                    "is_cancelled AND placed_at BETWEEN '2026-10-01' AND '2026-10-31'"
                )
            },
        )
    )
    talk.result([{"margin": 214_155, "shipping_earned": 31_402, "free": 5_117}])
    return talk.reply(
        "Barely. October's margin rose by about **21,700 EUR** (34 % on 5.32 EUR for 12,018 orders); 5,117 "
        "free parcels cost **25,100 EUR** of shipping income. The larger number of orders (+6 %) makes up for "
        "it: net **+8,600 EUR**."
    )


def incident() -> Talk:
    """Parallel tool calls, and a person who decides."""
    talk = Talk(
        "incident-4471",
        timedelta(minutes=27),
        "gpt-4.1",
        system=(
            "You assist the engineer on call. Gather facts in parallel, name the likeliest cause with its "
            "evidence, and propose one step. Roll back only when told to."
        ),
        tools=CLUSTER_TOOLS,
        user="oncall-nadia",
        tags=("agent", "incident", "sev2"),
        metadata={"incident": "INC-4471", "service": "checkout"},
        stream=True,
    )
    talk.say("INC-4471: checkout p95 went from 300 ms to 4 s at about 14:05. What changed?")
    talk.call(
        ("list_changes", {"hours": 3}),
        (
            "query_metrics",
            {"query": 'histogram_quantile(0.95, rate(http_seconds_bucket{service="checkout"}[2m]))', "minutes": 40},
        ),
        (
            "query_metrics",
            {"query": 'pg_stat_activity_count{datname="shop",state="idle in transaction"}', "minutes": 40},
        ),
        ("get_logs", {"workload": "checkout", "lines": 50, "contains": "WARN"}),
    )
    talk.result(
        [
            {"time": "13:58", "what": "deploy checkout r412 -> r413"},
            {"time": "12:10", "what": "config: search cache 2 GB -> 4 GB"},
        ]
    )
    talk.result({"13:50": 0.31, "13:55": 0.30, "14:00": 0.34, "14:05": 2.90, "14:10": 4.05, "14:15": 4.11})
    talk.result({"13:50": 1, "13:55": 1, "14:00": 9, "14:05": 38, "14:10": 40, "14:15": 40})
    talk.result(
        "14:04:51 WARN pool exhausted, waited 1.8 s\n14:05:02 WARN pool exhausted, waited 2.4 s\n"
        "14:05:02 WARN voucher service answered in 1,911 ms\n14:05:09 WARN pool exhausted, waited 3.0 s"
    )
    talk.reply(
        "Likeliest cause: **checkout r413, deployed at 13:58**, calls the voucher service *inside* a database "
        "transaction.\n\n- connections idle in transaction rose from 1 to 40 (the pool's limit) right after "
        "the deployment;\n- the log shows "
        "`pool exhausted` next to voucher calls of 1.9 s;\n- the cache change at 12:10 is two hours older and "
        "in another service.\n\nProposal: roll back checkout to r412. It takes about a minute."
    )
    talk.say("Agreed, roll back.", after=21)
    talk.call(("roll_back", {"workload": "checkout", "incident": "INC-4471"}))
    talk.result({"workload": "checkout", "revision": "r412", "ready": "12/12", "seconds": 71}, 71)
    talk.call(
        (
            "query_metrics",
            {"query": 'histogram_quantile(0.95, rate(http_seconds_bucket{service="checkout"}[2m]))', "minutes": 6},
        )
    )
    talk.result({"14:21": 4.02, "14:23": 1.10, "14:25": 0.33, "14:26": 0.31})
    return talk.reply(
        "Rolled back at 14:22; p95 is at 310 ms again since 14:25. For the review: r413 moved "
        "`apply_voucher()` into the order's transaction (commit 77ab1f0), and no alert watches idle "
        "transactions."
    )


def research() -> Talk:
    talk = Talk(
        "research-heat-pumps",
        timedelta(hours=16, minutes=30),
        "gemini-2.5-pro",
        system="You research questions on the web. Prefer primary sources, note contradictions, cite with [n].",
        tools=WEB_TOOLS,
        user="energy-desk",
        tags=("agent", "research"),
        dialect=CONTENTS,
    )
    pages = (
        (
            "seasonal performance of heat pumps in old buildings, field tests",
            "https://fieldtest.example/heat-pumps-existing-buildings",
            "77 monitored houses, built 1826 to 2001. Mean seasonal performance factor of air source units: "
            "3.1 (2.5 to 3.8); ground source: 4.1.",
        ),
        (
            "heat pump flow temperature radiators study",
            "https://journal.example/flow-temperature-2025",
            "Most radiators in the sample needed 50 °C or less on the coldest day after two or three of them "
            "were replaced.",
        ),
        (
            "heat pump sound regulation night limits",
            "https://authority.example/noise-guidance",
            "Limit in residential areas: 35 dB(A) at night at the neighbour's window.",
        ),
        (
            "cost of heat pump installation 2026 detached house",
            "https://prices.example/survey-2026",
            "Median offer 31,400 EUR before subsidy, 1,150 offers; a quarter below 26,000, a quarter above 38,000.",
        ),
        (
            "electricity tariff heat pump 2026 average",
            "https://tariffs.example/2026-11",
            "Heat pump tariff 24.1 ct/kWh on average, household tariff 33.0 ct/kWh.",
        ),
    )
    talk.say("Is a heat pump sensible in an unrenovated house from 1965? I need numbers with sources, half a page.")
    for place, (query, url, found) in enumerate(pages):
        talk.call(
            ("web_search", {"query": query}),
            reasoning="" if place else "Efficiency in old buildings first, then temperatures, noise, cost, tariffs.",
        )
        talk.result(
            [
                {"title": query.capitalize(), "url": url, "snippet": found[:70] + "…"},
                {
                    "title": "Forum: my experience",
                    "url": "https://forum.example/t/8812",
                    "snippet": "It depends on the installer.",
                },
            ]
        )
        talk.call(("open_page", {"url": url}))
        talk.result(found + " Method, limits and raw data are described in the annex.")
    talk.reply(
        "**Usually yes, if two or three radiators are replaced first.**\n\n"
        "- *Efficiency:* in a field test with 77 existing houses, air source units reached a seasonal factor "
        "of **3.1** (2.5 to 3.8) [1].\n- *Temperature:* it depends on "
        "the flow temperature, not on the year of construction; 50 °C sufficed in most houses after changing "
        "a few radiators [2].\n- *Cost:* median offer **31,400 EUR** before subsidy [4]. At 24.1 ct/kWh [5] "
        "and a factor of 3.1, heat costs 7.8 ct/kWh.\n"
        "- *Noise:* 35 dB(A) at the neighbour's window at night [3]; plan the place before you buy.\n\n"
        "Contradiction: a forum reports factors of 2.0, without measurements; I left it out.\n\n"
        "[1] fieldtest.example · [2] journal.example · [3] authority.example · [4] prices.example · [5] "
        "tariffs.example",
        reasoning=(
            "7.8 = 24.1 / 3.1. Gas at 11 ct and 0.9 would be 12.2 ct. Say which figure is weakest: cost, a survey "
            "of offers."
        ),
    )
    talk.say("And with the house's own solar panels, 8 kWp?")
    return talk.reply(
        "Roughly a fifth of the pump's electricity comes from the roof over a year (little in January, when "
        "it is needed most), which brings heat to about **6.6 ct/kWh** at a generation cost of 10 ct. It does "
        "not change the answer; it makes it a bit better."
    )


def trip_planner() -> Talk:
    """A chain of /responses calls: each names the response before it and sends only what is new."""
    talk = Talk(
        "trip-planner-6620",
        timedelta(hours=12, minutes=15),
        "gpt-4.1",
        system="You plan trips by train. Times as 24 h, prices in EUR.",
        tools=TRAVEL_TOOLS,
        user="traveller-6620",
        tags=("travel", "responses"),
        dialect=RESPONSES,
        key_field="",
    )
    talk.say("Weekend in Ljubljana from Munich, two people, leaving Friday 4 December after 13:00.")
    talk.call(
        ("find_trains", {"origin": "München Hbf", "destination": "Ljubljana", "date": "2026-12-04"}),
        ("find_hotels", {"city": "Ljubljana", "nights": 2}),
        reasoning="Both searches are independent: run them together.",
    )
    talk.result(
        [
            {"train": "EC 213", "departs": "12:17", "arrives": "18:33"},
            {"train": "RJX 67 + EC 151", "departs": "15:30", "arrives": "22:41", "price": 49.9},
        ]
    )
    talk.result(
        [{"name": "Hotel Park", "price": 96, "distance_m": 700}, {"name": "Cubo", "price": 142, "distance_m": 1100}]
    )
    talk.reply(
        "**Out:** Friday 15:30 from Munich, change in Salzburg, 22:41 in Ljubljana, 49.90 each. The direct EC "
        "leaves at 12:17, before your 13:00.\n\n**Stay:** Hotel Park, 700 m from the station, 96 a night; "
        "Cubo is quieter, 142.\n\nShall I look for the way back on Sunday?",
        reasoning="The direct train leaves too early; say so, because it saves an hour.",
    )
    talk.say("We could make 12:17 after all! Return Sunday evening.")
    talk.call(("find_trains", {"origin": "Ljubljana", "destination": "München Hbf", "date": "2026-12-06"}))
    talk.result(
        [
            {"train": "EC 212", "departs": "09:26", "arrives": "15:41", "price": 39.9},
            {"train": "EC 114", "departs": "15:52", "arrives": "22:14", "price": 44.9},
        ]
    )
    return talk.reply(
        "Then it's direct both ways: **Friday EC 213, 12:17 to 18:33**, and **Sunday EC 114, 15:52 to 22:14** "
        "(44.90 each). There is no later one on Sunday. Seats are free, but book soon: it is the first Advent "
        "market weekend."
    )


def stock_count() -> Talk:
    """Three hundred requests: an agent counts a warehouse, bin by bin."""
    talk = Talk(
        "stocktake-hall-3-aisle-7",
        timedelta(hours=4, minutes=2),
        "gpt-4o-mini",
        system=(
            "You count the stock of one aisle with a shelf scanner, one bin after the other, and record each "
            "difference. Do not guess."
        ),
        tools=STOCK_TOOLS,
        user="warehouse-bot-3",
        tags=("agent", "warehouse", "nightly"),
        metadata={"hall": 3, "aisle": 7, "night": "2026-11-22"},
        parameters={"temperature": 0},
    )
    talk.say("Count aisle 7. Books are attached to each scan. Report at the end.")
    place, differences = 0, 0
    while len(talk.calls) < 299:
        place += 1
        name, found, expected = bin_count(place)
        talk.call(("scan_bin", {"bin": name}))
        talk.result({"bin": name, "article": GOODS[place % len(GOODS)], "found": found, "books": expected})
        if found != expected and len(talk.calls) < 299:
            differences += 1
            reason = "box open" if place % 2 else "nothing visible"
            talk.call(
                ("record_difference", {"bin": name, "expected": expected, "found": found, "reason": reason}),
                text=f"{name}: {found} instead of {expected}.",
            )
            talk.result({"recorded": differences})
    return talk.reply(
        f"Aisle 7 is done: **{place} bins** counted, **{differences} differences** recorded. Most of them "
        f"are {GOODS[3]} and {GOODS[6]} in open boxes; bins 7-C and 7-D should be counted again by hand."
    )


def bin_count(place: int) -> tuple[str, int, int]:
    """(bin, found, in the books): about one in nine differs."""
    name = f"7-{'ABCDEF'[place // 50]}-{place % 50:02}"
    expected = 20 + int(fraction("stock", place) * 180)
    missing = int(fraction("missing", place) * 9) if fraction("differs", place) < 0.11 else 0
    return name, expected - missing, expected


def judged_answers() -> Talk:
    """Three models in one session: one writes, one checks, one decides."""
    talk = Talk(
        "eval-faq-round-8",
        timedelta(days=1, hours=13),
        "gpt-4o-mini",
        user="eval-runner",
        tags=("evaluation", "judge"),
        metadata={"round": 8, "case": "faq-112"},
        key_field="session_id",
    )
    talk.say("How long can I return a gift that was bought in November?").reply(
        "You can return gifts bought in November until 31 January, with the receipt."
    )
    talk.forget(2).use("gpt-4.1-mini").say("How long can I return a gift that was bought in November?", after=0.2)
    talk.reply(
        "Gifts bought between 1 November and 24 December can be returned until 31 January. You need the "
        "receipt or the gift slip."
    )
    talk.forget(2).use("o4-mini").say(
        "Which answer is better, A or B? Policy: 'Purchases from 1 November to 24 December may be returned "
        "until 31 January with receipt or gift slip.'\n\nA: You can return gifts bought in November until 31 "
        "January, with the receipt.\n\nB: Gifts bought between "
        "1 November and 24 December can be returned until 31 January. You need the receipt or the gift "
        "slip.\n\nAnswer with JSON.",
        after=0.3,
    )
    return talk.reply(
        '{"better": "B", "score_a": 3, "score_b": 5, "reason": "A leaves out the gift slip, which is what '
        'somebody who received a gift has."}',
        hidden_reasoning=512,
    )


SESSIONS = (coding_agent, sql_analyst, incident, research, trip_planner, stock_count, judged_answers)
