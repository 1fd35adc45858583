"""How far the search index of stored requests has been filled."""

from __future__ import annotations

from django.db import models


class SearchBacklog(models.Model):
    """A project of which not all is searched: `manage.py reindex_search` has work to do. No row: all is searched.

    Sessions come in the order of their last activity, newest first. The place up to which they are done is (`before`,
    `session_id`). After the first pass (`passes`) all are looked at again until a pass finds nothing to do, because
    sessions change meanwhile.
    """

    project_id = models.BigIntegerField(primary_key=True)
    before = models.DateTimeField()
    session_id = models.UUIDField()
    passes = models.IntegerField(default=0, db_default=0)
    # How many requests this pass has indexed.
    found = models.BigIntegerField(default=0, db_default=0)
    # Whether this pass indexes what is indexed already, too.
    rebuilds = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "search_backlog"
