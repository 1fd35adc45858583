"""Tables and constraints, no behaviour. `docs/architecture.md` says why the hot tables are shaped as they are."""

from sessions_app.models.bulk import BulkAction
from sessions_app.models.grouping import (
    Assignment,
    ContradictingCopy,
    Correction,
    Link,
    MovedId,
    RequestKey,
    Reroute,
    TraceSpan,
)
from sessions_app.models.inbox import DigestNote, DigestSuspect, InboxEntry, InboxUsage, RejectedLog
from sessions_app.models.projects import ApiKey, ModelPrice, Project, SignInToken, Throttle
from sessions_app.models.search import SearchBacklog
from sessions_app.models.sessions import Part, RequestLog, RequestSearch, Session, Sharded
from sessions_app.models.views import DismissedFinding, SavedView, SessionName, SessionTag

__all__ = [
    "ApiKey",
    "Assignment",
    "BulkAction",
    "ContradictingCopy",
    "Correction",
    "DigestNote",
    "DigestSuspect",
    "DismissedFinding",
    "InboxEntry",
    "InboxUsage",
    "Link",
    "ModelPrice",
    "MovedId",
    "Part",
    "Project",
    "RejectedLog",
    "RequestKey",
    "RequestLog",
    "RequestSearch",
    "Reroute",
    "SavedView",
    "SearchBacklog",
    "Session",
    "SessionName",
    "SessionTag",
    "Sharded",
    "SignInToken",
    "Throttle",
    "TraceSpan",
]
