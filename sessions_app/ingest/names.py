"""What pages and API use to name sessions."""

from sessions_app.storage.names import NAME_CHARS, clean_name, give, given_to

__all__ = ["NAME_CHARS", "clean_name", "give", "given_to"]
