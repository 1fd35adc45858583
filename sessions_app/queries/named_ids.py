"""The sessions that an id or a name leads to."""

from __future__ import annotations

import contextlib
import re
import uuid
from typing import Any

from django.db import connection

from sessions_app import ids
from sessions_app.models import Link, Project, RequestKey
from sessions_app.structure.grouping_rules import LinkRole

MAX_IDS = 100


# Arrays of sub-selects, so that sessions are read by their ids. It is written out because Django took several times as
# long to write it as PostgreSQL to answer.
_SESSIONS = """
SELECT s.id FROM session AS s WHERE s.project_id = %(project)s AND (
    s.id = ANY(%(own)s::uuid[])
    OR s.id = ANY(ARRAY(SELECT k.session_id FROM request_key AS k WHERE k.id = %(key)s))
    OR s.id = ANY(ARRAY(SELECT k.session_id FROM request_key AS k WHERE k.id IN (
        SELECT l.key_id FROM link AS l WHERE l.token = %(alias)s AND l.role <= %(trace)s LIMIT %(most)s)))
    OR s.id = ANY(ARRAY(SELECT k.session_id FROM request_key AS k WHERE k.id IN (
        SELECT m.key_id FROM moved_id AS m WHERE m.id = ANY(%(own)s::uuid[])
            AND NOT EXISTS (SELECT FROM session AS live WHERE live.id = m.id))))
    {by_name}
) LIMIT %(most)s
"""
_BY_NAME = """
    OR s.id = ANY(ARRAY(SELECT n.session_id FROM session_name AS n
        WHERE n.project_id = %(project)s AND upper(n.name) LIKE upper(%(part)s) LIMIT %(most)s))
    OR s.id = ANY(ARRAY(SELECT o.id FROM session AS o
        WHERE o.project_id = %(project)s AND lower(o.source_name) = %(whole)s AND o.source_name <> '' LIMIT %(most)s))
"""
_WILD = re.compile(r"[\\%_]")


def sessions_named(project: Project, text: str, by_name: bool = False) -> list[uuid.UUID]:
    """The sessions that an id leads to: a session's id or key, a trace id, or the id of a request, call or response;
    and if `by_name` those whose name, given by a person, has this text, or whose source gave them this name.

    The id or key of a merged session leads to the session that it was merged into.
    """
    own = [ids.session_id(project.key, text)]
    with contextlib.suppress(ValueError):
        own.append(uuid.UUID(text))
    params: dict[str, Any] = {
        "project": project.pk,
        "own": own,
        "key": ids.request_key(project.key, text),
        "alias": ids.alias_key(project.key, text),
        "trace": int(LinkRole.TRACE),
        "part": f"%{_WILD.sub(lambda sign: chr(92) + sign[0], text)}%",
        "whole": text.lower(),
        "most": MAX_IDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS.format(by_name=_BY_NAME if by_name else ""), params)
        return [row[0] for row in cursor.fetchall()]


def requests_named(project: Project, text: str) -> list[uuid.UUID]:
    """The requests that an id leads to: our id, or that of a request, call or response. Ids of moved ones included."""
    key, alias = ids.request_key(project.key, text), ids.alias_key(project.key, text)
    aliased = Link.objects.filter(token=alias, role__lt=LinkRole.TRACE).values_list("key_id", flat=True)[:MAX_IDS]
    found = set(RequestKey.objects.filter(id__in=[key, *aliased]).values_list("request_log_id", flat=True))
    with contextlib.suppress(ValueError):
        found.add(uuid.UUID(text))
    return sorted(found)
