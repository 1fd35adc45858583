"""The keys of the search language, and what may stand behind each."""

from __future__ import annotations

from sessions_app.records import KINDS, RULES, SOURCES

METADATA = "metadata"
# Compared with the whole value, whatever its case; several are alternatives.
TEXTS = {
    "model": "a model that was asked for or answered",
    "provider": "who served the model",
    "user": "the end user that the log names",
    "key": "the name of the key at the proxy",
    "tag": "a tag",
    "tool": "a tool that was called or run",
    "failed_tool": "a tool whose result failed or looks failed",
    "error": "the type of an error, or words of its message",
    "finish": "why an answer ended: stop, length, tool_calls",
    "trace": "the id of a trace",
    "request": "the id of a request, call or response",
    "session": "the id or name of a session",
}
# Only these values are possible.
CHOICES = {
    "status": ("ok", "error", "running", "unfinished"),
    "source": tuple(SOURCES),
    "kind": KINDS,
    "rule": RULES,
    "has": ("error", "tool", "image", "audio", "file", "reasoning", "branch", "retry", "cut", "steps", "failed_tool"),
    "in": ("user", "assistant", "system", "tool", "error"),
}
CHOICE_WORDS = {
    "status": "how requests went",
    "source": "how logs were sent",
    "kind": "what a request or step is",
    "rule": "why a request is in its session",
    "has": "what occurs in it",
    "in": "where the words are looked for",
}
RANGES = {
    "cost": "US dollars",
    "tokens": "input and output tokens",
    "duration": "from the first start to the last end",
    "requests": "how many requests a session has",
    "ttft": "the time to the first token",
}
DURATIONS = ("duration", "ttft")
MOMENTS = {"after": "its last activity is not before", "before": "its last activity is before"}
# Values that are suggested, and what they mean.
EXAMPLES = {
    "status": {
        "ok": "no request failed",
        "error": "a request failed",
        "running": "a request has no end yet",
        "unfinished": "a request began long ago, and no end is known",
    },
    "has": {
        "error": "a request that failed",
        "tool": "a call of a tool",
        "image": "an image",
        "audio": "a recording",
        "file": "a file",
        "reasoning": "reasoning of the model",
        "branch": "a request that others continue",
        "retry": "a failed request again",
        "cut": "an answer that ended at a limit",
        "steps": "agents, tools or other spans",
        "failed_tool": "a result of a tool that failed or looks failed",
    },
    "in": {
        "user": "what users said",
        "assistant": "what models answered",
        "system": "system prompts",
        "tool": "results of tools",
        "error": "messages of errors",
    },
    "cost": {">0.05": "more than 5 cents", "<0.001": "less than a tenth of a cent", "0.1..1": "10 cents to a dollar"},
    "tokens": {">10k": "more than 10,000", "<500": "less than 500", "1k..10k": "1,000 to 10,000"},
    "duration": {">5s": "more than 5 seconds", "<200ms": "less than 200 ms", "1m..5m": "1 to 5 minutes"},
    "requests": {">10": "more than 10", "1": "exactly one", "2..5": "2 to 5"},
    "ttft": {">1s": "more than a second", "<200ms": "less than 200 ms"},
    "after": {"-1h": "in the last hour", "-24h": "in the last 24 hours", "-7d": "in the last 7 days"},
    "before": {"-1h": "more than an hour ago", "-24h": "more than a day ago", "-7d": "more than 7 days ago"},
}
SYNONYMS = {"status": {"success": "ok", "failed": "error"}}

KEYS = {**TEXTS, f"{METADATA}.": "a value of the metadata, by its path", **CHOICE_WORDS, **RANGES, **MOMENTS}
# How long each unit of a duration is, in seconds.
UNITS = {"ms": "0.001", "s": "1", "m": "60", "h": "3600", "d": "86400", "w": "604800"}


def as_key(written: str) -> str:
    """A key without the capitals that somebody wrote; but a path in the metadata has its own."""
    name, dot, path = written.partition(".")
    return f"{name.lower()}{dot}{path}"


def is_key(name: str) -> bool:
    """Whether a name may stand before a colon."""
    return name in KEYS or (name.startswith(f"{METADATA}.") and len(name) > len(METADATA) + 1)
