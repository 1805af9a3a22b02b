"""Samples: a channel gets at least one, whatever it asks for."""

from datetime import UTC, datetime

import pytest

from catalog.alerts import samples
from catalog.events import AlertEvent, Rule, parse_events

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
FIELDS = ("lifecycle", "max_*", "line", "capabilities.*", "[a]", "zzz")
OF_CHANGES = ["added", "returned", "removed", "changed", "lowered", *(f"changed:{field}" for field in FIELDS)]


@pytest.mark.parametrize("event", list(dict.fromkeys([*AlertEvent, *OF_CHANGES])))
def test_each_event_that_a_channel_may_ask_for_alone_has_a_sample(event: str) -> None:
    """Of a field that no sample has there was none: `alerts test` said nothing of use, and `check --send` failed."""
    events, fields = parse_events((event,))
    told = samples.of(Rule(channel="team", events=events, changed_fields=fields), NOW, "mark")
    assert [message.type for message in told] == [f"catalog.{'changes' if event in OF_CHANGES else event}"]


def test_a_channel_that_asks_for_a_field_of_the_sample_gets_that_alone() -> None:
    events, fields = parse_events(("changed:lifecycle",))
    [message] = samples.of(Rule(channel="team", events=events, changed_fields=fields), NOW, "mark")
    assert message.payload.count('"field":') == message.payload.count('"field":"lifecycle"') == 1
