"""What pages use to dismiss findings."""

from sessions_app.storage.dismissals import Named, dismiss, dismissed, restore

__all__ = ["Named", "dismiss", "dismissed", "restore"]
