"""The sessions that an id or a name leads to."""

from __future__ import annotations

import contextlib
import uuid
from functools import reduce
from operator import or_

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, Q
from django.db.models.functions import Lower

from sessions_app import ids
from sessions_app.models import Link, Project, RequestKey, Session, SessionName
from sessions_app.queries import moved
from sessions_app.structure.grouping_rules import LinkRole

MAX_IDS = 100


def sessions_named(project: Project, text: str, by_name: bool = False) -> list[uuid.UUID]:
    """The sessions that an id leads to, or that are called so if `by_name`; one statement."""
    wanted = named_by(project, text) | called(project, text) if by_name else named_by(project, text)
    found = Session.objects.filter(wanted, project_id=project.pk)
    return list(found.values_list("id", flat=True)[:MAX_IDS])


def called(project: Project, text: str) -> Q:
    """The sessions whose name, given by a person, has this text, or whose source gave them this name."""
    given = SessionName.objects.filter(project_id=project.pk, name__icontains=text).values("session_id")[:MAX_IDS]
    whole = Session.objects.alias(lowered=Lower("source_name")).filter(project_id=project.pk, lowered=text.lower())
    of_source = whole.exclude(source_name="").values("id")[:MAX_IDS]
    return Q(IsOneOf(F("id"), ArraySubquery(given))) | Q(IsOneOf(F("id"), ArraySubquery(of_source)))


class IsOneOf(Func):
    """`a = ANY(b)` for an array `b` from a sub-select. Unlike `IN`, it can use an index."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def named_by(project: Project, text: str) -> Q:
    """The sessions that an id leads to: a session's id or key, a trace id, or the id of a request, call or response.

    The id or key of a merged session leads to the session that it was merged into.
    """
    own = [ids.session_id(project.key, text)]
    with contextlib.suppress(ValueError):
        own.append(uuid.UUID(text))
    key, alias = ids.request_key(project.key, text), ids.alias_key(project.key, text)
    of_keys = RequestKey.objects.filter(id=key).values("session_id")
    named = Link.objects.filter(token=alias, role__lte=LinkRole.TRACE).values("key_id")[:MAX_IDS]
    of_aliases = RequestKey.objects.filter(id__in=named).values("session_id")
    elsewhere = (of_keys, of_aliases, moved.sessions_after(own))
    return reduce(or_, (Q(IsOneOf(F("id"), ArraySubquery(sessions))) for sessions in elsewhere), Q(id__in=own))


def requests_named(project: Project, text: str) -> list[uuid.UUID]:
    """The requests that an id leads to: our id, or that of a request, call or response. Ids of moved ones included."""
    key, alias = ids.request_key(project.key, text), ids.alias_key(project.key, text)
    aliased = Link.objects.filter(token=alias, role__lt=LinkRole.TRACE).values_list("key_id", flat=True)[:MAX_IDS]
    found = set(RequestKey.objects.filter(id__in=[key, *aliased]).values_list("request_log_id", flat=True))
    with contextlib.suppress(ValueError):
        found.add(uuid.UUID(text))
    return sorted(found)
