"""The session of a log that names a conversation of its provider."""

from __future__ import annotations

import re

from sessions_app.records import RULE_SESSION_ID, SessionClaim

# What a program calls `conversation` may be a text as well. Ids have a digit and no space.
_ID = re.compile(r"(?=.*\d)[\w.:/-]{4,}", re.ASCII)


def claim_of(given: SessionClaim, asked: tuple[str, str], answered: tuple[str, str]) -> SessionClaim:
    """The session that the caller chose, else the conversation that the request or the response names.

    The provider keeps the history of such a conversation, so requests of it share no messages.
    """
    if given.key and not given.weak:
        return given
    for body, (key, member) in (("request", asked), ("response", answered)):
        if key and (member != "conversation" or _ID.fullmatch(key)):
            return SessionClaim(key, RULE_SESSION_ID, f"{body}.{member}")
    return given
