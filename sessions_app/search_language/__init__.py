"""The language of the search box: what its words and filters mean, and how they are written.

`docs/search.md` has the grammar. `parse` reads a text, `Query` is what it says, and `str(query)` writes it again.
"""

from sessions_app.search_language.parser import MOST_CHARS, QueryError, parse
from sessions_app.search_language.query import Clause, Query, Range, Text, TimeBound, Values

__all__ = ["MOST_CHARS", "Clause", "Query", "QueryError", "Range", "Text", "TimeBound", "Values", "parse"]
