"""Where words were found, and how far a search came."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.api.links import PageLinks
from sessions_app.api.serializers.base import URI, Described, KnownText, Resource
from sessions_app.queries.search.snippets import Snippet


class MatchSerializer(Resource):
    """A place where the words of the query were found."""

    # The context has `links`, and the `words` of the query.

    request_id = serializers.UUIDField(help_text="The `id` of the request.")
    role = KnownText(help_text="Who said it: user, assistant, system, tool; error for the text of an error.")
    text = serializers.SerializerMethodField(help_text="What was found, with some of the text around it.")
    found = serializers.SerializerMethodField(help_text="Where in `text` it is: first and last character and one more.")
    url = serializers.SerializerMethodField(help_text="The page of its session, open at this place, with marks.")

    def get_text(self, snippet: Snippet) -> str:
        return "".join(text for text, _ in snippet.pieces)

    @extend_schema_field({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}})
    def get_found(self, snippet: Snippet) -> list[list[int]]:
        spans, place = [], 0
        for text, is_found in snippet.pieces:
            if is_found:
                spans.append([place, place + len(text)])
            place += len(text)
        return spans

    @extend_schema_field(URI)
    def get_url(self, snippet: Snippet) -> str:
        links: PageLinks = self._context["links"]
        return links.place(snippet.session_id, self._context["words"], snippet.request_id, snippet.digest)


def searched_to() -> Described:
    """How far a search came that could not look through all in the time of one answer."""
    return Described(
        {"type": ["string", "number", "null"]},
        "Only in an answer that took too long to be complete: it searched up to this value of the order, a time (RFC "
        "3339), a cost (a decimal text), seconds or a number; null among those without one. `next` goes on from there.",
    )
