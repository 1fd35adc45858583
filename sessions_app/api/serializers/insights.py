"""What rules say of a session and of its requests: findings, the prompt cache, what filled the context, the time."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from sessions_app.api.serializers.base import CostField, KnownText, Resource, count, texts, tokens
from sessions_app.content.composition import CLASSES
from sessions_app.structure import cache_verdicts
from sessions_app.structure.findings.rules import RULES
from sessions_app.structure.time_split import KINDS

FINDINGS = [rule.RULE for rule in RULES]
VERDICTS = [cache_verdicts.HIT, cache_verdicts.PARTLY, cache_verdicts.MISS]
CAUSES = "Why it was no hit: " + ", ".join(cache_verdicts.CAUSES) + ". Several may have changed at once."
NUMBERS = "The numbers of requests in the session, from 1."


def causes() -> serializers.ListField:
    return serializers.ListField(child=serializers.ChoiceField(list(cache_verdicts.CAUSES)), help_text=CAUSES)


def number(help_text: str, **options: Any) -> serializers.FloatField:
    """A number from 0 that may have a fraction."""
    return serializers.FloatField(min_value=0, help_text=help_text, **options)


def milliseconds(help_text: str, **options: Any) -> serializers.FloatField:
    return number(f"{help_text}, in milliseconds.", **options)


# --- of a request -----------------------------------------------------------------------------------------------------


class ContextClassSerializer(Resource):
    """A class of what a prompt consists of."""

    class_ = serializers.ChoiceField(list(CLASSES))
    chars = count("Its characters. Of media there are none.", allow_null=True)
    count_ = count("How many images, recordings and files; null for texts.", allow_null=True)
    tokens_ = tokens(help_text="Its part of the reported input tokens; null where that is not known.")


class ContextSerializer(Resource):
    """What filled the context of a request."""

    classes = ContextClassSerializer(many=True, help_text="Those that the prompt has.")
    unknown_tokens = tokens(help_text="What was reported, and is not in the log.")
    scaled = serializers.BooleanField(
        allow_null=True,
        help_text="True: the reported tokens are shared out by characters. False: the log does not hold everything, "
        "and texts are taken at 4 characters a token. Null: no input tokens were reported.",
    )


class VerdictSerializer(Resource):
    """What the prompt cache did for a request."""

    verdict = serializers.ChoiceField(
        VERDICTS,
        help_text="A `miss` that is not `lost` had no chance to hit: the session counts it under `could_not_hit`.",
    )
    base = serializers.IntegerField(min_value=1, help_text="The number of the request that it continues.")
    repeated_tokens = count("The tokens that it repeats of that one.")
    cached_tokens = count("Those of them that were read from the cache.")
    lost = serializers.BooleanField(help_text="Whether it is a loss: a cache could have been read.")
    at_most = serializers.BooleanField(help_text="The history came back changed: fewer tokens may be repeated.")
    causes_ = causes()
    idle_ms = milliseconds("How long the conversation had rested", allow_null=True)
    documented_at = KnownText(help_text="The page of the provider's documentation that the cause rests on.")


class ShownFindingSerializer(Resource):
    """A finding that a request shows."""

    rule = serializers.ChoiceField(FINDINGS)
    key = serializers.CharField(help_text="With `rule` it names the finding in its session.")
    dismissed = serializers.BooleanField()


class RequestTimeSerializer(Resource):
    """How long a request took."""

    duration_ms = milliseconds("From its start to its end", allow_null=True)
    first_token_ms = milliseconds("To the first token", allow_null=True)
    tokens_per_second = number("Output tokens a second, of the whole time.", allow_null=True)
    usual_tokens_per_second = number(
        "If it was slower than usual: what is usual in this session for its model and an answer of its length. "
        "Otherwise null.",
        allow_null=True,
    )


class RequestInsightsSerializer(Resource):
    """What rules say of a request."""

    number_ = serializers.IntegerField(min_value=1, help_text="Its number in the session.")
    context_ = ContextSerializer(
        allow_null=True, help_text="Null: it was stored before this was noted, or has no prompt."
    )
    prompt_cache = VerdictSerializer(allow_null=True, help_text="Null where nothing can be said.")
    findings = ShownFindingSerializer(many=True)
    time = RequestTimeSerializer()


# --- of a session -----------------------------------------------------------------------------------------------------


class FindingSerializer(Resource):
    """Something in a session that is worth a look: a hint and no verdict. docs/findings.md has the rules."""

    rule = serializers.ChoiceField(FINDINGS)
    key = serializers.CharField(help_text="With `rule` it names the finding in its session.")
    requests = serializers.ListField(
        child=serializers.IntegerField(min_value=1), help_text=f"{NUMBERS} The first ones that show it."
    )
    more_requests = count("How many more show it.")
    count_ = count("How many calls, failures, answers or results: docs/findings.md says which.")
    size = count("A size, of rules that have one: tokens, characters, an HTTP status, how many in a row.")
    tools = texts("The names of its tools, as far as they are known.")
    cost = CostField("What its requests cost, without the first of a repetition: US dollars, a decimal.")
    cost_share = number("The same as a part of the session's cost, 0 to 1.", allow_null=True)
    dismissed_by = KnownText(help_text="Who dismissed it; null if it was not dismissed.")


class CacheCauseSerializer(Resource):
    """Misses of one cause."""

    causes_ = causes()
    lost = serializers.BooleanField(help_text="Whether they are losses: a cache could have been read.")
    at_most = serializers.BooleanField(help_text="Fewer tokens may have been repeated.")
    requests = serializers.ListField(
        child=serializers.IntegerField(min_value=1), help_text=f"{NUMBERS} The first ones."
    )
    more_requests = count("How many more.")
    tokens_ = count("The tokens that were repeated and not cached.")
    cost = CostField("What that cost more than from the cache; null if no price is known.")


class CacheSerializer(Resource):
    """What the prompt cache did in a session."""

    hits = count()
    partly = count()
    misses = count()
    could_not_hit = count("Their models cache nothing, or they were too short.")
    lost_tokens = count("Tokens that were repeated and not cached, of `partly` and `misses`.")
    lost_cost = CostField("What these cost more than from the cache; null if no price is known.")
    unpriced = count("Of how many losses the price is not known: they are not in `lost_cost`.")
    by_cause = CacheCauseSerializer(many=True)


class TimePartSerializer(Resource):
    """A part of the time: docs/session-page.md says what each is."""

    kind = serializers.ChoiceField(list(KINDS))
    ms = milliseconds("How long")
    share = number("Its part of all, 0 to 1.")


class SessionTimeSerializer(Resource):
    """Where the time went, from the first start to the last end."""

    since = serializers.IntegerField(min_value=1, help_text="The number of the first request that counts.")
    until = serializers.IntegerField(min_value=1, help_text="That of the last one.")
    wall_ms = milliseconds("All of it")
    parts = TimePartSerializer(many=True)
    first_token_ms = milliseconds("The median time to the first token", allow_null=True)
    tokens_per_second = number("The median of output tokens a second.", allow_null=True)
    unknown_requests = count("How many requests do not say how long they took.")
    slow_requests = serializers.ListField(
        child=serializers.IntegerField(min_value=1), help_text=f"{NUMBERS} Those that were slower than usual."
    )


class SessionInsightsSerializer(Resource):
    """What rules say of a session: the same that its page shows."""

    session_id = serializers.UUIDField()
    request_count = count()
    looked_at = count("How many of its requests were looked at: the first ones of a very long session.")
    findings = FindingSerializer(many=True, help_text="Dismissed ones come last.")
    more_findings = count("How many more there are.")
    prompt_cache = CacheSerializer(allow_null=True, help_text="Null if nothing can be said of any request.")
    time = SessionTimeSerializer(allow_null=True, help_text="Null if the requests say nothing of their times.")
