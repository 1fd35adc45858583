"""What every error looks like: `{"error": {"type", "message", …}}`."""

from __future__ import annotations

from rest_framework import serializers

from sessions_app.api.serializers.base import Resource, count


class ErrorDetailSerializer(Resource):
    """What went wrong."""

    type = serializers.CharField(help_text="A short word for programs.")
    message = serializers.CharField(help_text="What is wrong and how to fix it.")
    field = serializers.CharField(required=False, help_text="The member or parameter that is wrong.")
    index = count("The position of the log in its body, from 0.", required=False)
    start = count("Of `q`: the first character that is wrong, from 0.", required=False)
    end = count("Of `q`: the character after those that are wrong.", required=False)
    possible = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Of `q`: what may stand there, as far as it is known."
    )
    docs = serializers.CharField(required=False, help_text="Where to read more.")


class ErrorSerializer(Resource):
    """Every answer other than a success."""

    error = ErrorDetailSerializer()
