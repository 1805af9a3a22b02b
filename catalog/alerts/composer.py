"""The composer of the outbox: what concerns a channel, and the messages about it."""

from catalog.alerts.milestones import retiring
from catalog.alerts.rules import about_run, concerns, digest

__all__ = ["about_run", "concerns", "digest", "retiring"]
