"""Why a server turned us away is told truly, whatever language it speaks: the driver keeps its words alone."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.errors import DatabaseError
from catalog.store.engine import database as databases
from catalog.store.schema import upgrade
from tests import postgres

pytestmark = pytest.mark.promise("P10")

VERSION = 15
# A language, the locale that makes a server speak it, and where its words would be.
LANGUAGES = {"de": "de_DE.UTF-8", "fr": "fr_FR.UTF-8", "ru": "ru_RU.UTF-8", "ja": "ja_JP.UTF-8"}
WORDS = "/usr/share/locale/{0}/LC_MESSAGES/postgres-{1}.mo"
SECRET = "hunter2-secret"


def speaks(language: str) -> bool:
    """Tell whether a server here can speak a language: it needs the words and the locale."""
    locales = subprocess.run(["locale", "-a"], check=False, capture_output=True, text=True).stdout.lower().split()
    there = LANGUAGES[language].lower().replace("utf-8", "utf8") in locales
    return there and Path(WORDS.format(language, VERSION)).exists()


@pytest.fixture(scope="module", params=LANGUAGES)
def foreign(request: pytest.FixtureRequest) -> Iterator[postgres.Server]:
    """A server that speaks another language, and asks one role for a password."""
    binaries = postgres.find_system(VERSION)
    if binaries is None or not speaks(request.param):
        pytest.skip(f"no Postgres {VERSION} here that speaks {request.param}: its words or the locale are missing")
    with postgres.running({**postgres.SETTINGS, "lc_messages": LANGUAGES[request.param]}, binaries=binaries) as server:
        rules = Path(str(server.url.query["host"]), "data", "pg_hba.conf")
        rules.write_text(f"local all locked scram-sha-256\nlocal all shut reject\n{rules.read_text()}")
        server.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
        server.execute("CREATE ROLE shut LOGIN")
        server.execute("CREATE ROLE lesser LOGIN")
        server.execute("CREATE DATABASE closed ALLOW_CONNECTIONS false")
        server.execute("CREATE DATABASE private")
        server.execute("REVOKE CONNECT ON DATABASE private FROM public")
        server.execute("SELECT pg_reload_conf()")
        yield server


# What is wrong, the part of the URL that is, and what is said.
REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "database": ({"database": "nowhere"}, "is not there"),
    "role": ({"username": "stranger"}, "refused the user: there is no such user"),
    "password": ({"username": "locked", "password": SECRET}, "refused the password"),
    "no password": ({"username": "locked"}, "refused the password"),
    "rules": ({"username": "shut"}, "refused the user: there is no such user, or pg_hba.conf keeps it out"),
    "right": ({"username": "lesser", "database": "private"}, "denied a right"),
    "closed": ({"database": "closed"}, "takes no connections"),
    "misleading name": ({"database": "Connection refused"}, "is not there"),
}


@pytest.mark.parametrize("wrong", REFUSALS)
def test_a_refusal_is_told_truly_in_whatever_language_it_came(foreign: postgres.Server, wrong: str) -> None:
    """In English each was told as what it is, and in German all of them sent people to the options of the URL."""
    parts, words = REFUSALS[wrong]
    opened = databases.open_(foreign.url.set(**parts).render_as_string(hide_password=False))
    with pytest.raises(DatabaseError) as caught:
        upgrade.ensure(opened)
    opened.close()
    assert words in caught.value.message
    assert SECRET not in f"{caught.value} {caught.value.hint}"
    assert "follows the ?" not in caught.value.hint


def test_a_server_of_another_language_that_is_not_there_is_told_as_that(foreign: postgres.Server) -> None:
    elsewhere = sa.make_url("postgresql://catalog@/postgres?host=/nowhere")
    opened = databases.open_(elsewhere.render_as_string(hide_password=False))
    with pytest.raises(DatabaseError, match="no socket there"):
        upgrade.ensure(opened)
    opened.close()
