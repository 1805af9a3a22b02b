"""The page on alerts says what is sent, when, and how to tell that it is ours."""

import base64
import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from catalog import config, health
from catalog.alerts import channels, samples
from catalog.alerts.channels import webhook
from catalog.alerts.payload import Entry, Payload
from catalog.events import AlertEvent, Rule
from catalog.monitor.metrics import METRICS
from catalog.settings import AlertSettings
from catalog.store.outbox import queue
from catalog.wiring import after_run
from docs.generate import alerts
from tests.alerts import messages

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to" / "alerts.md").read_text("utf-8")
METRICS_PAGE = (DOCS / "reference" / "metrics.md").read_text("utf-8")
NOW = datetime.now(UTC)
SECRETS = ("whsec_" + base64.b64encode(b"a secret").decode(), "a secret as it stands")

Check = Callable[[dict[str, str], bytes, str], bool]


@pytest.fixture(scope="module")
def is_genuine() -> Check:
    shown: dict[str, Any] = {}
    [program] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    exec(program, shown)
    check: Check = shown["is_genuine"]
    return check


def sent(secret: str, age: timedelta = timedelta(0)) -> tuple[dict[str, str], bytes]:
    """Give what a webhook posted so long ago."""
    told = messages.message(sent_at=datetime.now(UTC) - age)
    key = webhook.open_("https://example.org/hook", secret=secret).secret
    return dict(webhook.headers(told, key)), told.payload.encode()


@pytest.mark.parametrize("secret", SECRETS)
def test_the_shown_program_takes_what_we_sign(is_genuine: Check, secret: str) -> None:
    assert is_genuine(*sent(secret), secret)


@pytest.mark.parametrize("secret", SECRETS)
def test_the_shown_program_refuses_what_somebody_else_signed_touched_or_kept(is_genuine: Check, secret: str) -> None:
    headers, body = sent(secret)
    assert not is_genuine(headers, body, "whsec_b3RoZXI=")
    assert not is_genuine(headers, body + b" ", secret)
    assert not is_genuine({**headers, "webhook-id": "msg_2"}, body, secret)
    assert not is_genuine(*sent(secret, timedelta(minutes=6)), secret)


def test_every_header_is_explained() -> None:
    headers, _ = sent(SECRETS[0])
    assert {name for name in headers if name.startswith("webhook-") and f"\n| `{name}` |" not in PAGE} == set()


@pytest.mark.parametrize("event", AlertEvent)
def test_an_event_is_told_by_a_message_of_the_type_that_the_page_names(event: AlertEvent) -> None:
    told = samples.of(Rule(channel="team", events=(event,)), NOW, "x")
    kind, _ = alerts.EVENTS[event]
    assert {message.type for message in told} <= {kind}
    assert f"`{kind}` |" in PAGE


def test_every_field_of_a_message_is_explained() -> None:
    shown = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    fields = {name for text in shown for name in json.loads(text)}
    fields -= {"model_id", "display_name", "retires_at", "milestone"}  # of `retiring`, and named after what they hold
    assert {name for name in fields if f"`{name}`" not in PAGE} == set()
    told = samples.of(Rule(channel="team", events=tuple(AlertEvent)), NOW, "x")
    known = {name for text in shown for name in json.loads(text)} | {"reason", "hint"}
    assert {name for message in told for name in json.loads(message.payload)} <= known


def test_every_message_has_the_fields_of_its_type_and_the_page_knows_all_of_them() -> None:
    types = {name: each for each in get_args(Payload) for name in get_args(get_type_hints(each)["type"])}
    told = samples.of(Rule(channel="team", events=tuple(AlertEvent)), NOW, "x")
    assert {message.type for message in told} <= types.keys() == {kind for kind, _ in alerts.EVENTS.values()}
    for message in told:
        fields, usual = json.loads(message.payload), types[message.type]
        assert usual.__required_keys__ <= fields.keys() <= usual.__required_keys__ | usual.__optional_keys__
        assert {name for each in fields["changes"] for name in each} <= Entry.__annotations__.keys()
    known = {name for each in types.values() for name in get_type_hints(each)} | Entry.__annotations__.keys()
    assert {name for name in known if f"`{name}`" not in PAGE and f'"{name}": ' not in PAGE} == set()


def test_each_change_of_a_sample_carries_what_was_known_after_the_run() -> None:
    told = samples.of(Rule(channel="team", events=tuple(AlertEvent)), NOW, "x")
    [changes] = [json.loads(each.payload)["changes"] for each in told if each.type == "catalog.changes"]
    after: dict[str, dict[str, object]] = {}
    for each in changes:
        after.setdefault(each["model_id"], {}).update({each["field"]: each["new_value"]} if each["field"] else {})
    assert after["sample-deprecated"].keys() == {"lifecycle", "max_tokens", "retires_at"}
    for each in changes:
        known = after[each["model_id"]]
        assert {name: each[name] for name in known} == known


def test_the_usual_events_are_the_ones_of_a_channel_that_names_none() -> None:
    usual = AlertSettings(name="team").events
    sentence = PAGE.partition("Without `events` a channel hears")[2].partition(". ")[0]
    assert re.findall(r"`([^`]+)`", sentence) == [*usual]


def test_the_times_that_the_pages_name_are_those_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_text(
        '[[alerts]]\nname = "a"\ncommand = ["true"]\n[monitor]\nmetrics_file = "m.prom"\n'
    )
    settings = config.load(tmp_path / "catalog.toml", environ={})
    database: Any = None  # nothing is done yet
    chores = {chore.name: chore.every for chore in after_run.chores(settings, database, stop=threading.Event())}
    five = timedelta(seconds=5)
    assert chores == {"alerts": five, "alerts to a": five, "metrics": timedelta(seconds=15)}
    assert [span.total_seconds() for span in (queue.LEASE, queue.GIVE_UP_AFTER)] == [60, 7 * 86_400]
    assert [channels.TIMEOUT, health.LATE.total_seconds()] == [30, 3600]
    for words in (
        "every five seconds",
        "after 60 seconds",
        "After seven days",
        "within 30 seconds",
        "more than an hour",
    ):
        assert words in " ".join(PAGE.split()), words
    assert "every 15 seconds" in METRICS_PAGE


def test_every_metric_that_the_page_names_exists() -> None:
    assert set(re.findall(r"\bcatalog_\w+", METRICS_PAGE)) == set(METRICS)
