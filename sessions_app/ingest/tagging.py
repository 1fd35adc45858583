"""What pages use to tag sessions."""

from sessions_app.storage.tags import MOST_TAGS, clean_tag, give, given_to, take

__all__ = ["MOST_TAGS", "clean_tag", "give", "given_to", "take"]
