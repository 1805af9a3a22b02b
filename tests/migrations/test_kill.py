"""SIGKILL at any statement of a migration leaves nothing half-made, and the next program simply goes on."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.store import upgrade

pytestmark = pytest.mark.promise("P3")

ROOT = Path(__file__).parents[2]


def test_a_migration_killed_at_any_statement_leaves_nothing(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.migrations.killed", database_url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["statements"] > 60
    assert {(died, found) for _, died, found in told["died"]} == {(signal.SIGKILL, None)}
    assert told["then"] == upgrade.HEAD
