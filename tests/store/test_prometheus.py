"""The rules for Prometheus ask what can be answered: each metric they name is one that the program prints."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from catalog.monitor import metrics
from tests.store.world import World
from tests.subscribing import team

RULES = Path(__file__).parents[2] / "deploy/prometheus/catalog.rules.yaml"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]
]


@pytest.fixture
def families(world: World) -> dict[str, set[str]]:
    """What the program prints: the labels of each metric, by the name of its samples."""
    for ids in (("a",), ("a", "b")):
        world.lists(*ids, retires_at="2099-01-01T00:00:00Z")
        world.sync(subscriptions=team("added"))
    page = metrics.page(world.database, channels=["team"], watched=["a"]).decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_metric_and_label_of_a_rule_is_one_that_the_program_prints(families: dict[str, set[str]]) -> None:
    for rule in ALERTS:
        [name] = set(re.findall(r"catalog_\w+", rule["expr"]))
        assert name in families, rule["alert"]
        labels = {*re.findall(r"(\w+)=", rule["expr"]), *re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))}
        assert labels <= families[name], rule["alert"]


def test_every_rule_is_whole() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) >= 8
    for rule in ALERTS:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["annotations"].keys() == {"summary", "description"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
        assert rule["expr"].count("(") == rule["expr"].count(")")
        for command in re.findall(r"`catalog ([a-z ]+)", rule["annotations"]["description"]):
            assert command.split()[0] in {"status", "runs", "check", "alerts", "watch", "changes"}
