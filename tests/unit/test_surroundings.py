"""The tests' own tools: they must be what they promise, or the tests prove nothing."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from tests import postgres


def test_each_test_gets_an_empty_database_of_its_own(database_url: str) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.execute(sa.text("CREATE TABLE only_here (n int)"))


def test_the_next_test_gets_an_empty_one_too(database_url: str) -> None:
    test_each_test_gets_an_empty_database_of_its_own(database_url)


def test_a_migrated_database_has_the_schema_and_no_sources(migrated_url: str) -> None:
    engine = sa.create_engine(migrated_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM sources")).scalar_one() == 0


def test_local_time_is_never_utc() -> None:
    assert datetime.now(UTC).astimezone().utcoffset() != datetime.now(UTC).utcoffset()


STARTER = """
from tests import postgres
with postgres.running() as server:
    print(server.url.query["host"], flush=True)
    input()
"""


def test_a_server_dies_with_the_process_that_started_it() -> None:
    environment = {name: value for name, value in os.environ.items() if name != postgres.VARIABLE}
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        server = int((folder / "data/postmaster.pid").read_text().splitlines()[0])
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _is_alive(server) or folder.exists():
        assert time.monotonic() < deadline


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
