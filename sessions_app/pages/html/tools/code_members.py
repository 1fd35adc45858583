"""Which arguments of a call are code, and in which language: by their names, the tool's name, and what says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions_app.pages.html.syntax import is_inked, language_named
from sessions_app.pages.html.tools.reading import is_text, words_of

# Members that hold code, of a language that something else tells; and those whose names tell it.
_CODE = ("code", "source", "source_code", "script", "snippet")
_NAMED = {
    **dict.fromkeys(("sql", "sql_query", "sqlQuery"), "SQL"),
    **dict.fromkeys(("python_code", "pythonCode"), "Python"),
    **dict.fromkeys(("javascript_code", "js_code", "jsCode"), "JavaScript"),
}
_LANGUAGES = ("language", "lang", "languageId")
# Words in the names of tools.
_OF_TOOLS = {
    **dict.fromkeys(("python", "ipython", "jupyter"), "Python"),
    **dict.fromkeys(("javascript", "js", "node"), "JavaScript"),
    "typescript": "TypeScript",
}
_DATABASES = frozenset(
    ("sql", "postgres", "postgresql", "mysql", "sqlite", "duckdb", "bigquery", "snowflake", "clickhouse")
)
_QUERIES = ("query", "statement")


def code_members(name: str, value: Any) -> Mapping[str, str]:
    """By the names of arguments that are code, their languages. `name`: of the tool; `value`: its arguments, read."""
    if not isinstance(value, dict):
        return {}
    words = words_of(name)
    told = next((value[member] for member in _LANGUAGES if is_text(value.get(member))), None)
    of_tool = next((language for word, language in _OF_TOOLS.items() if word in words), "")
    language = language_named(told) if told is not None else of_tool
    found = {member: language for member in _CODE if is_inked(language)} | _NAMED
    if words & _DATABASES:
        found |= dict.fromkeys(_QUERIES, "SQL")
    return {member: language for member, language in found.items() if is_text(value.get(member))}
