"""Subscriptions as tests make them; events are spelled as in a configuration."""

from collections.abc import Iterable
from typing import Any

from catalog.alerts import composer
from catalog.domain import ModelName
from catalog.events import AlertEvent, Rule, Subscriptions, parse_events

DAYS = (90, 60, 30, 14, 7, 1)
EVENTS = tuple(event.value for event in AlertEvent if event is not AlertEvent.BASELINE)


def rule(*events: str, channel: str = "team", **settings: Any) -> Rule:
    """A rule for these events; for all but baselines, if none are named."""
    asked, changed_fields = parse_events(events or EVENTS)
    return Rule(channel=channel, events=asked, changed_fields=changed_fields, **settings)


class Composing:
    """The composer, for tests that override a part of it."""

    concerns = staticmethod(composer.concerns)
    digest = staticmethod(composer.digest)
    about_run = staticmethod(composer.about_run)
    retiring = staticmethod(composer.retiring)


def subscriptions(*rules: Rule, watched: Iterable[ModelName] | None = None, **settings: Any) -> Subscriptions:
    watchlist = None if watched is None else frozenset(watched)
    usual = {"rules": rules or (rule(),), "composer": composer, "milestones": DAYS, "watched": watchlist}
    return Subscriptions(**{**usual, **settings})


def team(*events: str, **settings: Any) -> Subscriptions:
    """The channel `team` alone, with these events and settings."""
    return subscriptions(rule(*events, **settings))
