"""The spellings of database URLs: taken where they mean the same, else the right one is shown."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog import config
from catalog.errors import ConfigError, Exit
from catalog.store.engine import database as databases
from tests import postgres

pytestmark = pytest.mark.promise("P9")

SECRET = "w0uld-be-a-pity"


def read(url: str, directory: Path = Path("/nowhere")) -> str:
    return config.load(environ={"CATALOG_DATABASE_URL": url}, directory=directory).database.url


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(
            (f"postgresql+{driver}://me:{SECRET}@host:5433/db", f"postgresql://me:{SECRET}@host:5433/db")
            for driver in ("asyncpg", "psycopg2", "psycopg2cffi", "pg8000", "psycopg_async", "aiopg")
        ),
        ("POSTGRESQL://host/db", "postgresql://host/db"),
        ("Postgres+AsyncPG://host/db", "postgresql://host/db"),
        ("postgresql+asyncpg://host/db?ssl=require", "postgresql://host/db?sslmode=require"),
        ("postgresql://host/db?ssl=true&connect_timeout=5", "postgresql://host/db?sslmode=require&connect_timeout=5"),
        ("postgresql://?host=/run/postgresql", "postgresql://?host=/run/postgresql"),
        ("postgresql:///db?host=/run/postgresql", "postgresql:///db?host=/run/postgresql"),
        ("postgresql://%2Frun%2Fpostgresql/db", "postgresql:///db?host=/run/postgresql"),
        ("postgresql://me@%2Frun%2Fpostgresql:5433/db", "postgresql://me@/db?host=/run/postgresql&port=5433"),
        (f"postgresql://me:{SECRET}@one,two/db", f"postgresql://me:{SECRET}@/db?host=one,two"),
        ("postgresql://one:1,two:2/db?sslmode=require", "postgresql:///db?sslmode=require&host=one,two&port=1,2"),
        ("postgresql://one,two:2", "postgresql:///?host=one,two&port=5432,2"),
        ("postgresql://[::1]:1,[fd00::2]/db", "postgresql:///db?host=::1,fd00::2&port=1,5432"),
        ("host=host dbname=db user=me", "postgresql://me@host/db"),
        ("host = host port=5433  dbname='my db'", "postgresql://host:5433/my%20db"),
        (rf"dbname=db password='{SECRET} \'\\' user=me", f"postgresql://me:{SECRET}%20%27%5C@/db"),
        ("host=/run/postgresql dbname=db", "postgresql:///db?host=/run/postgresql"),
        ("host=one,two port=5433 sslmode=require", "postgresql:///?host=one,two&port=5433,5433&sslmode=require"),
        ("service=catalog", "postgresql:///?service=catalog"),
        ("sqlite+aiosqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("sqlite+pysqlite:///a.db", "sqlite:////nowhere/a.db"),
        ("SQLite:///a.db", "sqlite:////nowhere/a.db"),
    ],
)
def test_what_means_the_same_is_taken(written: str, meant: str) -> None:
    assert read(written) == meant
    databases.open_(read(written)).close()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (f"jdbc:postgresql://host/db?user=me&password={SECRET}", 'write "postgresql://USER:PASSWORD@HOST/DATABASE"'),
        ("jdbc:sqlite:a.db", 'write "sqlite:///PATH"'),
        *((f"{name}://me:{SECRET}@host/db", "must begin with postgresql://") for name in ("pg", "psql", "pgsql")),
        (f"postgresql+oracle://me:{SECRET}@host/db", "leave out + and what follows it"),
        ("sqlite+pysqlcipher:///a.db", "leave out + and what follows it"),
        (f"mysql+pymysql://me:{SECRET}@host/db", "no other database is supported"),
        ("catalog.db", "after sqlite:///"),
        ("/srv/catalog.db", "after sqlite:///"),
        ("file:catalog.db", "after sqlite:///"),
        ("sqlite+aiosqlite://a.db", "three slashes"),
        ("sqlite+aiosqlite:///a.db?cache=shared", "takes no options"),
        (f"postgresql://me:{SECRET}@one:a,two/db", "%40 %3A %2F %23"),
        (f"postgresql://me:{SECRET}@[::1,two/db", "%40 %3A %2F %23"),
        (f"postgresql://me:a@{SECRET}@one,two/db", "%40 %3A %2F %23"),
        (f"host=host password={SECRET} dbname", "host=HOST dbname=DATABASE"),
        (f"host=host password='{SECRET}", "host=HOST dbname=DATABASE"),
        (f"password={SECRET}", "host=HOST dbname=DATABASE"),
    ],
)
def test_anything_else_is_refused_and_the_right_spelling_is_shown(tmp_path: Path, written: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(written, tmp_path)
    assert caught.value.exit_code == Exit.USAGE
    assert words in caught.value.message
    assert "pity" not in f"{caught.value.message} {caught.value.hint}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "form",
    [
        "postgresql+asyncpg://{user}@/{db}?host={host}",
        "postgres+psycopg2://{user}@{coded}/{db}",
        "postgresql://?host={host}&dbname={db}&user={user}",
        "postgresql://{user}@{coded},{coded}/{db}",
        "host={host} dbname={db} user={user}",
        "host='{host}' dbname = '{db}' user={user} connect_timeout=5",
    ],
)
def test_each_spelling_leads_to_the_same_database(postgres_server: postgres.Server, form: str) -> None:
    with postgres_server.database() as url:
        parsed = sa.make_url(url)
        host = str(parsed.query.get("host") or parsed.host)
        coded = host.replace("/", "%2F")
        written = form.format(user=parsed.username, host=host, coded=coded, db=parsed.database)
        database = databases.open_(read(written))
        with database.connect() as connection:
            assert connection.execute(sa.text("SELECT current_database()")).scalar_one() == parsed.database
        assert "postgresql" in database.describe()
        database.close()
